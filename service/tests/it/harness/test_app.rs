//! The router in-process over a database of its own, and the answers it gives.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::FromRef;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tower::ServiceExt;
use users_service::app::{Service, router};
use users_service::app_state::AppState;
use users_service::clock::Clock;
use users_service::config;
use users_service::db::Database;
use users_service::migrations::ALL;
use users_service::users;

use crate::harness::databases::TestDatabase;

/// Makes of each test function two tests, named `sqlite::…` and `mysql::…`, that call it with an app on that database.
macro_rules! on_every_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::harness::test_app::TestApp::on_sqlite().await).await;
            })+
        }
        mod mysql {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::harness::test_app::TestApp::on_mysql().await).await;
            })+
        }
    };
}
pub(crate) use on_every_database;

/// A fixed clock: when every user of these tests is created.
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        // The fraction must not show.
        "2024-01-15T10:30:00.987654Z".parse().unwrap()
    }
}

/// The router over a migrated database without users.
pub(crate) struct TestApp {
    service: Service,
    /// The use cases of the users, without HTTP.
    pub(crate) users: users::Service,
    pub(crate) database: TestDatabase,
}

impl TestApp {
    pub(crate) async fn on_sqlite() -> Self {
        Self::on(TestDatabase::sqlite().await).await
    }

    pub(crate) async fn on_mysql() -> Self {
        Self::on(TestDatabase::mysql().await).await
    }

    pub(crate) async fn on(database: TestDatabase) -> Self {
        Self::changed(database, |_| {}).await
    }

    /// The same database, served by a process that is configured otherwise.
    pub(crate) async fn configured(self, change: impl FnOnce(&mut AppState)) -> Self {
        Self::changed(self.database, change).await
    }

    async fn changed(database: TestDatabase, change: impl FnOnce(&mut AppState)) -> Self {
        let mut state = state_over(Database::open(database.config(), ALL).await.unwrap());
        change(&mut state);
        let users = users::Service::from_ref(&Arc::new(state.clone()));
        Self { service: router(state), users, database }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(json_request(Method::POST, path, body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(json_request(Method::PUT, path, body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(json_request(Method::PATCH, path, body.to_string())).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        answer(&self.service, request).await
    }

    /// Adds a user with this name and returns the path.
    pub(crate) async fn user(&self, username: &str) -> String {
        let body = serde_json::json!({"username": username, "email": format!("{username}@example.com")});
        let created = self.post("/users", body).await;
        assert_eq!(created.status, 201, "{}", created.text());
        created.header("location").to_owned()
    }

    /// The names that a listing shows, and its total.
    pub(crate) async fn listed(&self, path: &str) -> (Vec<String>, u64) {
        let listing = self.get(path).await;
        assert_eq!(listing.status, 200, "{path}: {}", listing.text());
        let listing = listing.json();
        let users = listing["users"].as_array().unwrap();
        let names = users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect();
        (names, listing["total"].as_u64().unwrap())
    }
}

/// The state of the features, with a fixed clock.
fn state_over(database: Database) -> AppState {
    AppState::new(database, Arc::new(StoppedClock))
}

/// The router over a database that is open.
pub(crate) fn service_over(database: Database) -> Service {
    router(state_over(database))
}

/// The router over a database that need not be there.
pub(crate) async fn service_on(database: config::Database) -> Service {
    service_over(Database::open(database, ALL).await.unwrap())
}

/// A request without a body.
pub(crate) fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// A request whose body says that it is JSON, whatever it is.
pub(crate) fn json_request(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

/// A request with another header.
pub(crate) fn with(name: &'static str, value: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

/// The answer of a router to a request.
pub(crate) async fn answer(service: &Service, request: Request<Body>) -> Answer {
    let (head, body) = service.clone().oneshot(request).await.unwrap().into_parts();
    Answer { status: head.status, headers: head.headers, body: to_bytes(body, usize::MAX).await.unwrap() }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Checks that this is problem details with everything that the contract says, and returns it.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) -> Value {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("content-length").parse().unwrap_or(text.len()), text.len());
        let problem = self.json();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["title"], self.status.canonical_reason().unwrap());
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code, "{text}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{text}");
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        let members: Vec<_> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        let expected: &[&str] = match members.len() {
            6 => &["code", "detail", "request_id", "status", "title", "type"],
            _ => &["code", "detail", "errors", "request_id", "status", "title", "type"],
        };
        assert_eq!(members, expected);
        problem
    }

    /// The invalid fields with their codes.
    #[track_caller]
    pub(crate) fn field_errors(&self) -> Vec<(String, String)> {
        let problem = self.assert_problem(422, "invalid_input");
        let errors = problem["errors"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        errors
            .iter()
            .map(|error| {
                assert_eq!(error.as_object().unwrap().len(), 3, "{error}");
                assert!(!error["message"].as_str().unwrap().is_empty());
                (text(&error["field"]), text(&error["code"]))
            })
            .collect()
    }

    /// Checks that exactly these fields are invalid.
    #[track_caller]
    pub(crate) fn assert_field_errors(&self, expected: &[(&str, &str)]) {
        let errors = self.field_errors();
        let errors: Vec<_> = errors.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect();
        assert_eq!(errors, expected, "{}", self.text());
    }
}
