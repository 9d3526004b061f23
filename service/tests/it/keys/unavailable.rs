//! Keys that are missing, malformed or denied: who signs in or sends a token is told to come again, not to sign in again.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use axum::http::{HeaderValue, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use users_service::app_state::AppState;
use users_service::clock::SystemClock;
use users_service::config::{Access, Application, Keys};
use users_service::db::Database;
use users_service::migrations::ALL;

use crate::harness::accounts::{AccountsApp, PASSWORD, application, call, refresh};
use crate::harness::databases::MysqlSchema;
use crate::harness::eventually::eventually;
use crate::harness::lambda_function::{LambdaFunction, gateway_event};
use crate::harness::secrets_manager::{Fault, SecretsManager};

const KEYS: &str = "test/signing-keys";
/// Stands for a private key.
const SECRET: &str = "Kn0wnKeyOfTheTest";

fn with_keys_in(path: PathBuf, make: bool) -> impl FnOnce(&mut Application) {
    move |application| {
        let Access::Tokens(tokens) = &mut application.access else {
            panic!("the tests are of ACCESS=tokens")
        };
        tokens.keys = Keys::File { path, make };
    }
}

/// Why a process does not start whose keys are to be in this file.
async fn refusal(path: &Path) -> String {
    let database = users_service::config::Database::Sqlite(":memory:".into());
    let database = Database::open(database, ALL).await.unwrap();
    let mut application = application();
    with_keys_in(path.to_owned(), false)(&mut application);
    match AppState::open(application, database, std::sync::Arc::new(SystemClock)).await {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it starts without keys"),
    }
}

#[tokio::test]
async fn without_a_sound_file_the_process_does_not_start() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let refused = refusal(&path).await;
    assert!(refused.contains("rotate-keys"), "{refused}");
    for text in ["", SECRET, &format!(r#"{{"version":1,"keys":[{{"pkcs8":"{SECRET}"}}],"mac_keys":[]}}"#)] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let refused = refusal(&path).await;
        assert!(refused.contains("the signing keys in ") && !refused.contains(SECRET), "{refused}");
    }
}

#[test]
fn serve_ends_with_what_is_wrong_with_the_keys() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let permit = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let refusal = |path: &Path| {
        let variables = [
            ("ENVIRONMENT", "test".to_owned()),
            ("DB_ENGINE", "sqlite".to_owned()),
            ("SQLITE_PATH", folder.path().join("users.db").display().to_string()),
            ("ACCESS", "tokens".to_owned()),
            ("SIGNING_KEYS_FILE", path.display().to_string()),
        ];
        let output = crate::harness::program::run(&["serve"], &variables);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refusal(&path).contains("`users-service rotate-keys` makes it"));
    fs::write(&path, SECRET).unwrap();
    permit(&path, 0o644);
    assert!(refusal(&path).contains("nobody else may: chmod 600"));
    permit(&path, 0o600);
    let refused = refusal(&path);
    assert!(refused.contains("are not JSON") && !refused.contains(SECRET), "{refused}");
    // What the operating system refuses; to root it would not refuse a mode.
    permit(folder.path(), 0o700);
    assert!(refusal(folder.path()).contains("cannot be read: Is a directory"));
}

#[tokio::test]
async fn a_file_that_is_lost_later_ends_no_session() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let app = AccountsApp::on_sqlite().await.configured(with_keys_in(path.clone(), true)).await;
    let root = app.root().await;
    for lose in [fs::remove_file as fn(PathBuf) -> _, |path| fs::write(path, SECRET)] {
        lose(path.clone()).unwrap();
        // A token by a key that is not known makes the process look for the key, once a minute at most.
        let mut unknown = call(Method::GET, "/users/me", None);
        let head = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiIsImtpZCI6InRoaXMtaXMtbm8ta2V5LWJ1dC1pdC1oYXMtdGhlLWxlbmd0aC1vZi1vbmUifQ";
        let credentials = HeaderValue::from_str(&format!("Bearer {head}.e30.c2ln")).unwrap();
        unknown.headers_mut().insert("authorization", credentials);
        let answer = app.send(unknown).await;
        answer.assert_problem(503, "keys_unavailable");
        assert_ne!(answer.header("retry-after"), "");
        assert_eq!(root.get("/users/me").await.status, 200);
        assert_eq!(refresh(&app, &root.refresh_token).await.status, 200);
        assert_eq!(app.try_sign_in("root", PASSWORD).await.status, 201);
    }
}

/// A secret without keys, then with them.
struct Deployment {
    schema: MysqlSchema,
    secrets: SecretsManager,
}

impl Deployment {
    async fn new() -> Self {
        let (schema, secrets) = (MysqlSchema::migrated().await, SecretsManager::start().await);
        secrets.put("test/rds/credentials", &schema.change_password("password").await);
        Self { schema, secrets }
    }

    async fn start(&self, command: &str) -> LambdaFunction {
        self.start_with(command, ("SIGN_UP", "closed".to_owned())).await
    }

    async fn start_with(&self, command: &str, more: (&str, String)) -> LambdaFunction {
        let variables = [
            more,
            ("ENVIRONMENT", "test".to_owned()),
            ("AWS_ENDPOINT_URL", self.secrets.url()),
            ("DB_NAME", self.schema.name().to_owned()),
            ("DB_TLS", "preferred".to_owned()),
            ("ACCESS", "tokens".to_owned()),
            ("TOKEN_ISSUER", "https://users.example".to_owned()),
        ];
        LambdaFunction::start_as(command, &variables).await
    }
}

/// A request with a token of the right form.
fn with_token() -> Value {
    let mut event = gateway_event("GET", "/users/me", None);
    let head = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiIsImtpZCI6InRoaXMtaXMtbm8ta2V5LWJ1dC1pdC1oYXMtdGhlLWxlbmd0aC1vZi1vbmUifQ";
    event["headers"]["authorization"] = format!("Bearer {head}.e30.c2ln").into();
    event
}

#[tokio::test]
async fn a_function_without_its_secret_answers_503_until_it_is_there() {
    let deployment = Deployment::new().await;
    let lose: [fn(&SecretsManager); 4] = [
        |_| {},
        |secrets| secrets.create(KEYS),
        |secrets| secrets.put_text(KEYS, SECRET),
        |secrets| secrets.inject(Fault::Denied),
    ];
    for lose in lose {
        lose(&deployment.secrets);
        let function = deployment.start("lambda").await;
        let sign_in = json!({"login": "nobody", "password": PASSWORD});
        for answer in [function.post("/sessions", sign_in).await, function.invoke(with_token()).await] {
            assert_eq!(answer.status, 503, "{}", answer.text());
            assert_ne!(answer.header("retry-after"), "");
        }
        assert!(!function.program.log().join("\n").contains(SECRET));
        deployment.secrets.inject(Fault::None);
    }
    let function = deployment.start("lambda").await;
    assert_eq!(function.get("/ready").await.status, 200, "the database needs no keys");
    function.invoke(with_token()).await.assert_problem(503, "keys_unavailable");
    deployment.secrets.put_text(KEYS, &sound_keys());
    let found = eventually("answer with the keys", async || {
        let answer = function.invoke(with_token()).await;
        (answer.status != 503).then_some(answer)
    });
    found.await.assert_problem(401, "token_invalid");
}

#[tokio::test]
async fn a_sign_in_that_lacks_the_keys_does_not_count_as_a_failure() {
    let deployment = Deployment::new().await;
    let function = deployment.start_with("lambda", ("SIGN_IN_LIMIT", "1/1h".to_owned())).await;
    let sign_in = async || function.post("/sessions", json!({"login": "nobody", "password": PASSWORD})).await;
    for _ in 0..3 {
        assert_eq!(sign_in().await.status, 503);
    }
    deployment.secrets.put_text(KEYS, &sound_keys());
    let found = eventually("answer with the keys", async || {
        let answer = sign_in().await;
        (answer.status != 503).then_some(answer)
    });
    found.await.assert_problem(401, "invalid_credentials");
    sign_in().await.assert_problem(429, "too_many_attempts");
}

/// Keys as `rotate-keys` writes them.
fn sound_keys() -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let variables = [("SIGNING_KEYS_FILE", path.display().to_string())];
    assert!(crate::harness::program::run(&["rotate-keys"], &variables).status.success());
    fs::read_to_string(&path).unwrap()
}
