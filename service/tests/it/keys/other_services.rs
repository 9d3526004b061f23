//! The examples of docs/verifying-tokens.md take the tokens of a running service, and no others.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::eventually::eventually;
use crate::harness::program::{Server, command};
use crate::harness::python::python;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples");
const PASSWORD: &str = "a swan by the harbour";

/// The users service, with an administrator, and a user without a role.
struct Users {
    server: Server,
    client: Client,
    issuer: String,
    _folder: TempDir,
}

impl Users {
    async fn start() -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let issuer = format!("http://localhost:{port}");
        let variables = [
            ("ACCESS", "tokens".to_owned()),
            ("DB_ENGINE", "sqlite".to_owned()),
            ("SQLITE_PATH", path("users.db")),
            ("SIGNING_KEYS_FILE", path("signing-keys.json")),
            ("TOKEN_AUDIENCES", "orders".to_owned()),
            ("PORT", port.to_string()),
        ];
        let server = Server::start(&variables).await;
        let mut create =
            command(&["create-admin", "--username", "root", "--email", "root@example.com"], &variables);
        let mut child = create.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        let client = Client::builder().no_proxy().build().unwrap();
        let users = Self { server, client, issuer, _folder: folder };
        let token = users.sign_in("root", Some("http://localhost")).await;
        assert!(token.is_null(), "no tokens are issued for an audience that is not configured");
        users.prepare().await;
        users
    }

    /// Makes a role with a permission of the other service, which an administrator then holds, too, and adds the user.
    async fn prepare(&self) {
        let token = self.sign_in("root", None).await["access_token"].as_str().unwrap().to_owned();
        let role = json!({"description": "", "permissions": ["orders:read"]});
        let put = self.client.put(self.url("/roles/clerk")).bearer_auth(&token).json(&role);
        assert_eq!(put.send().await.unwrap().status(), 201);
        let user = json!({"username": "ada", "email": "ada@example.com", "password": PASSWORD});
        let post = self.client.post(self.url("/users")).bearer_auth(&token).json(&user);
        assert_eq!(post.send().await.unwrap().status(), 201);
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    async fn sign_in(&self, login: &str, audience: Option<&str>) -> Value {
        let mut body = json!({"login": login, "password": PASSWORD});
        if let Some(audience) = audience {
            body["audience"] = audience.into();
        }
        let answer: Value =
            self.client.post(self.url("/sessions")).json(&body).send().await.unwrap().json().await.unwrap();
        if answer["access_token"].is_null() { Value::Null } else { answer }
    }

    /// Whether a service takes the right tokens, and refuses the others.
    async fn are_asked_by(&self, service: &Service) {
        let url = format!("http://127.0.0.1:{}/orders", service.port);
        eventually("answer", async || self.client.get(&url).send().await.ok()).await;
        let call = async |token: Option<&str>| -> Response {
            let request = self.client.get(&url);
            let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
            request.send().await.unwrap()
        };
        let challenge = |answer: &Response| answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
        let text = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
        let root = self.sign_in("root", Some("orders")).await;
        let good = text(&root, "access_token");

        let answer = call(Some(&good)).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({"user_id": "1", "orders": []}));

        let answer = call(None).await;
        assert_eq!((answer.status().as_u16(), &*challenge(&answer)), (401, "Bearer"));

        let ada = text(&self.sign_in("ada", Some("orders")).await, "access_token");
        let answer = call(Some(&ada)).await;
        assert_eq!(answer.status(), 403);
        assert_eq!(challenge(&answer), r#"Bearer error="insufficient_scope", scope="orders:read""#);

        let [header, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
        let of_ada = ada.split('.').collect::<Vec<_>>()[1];
        for wrong in [
            &*text(&self.sign_in("root", None).await, "access_token"),
            &text(&root, "refresh_token"),
            &format!("{header}.{of_ada}.{signature}"),
            &format!("eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0.{payload}."),
            "x",
        ] {
            let answer = call(Some(wrong)).await;
            assert_eq!(answer.status(), 401, "{wrong}");
            assert_eq!(challenge(&answer), r#"Bearer error="invalid_token""#);
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_service_with_axum_takes_the_tokens() {
    let mut orders = Command::new(build_example());
    let users = Users::start().await;
    let port = free_port();
    orders.env("TOKEN_ISSUER", &users.issuer).env("PORT", port.to_string());
    users.are_asked_by(&Service::start(orders, port)).await;
}

#[tokio::test]
async fn a_service_with_fastapi_takes_the_tokens() {
    let users = Users::start().await;
    let port = free_port();
    let mut orders = Command::new(python());
    orders
        .args(["-B", "-m", "uvicorn", "--app-dir", EXAMPLES, "--log-level", "warning"])
        .args(["--port", &port.to_string(), "orders:app"])
        .env("TOKEN_ISSUER", &users.issuer);
    users.are_asked_by(&Service::start(orders, port)).await;
}

/// The executable of the example for axum, which is a crate by itself.
fn build_example() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axum");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--quiet", "--manifest-path", &format!("{EXAMPLES}/axum/Cargo.toml")]);
    // Without debug information it is built in half the time.
    let built = cargo.arg("--target-dir").arg(&target).env("CARGO_PROFILE_DEV_DEBUG", "0").status().unwrap();
    assert!(built.success(), "what cargo says is above");
    target.join("debug/orders")
}

/// Another service in a process of its own, killed at the end.
struct Service {
    child: Child,
    port: u16,
}

impl Service {
    fn start(mut command: Command, port: u16) -> Self {
        Self { child: command.spawn().unwrap(), port }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
