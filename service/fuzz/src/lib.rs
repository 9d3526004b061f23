//! What the fuzz targets share: the router over a database in memory, and what every answer must be.

pub mod accounts;
mod answer;

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::{Method, Request, header};
use lambda_http::{Context, LambdaEvent};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use users_service::app::{Service, router};
use users_service::app_state::AppState;
use users_service::clock::SystemClock;
use users_service::config;
use users_service::db::Database;
use users_service::lambda_handler;
use users_service::migrations::ALL;

pub use self::answer::Answer;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread().enable_time().build().expect("a runtime needs no system call")
});

/// The service, and whether an input has changed what is in its database.
struct Fixture {
    service: Service,
    changed: bool,
}

static FIXTURE: LazyLock<Mutex<Fixture>> = LazyLock::new(|| Mutex::new(Fixture::new()));

impl Fixture {
    /// One user, who has the id 1.
    fn new() -> Self {
        let first = Request::builder()
            .method(Method::POST)
            .uri("/users")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"username":"first","email":"first@example.com"}"#))
            .expect("a request");
        let service = RUNTIME.block_on(async {
            let in_memory = config::Database::Sqlite(":memory:".into());
            let database = Database::open(in_memory, ALL).await.expect("a database in memory");
            let service = router(AppState::new(database, Arc::new(SystemClock)));
            let created = service.clone().oneshot(first).await;
            assert_eq!(created.unwrap_or_else(|never| match never {}).status(), 201);
            service
        });
        Self { service, changed: false }
    }
}

fn fixture() -> MutexGuard<'static, Fixture> {
    FIXTURE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins an input: what happens to it must not depend on the inputs before. There is one user, who has the id 1.
pub fn begin() {
    let mut fixture = fixture();
    if fixture.changed {
        *fixture = Fixture::new();
    }
}

/// The answer of the router to a request, checked for what every answer must be.
pub fn send(request: Request<Body>) -> Answer {
    let mut fixture = fixture();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let answer = RUNTIME.block_on(ask(fixture.service.clone(), request));
    fixture.changed |= !reads && answer.status < 400;
    answer.check();
    answer
}

async fn ask(service: Service, request: Request<Body>) -> Answer {
    let response = service.oneshot(request).await;
    Answer::of_router(response.unwrap_or_else(|never| match never {})).await
}

/// What the Lambda function answers to an event, checked the same way.
pub fn invoke(event: Value) -> Answer {
    let mut context = Context::default();
    // No deadline: the answer must not depend on the load of the machine.
    context.deadline = u64::MAX;
    "8476a536-e9f4-11e8-9739-2dfe598c3fcd".clone_into(&mut context.request_id);
    let method = event.pointer("/requestContext/http/method").and_then(Value::as_str);
    let reads = matches!(method, Some("GET" | "HEAD"));
    let mut fixture = fixture();
    let event = LambdaEvent::new(event, context);
    let rendered = RUNTIME.block_on(lambda_handler::answer(fixture.service.clone(), event));
    let answer = Answer::of_function(rendered);
    fixture.changed |= !reads && answer.status < 400;
    answer.check();
    answer
}
