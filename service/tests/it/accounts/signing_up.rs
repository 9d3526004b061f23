//! Adding users with a password, with the hash of one, or without; by permission or by open sign-up.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use users_service::config::{Access, Application};
use users_service::http::Peer;
use users_service::limits::Rate;

use crate::harness::accounts::{AccountsApp, PASSWORD, call, with_accounts_on_every_database};

with_accounts_on_every_database! {
    a_new_user_has_the_password_or_none,
    imported_hashes_let_in_and_are_replaced,
    an_imported_hash_needs_a_permission_of_its_own,
    what_is_no_hash_is_refused,
    a_password_that_the_policy_refuses_names_the_rule,
    a_taken_name_leaves_no_password_behind,
    sign_up_is_closed_unless_it_is_open,
    open_sign_up_requires_a_password,
    open_sign_up_is_limited_by_the_address,
}

/// The password of the hashes below.
const IMPORTED: &str = "correct horse battery staple";
/// Made by argon2-cffi, bcrypt, passlib and Django; where each is from, the tests of the hashes tell.
const HASHES: [&str; 9] = [
    "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
    "$argon2i$v=19$m=64,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$Mv9qSiLVjTK3Xn+4bXxMB9UyxmrbCAHn7xVenlS0Qn4",
    "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
    "$2a$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
    "$2y$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
    "$scrypt$ln=8,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$zsALpsN0ItlCA5wf30wttK9zWaFIhGiJbEtlz5xt1oU",
    "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplI",
    "$pbkdf2-sha512$1000$MDEyMzQ1Njc4OWFiY2RlZg$5bTW2oeyDJyGJPcmEr.mRDE11ghpozWrDGnSNhRXo2ZCu0KHRDiUMAVEGzLJC.oDhRoeIja9J1iLIv9ptDJMfQ",
    "pbkdf2_sha256$1000$seasalt2024$eVE/oZISoCAklNifJeMrN1B7sUBT3nJUh5EUbllcLD0=",
];

fn user(name: &str, more: &Value) -> Value {
    let mut user = json!({"username": name, "email": format!("{name}@example.com")});
    user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    user
}

fn open(application: &mut Application) {
    let Access::Tokens(tokens) = &mut application.access else { panic!("the tests are of ACCESS=tokens") };
    tokens.sign_up_is_open = true;
}

async fn a_new_user_has_the_password_or_none(app: AccountsApp) {
    let root = app.root().await;
    let before = app.hashes();
    let created = root.post("/users", user("ada", &json!({"password": PASSWORD}))).await;
    assert_eq!((created.status.as_u16(), app.hashes() - before), (201, 1));
    let mut members: Vec<String> = created.json().as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["created_at", "email", "full_name", "user_id", "username"]);
    let ada = app.sign_in("ada").await;
    assert_eq!(created.header("location"), ada.path(""));
    let created = root.post("/users", user("bob", &json!({}))).await;
    let account = root.get(&format!("{}/account", created.header("location"))).await.json();
    assert_eq!((&account["has_password"], &account["password_changed_at"]), (&json!(false), &Value::Null));
    assert_eq!((&account["status"], &account["roles"]), (&json!("active"), &json!([])));
    app.try_sign_in("bob", "").await.assert_problem(401, "invalid_credentials");
}

async fn imported_hashes_let_in_and_are_replaced(app: AccountsApp) {
    let root = app.root().await;
    for (number, hash) in HASHES.iter().enumerate() {
        let name = format!("user{number}");
        let created = root.post("/users", user(&name, &json!({"password_hash": hash}))).await;
        assert_eq!(created.status, 201, "{hash}: {}", created.text());
        let stored = async || {
            let sql = "select password_hash from accounts join users on users.user_id = accounts.user_id";
            app.database.values(&format!("{sql} where username = '{name}'")).await
        };
        app.try_sign_in(&name, PASSWORD).await.assert_problem(401, "invalid_credentials");
        assert_eq!(stored().await, [*hash], "a wrong password replaces nothing");
        assert_eq!(app.try_sign_in(&name, IMPORTED).await.status, 201, "{hash}");
        let replaced = stored().await;
        assert!(replaced[0].starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{replaced:?}");
        let before = app.hashes();
        assert_eq!(app.try_sign_in(&name, IMPORTED).await.status, 201, "{hash}");
        assert_eq!((app.hashes() - before, stored().await), (1, replaced));
    }
}

async fn an_imported_hash_needs_a_permission_of_its_own(app: AccountsApp) {
    let clerk = app.person("clerk", &["users:write"]).await;
    let refused = clerk.post("/users", user("ada", &json!({"password_hash": HASHES[0]}))).await;
    let problem = refused.assert_problem(403, "forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("accounts:write"), "{problem}");
    assert_eq!(clerk.post("/users", user("ada", &json!({"password": PASSWORD}))).await.status, 201);
    let importer = app.person("importer", &["users:write", "accounts:write"]).await;
    assert_eq!(importer.post("/users", user("bob", &json!({"password_hash": HASHES[0]}))).await.status, 201);
    let reader = app.person("reader", &["accounts:write"]).await;
    reader.post("/users", user("eve", &json!({}))).await.assert_problem(403, "forbidden");
}

async fn what_is_no_hash_is_refused(app: AccountsApp) {
    let root = app.root().await;
    for (hash, code) in [
        ("$6$saltsalt$output", "unknown_kind"),
        ("", "unknown_kind"),
        ("$argon2id$v=19$m=64", "malformed"),
        ("$2b$15$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG", "too_costly"),
    ] {
        let answer = root.post("/users", user("ada", &json!({"password_hash": hash}))).await;
        answer.assert_field_errors(&[("password_hash", code)]);
    }
    let both = json!({"password": PASSWORD, "password_hash": HASHES[0]});
    let answer = root.post("/users", user("ada", &both)).await;
    answer.assert_field_errors(&[("password_hash", "conflicting")]);
}

async fn a_password_that_the_policy_refuses_names_the_rule(app: AccountsApp) {
    let root = app.root().await;
    let before = app.hashes();
    for (password, rule) in [
        ("fourteen signs", "too_short"),
        (&*"\u{e4}".repeat(14), "too_short"),
        (&"ab".repeat(129), "too_long"),
        (&"x".repeat(20), "one_character"),
        ("john_doejohn_doe", "is_username"),
        ("JOHN_DOE@example.com", "is_email"),
        ("users-serviceusers-service", "is_service_name"),
        ("qwertyuiopasdfghjkl", "too_common"),
    ] {
        let answer = root.post("/users", user("john_doe", &json!({"password": password}))).await;
        answer.assert_field_errors(&[("password", rule)]);
    }
    assert_eq!(app.hashes(), before);
    let longest = "\u{1f9a2} ".repeat(128);
    for password in ["fifteen signs!!", &longest] {
        let name = format!("user{}", password.len());
        assert_eq!(root.post("/users", user(&name, &json!({"password": password}))).await.status, 201);
        assert_eq!(app.try_sign_in(&name, password).await.status, 201);
    }
}

async fn a_taken_name_leaves_no_password_behind(app: AccountsApp) {
    let root = app.root().await;
    let accounts = "select cast(count(*) as char) from accounts";
    let before = app.database.values(accounts).await;
    let taken = root.post("/users", user("ROOT", &json!({"password": PASSWORD}))).await;
    assert_eq!(taken.status, 409, "{}", taken.text());
    assert_eq!(app.database.values(accounts).await, before);
}

async fn sign_up_is_closed_unless_it_is_open(app: AccountsApp) {
    let ada = || Some(user("ada", &json!({"password": PASSWORD})));
    app.call(Method::POST, "/users", ada()).await.assert_problem(401, "unauthenticated");
    let bob = app.person("bob", &[]).await.access_token;
    let app = app.configured(open).await;
    let mut with_token = call(Method::POST, "/users", ada());
    with_token.headers_mut().insert("authorization", format!("Bearer {bob}").parse().unwrap());
    app.send(with_token).await.assert_problem(403, "forbidden");
    assert_eq!(app.call(Method::POST, "/users", ada()).await.status, 201);
    let ada = app.sign_in("ada").await;
    assert_eq!(ada.get("/users/me").await.json()["username"], "ada");
    ada.get("/users").await.assert_problem(403, "forbidden");
}

async fn open_sign_up_requires_a_password(app: AccountsApp) {
    let app = app.configured(open).await;
    let sign_up = |more: Value| app.call(Method::POST, "/users", Some(user("ada", &more)));
    sign_up(json!({})).await.assert_field_errors(&[("password", "missing")]);
    sign_up(json!({"password": "short"})).await.assert_field_errors(&[("password", "too_short")]);
    sign_up(json!({"password_hash": HASHES[0]})).await.assert_problem(403, "forbidden");
    assert_eq!(sign_up(json!({"password": PASSWORD})).await.status, 201);
}

fn from(address: [u8; 4], name: &str) -> Request<Body> {
    let mut request = call(Method::POST, "/users", Some(user(name, &json!({"password": PASSWORD}))));
    request.extensions_mut().insert(Peer(address.into()));
    request
}

async fn open_sign_up_is_limited_by_the_address(app: AccountsApp) {
    let limited = |application: &mut Application| {
        open(application);
        application.limits.sign_up = "3/1h".parse::<Rate>().unwrap().named("sign-up");
    };
    let app = app.configured(limited).await;
    let one = [192, 0, 2, 1];
    assert_eq!(app.send(from(one, "user1")).await.status, 201);
    assert_eq!(
        app.send(from(one, "user1")).await.status,
        409,
        "which tells that a name is taken, and counts"
    );
    assert_eq!(app.send(from(one, "user2")).await.status, 201);
    let (before, refused) = (app.hashes(), app.send(from(one, "user3")).await);
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(refused.header("ratelimit-policy"), r#""sign-up";q=3;w=3600"#);
    assert_eq!((refused.header("retry-after"), app.hashes()), ("1200", before));
    assert_eq!(app.send(from([192, 0, 2, 2], "user3")).await.status, 201);
    let root = app.root().await;
    for name in ["user4", "user5", "user6", "user7"] {
        let created = root.post("/users", user(name, &json!({"password": PASSWORD}))).await;
        assert_eq!(created.status, 201, "whoever has the permission is not limited");
    }
}
