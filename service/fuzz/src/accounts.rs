//! The service with `ACCESS=tokens` over a database in memory, and its administrator, who is signed in.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};
use users_service::accounts::{Administrator, AdministratorPassword, create_administrator};
use users_service::app::{Service, router};
use users_service::app_state::AppState;
use users_service::clock::Clock;
use users_service::config::{self, Config, Purpose};
use users_service::db::Database;
use users_service::migrations::ALL;
use users_service::users::{Email, Username};

use crate::{Answer, RUNTIME, ask};

const PASSWORD: &str = "a swan by the harbour";

/// So that the token does not expire, however long the targets run.
struct StoppedClock(DateTime<Utc>);

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

struct Fixture {
    service: Service,
    token: String,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::new);

impl Fixture {
    fn new() -> Self {
        // Beside the target, and kept: they are read again whenever a token names a key that is not there.
        let target = std::env::current_exe().expect("the target has a path");
        let service = RUNTIME.block_on(service(&target.with_extension("keys.json")));
        let sign_in =
            request(Method::POST, "/sessions", Some(&json!({"login": "root", "password": PASSWORD})));
        let session = RUNTIME.block_on(ask(service.clone(), sign_in));
        assert_eq!(session.status, 201, "{session:?}");
        let token = session.json()["access_token"].as_str().expect("a token").to_owned();
        Self { service, token }
    }
}

async fn service(keys: &Path) -> Service {
    let variables = |name| match name {
        "ACCESS" => Some(OsString::from("tokens")),
        "SIGNING_KEYS_FILE" => Some(keys.as_os_str().to_owned()),
        _ => None,
    };
    let config = Config::read(Purpose::Local, variables).expect("the variables are right");
    let database = Database::open(config::Database::Sqlite(":memory:".into()), ALL).await;
    let database = database.expect("a database in memory");
    let clock = Arc::new(StoppedClock("2026-03-01T12:00:00Z".parse().expect("a time")));
    let administrator = Administrator {
        username: Username::parse("root").expect("a name"),
        email: Email::parse("root@example.com").expect("an address"),
        existing: false,
    };
    let password = Zeroizing::new(PASSWORD.to_owned());
    let password = AdministratorPassword::Password(password, config.application.passwords.clone());
    create_administrator(&database, clock.clone(), administrator, password, None).await.expect("the first");
    router(AppState::open(config.application, database, clock).await.expect("keys in a temporary file"))
}

/// The access token of the administrator.
#[must_use]
pub fn token() -> &'static str {
    &FIXTURE.token
}

/// A request, with a body if there is one.
///
/// # Panics
/// If the path is none.
#[must_use]
pub fn request(method: Method, path: &str, body: Option<&Value>) -> Request<Body> {
    let request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).expect("a path")
}

/// The answer to a request, checked for what every answer must be.
pub fn send(request: Request<Body>) -> Answer {
    let answer = RUNTIME.block_on(ask(FIXTURE.service.clone(), request));
    answer.check();
    answer
}

/// The answer to a request of the administrator.
///
/// # Panics
/// Never: a token is a header.
pub fn send_signed_in(mut request: Request<Body>) -> Answer {
    let credentials = HeaderValue::try_from(format!("Bearer {}", token())).expect("a token is ASCII");
    request.headers_mut().insert(header::AUTHORIZATION, credentials);
    send(request)
}
