//! Sends a number of equal requests through the router, in-process, for callgrind to count what one costs.
//!
//! The store is one that has its answer ready, so that only the service's own instructions count.
//!
//!     router get|list|create|update|delete|refused REQUESTS

#![expect(clippy::expect_used, reason = "a panic is the report")]

mod ready_store;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use chrono::{DateTime, Utc};
use tower::ServiceExt;
use tracing::level_filters::LevelFilter;
use users_service::app::{App, Service, router};
use users_service::clock::Clock;
use users_service::config::{Log, LogFormat};
use users_service::telemetry;

use self::ready_store::ReadyStore;

/// What a request says, and how it is answered.
struct Case {
    method: Method,
    path: &'static str,
    body: &'static str,
    status: u16,
}

const ADA: &str = r#"{"username":"ada.lovelace","email":"ada@example.com","full_name":"Ada Lovelace"}"#;

fn case(name: &str) -> Case {
    let (method, path, body, status) = match name {
        "get" => (Method::GET, "/users/1", "", 200),
        "list" => (Method::GET, "/users?page=3&page_size=10", "", 200),
        "create" => (Method::POST, "/users", ADA, 201),
        "update" => (Method::PUT, "/users/1", r#"{"full_name":"Ada King"}"#, 200),
        "delete" => (Method::DELETE, "/users/1", "", 204),
        "refused" => (Method::POST, "/users", r#"{"username":"-","email":"nobody"}"#, 422),
        name => panic!("there is no case {name}"),
    };
    Case { method, path, body, status }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (Some(name), Some(requests)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: router get|list|create|update|delete|refused REQUESTS");
        return;
    };
    let requests: u32 = requests.parse().expect("a number of requests");
    let case = case(&name);
    // As in production: lines are written, as JSON.
    telemetry::start(Log { level: LevelFilter::INFO, format: Some(LogFormat::Json) }).expect("a log");
    let service = router(App { store: Arc::new(ReadyStore), clock: Arc::new(StoppedClock) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        for _ in 0..requests {
            send(&service, &case).await;
        }
    });
}

async fn send(service: &Service, case: &Case) {
    let request = Request::builder()
        .method(&case.method)
        .uri(case.path)
        .header(header::HOST, "api.example.com")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-request-id", "6f1b0f0e-5a5c-4b0e-9f0e-0c6f1b0f0e5a")
        .body(Body::from(case.body))
        .expect("a request");
    let (head, body) = service.clone().oneshot(request).await.expect("an answer").into_parts();
    assert_eq!(head.status.as_u16(), case.status);
    to_bytes(body, usize::MAX).await.expect("a body");
}
