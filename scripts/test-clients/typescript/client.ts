// Calls the service through a client whose types openapi-typescript has made: client.ts URL LOGIN PASSWORD
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Problem = components["schemas"]["Problem"];
type User = components["schemas"]["User"];

const [baseUrl = "", login = "", password = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });

const anonymous = await client.GET("/users");
const refusal: Problem | undefined = anonymous.error;
assert.equal(anonymous.response.status, 401);
assert.equal(refusal?.code, "unauthenticated");

const signedIn = await client.POST("/sessions", { body: { login, password } });
assert.ok(signedIn.data, signedIn.error?.detail);
client.use({
  onRequest({ request }) {
    request.headers.set("authorization", `Bearer ${signedIn.data.access_token}`);
  },
});

const created = await client.POST("/users", {
  body: { username: "grace_ts", email: "grace.ts@example.com", full_name: "Grace Hopper" },
});
assert.ok(created.data, created.error?.detail);
const user: User = created.data;
assert.equal(created.response.headers.get("location"), `/users/${user.user_id}`);

const params = { path: { user_id: user.user_id } };
const read = await client.GET("/users/{user_id}", { params });
assert.deepEqual(read.data, user);

const changed = await client.PUT("/users/{user_id}", { params, body: { full_name: null } });
const name: string | null | undefined = changed.data?.full_name;
assert.equal(name, null);

const listed = await client.GET("/users", { params: { query: { username: "grace_ts" } } });
assert.deepEqual(listed.data?.users.map((one) => one.user_id), [user.user_id]);

const taken = await client.POST("/users", { body: { username: "grace_ts", email: "other@example.com" } });
assert.equal(taken.error?.code, "username_taken");
const invalid = await client.POST("/users", { body: { username: "x", email: "other@example.com" } });
assert.deepEqual(invalid.error?.errors?.map(({ field, code }) => [field, code]), [["username", "too_short"]]);

const removed = await client.DELETE("/users/{user_id}", { params });
assert.equal(removed.response.status, 204);
const missing = await client.GET("/users/{user_id}", { params });
assert.equal(missing.error?.code, "user_not_found");

const signedOut = await client.DELETE("/sessions/current");
assert.equal(signedOut.response.status, 204);
