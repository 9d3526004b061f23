//! Sends a number of equal requests through the router, in-process, for callgrind to count what one costs.
//!
//! The users are in an SQLite database in memory, whose own instructions count too: they are the same each time.
//!
//!     router get|list|create|update|delete|refused REQUESTS

#![expect(clippy::expect_used, reason = "a panic is the report")]

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use chrono::{DateTime, Utc};
use tower::ServiceExt;
use tracing::level_filters::LevelFilter;
use users_service::app::{Service, router};
use users_service::app_state::AppState;
use users_service::clock::Clock;
use users_service::config::{self, Log, LogFormat};
use users_service::db::Database;
use users_service::migrations::ALL;
use users_service::telemetry;

/// A request and its expected answer.
struct Case {
    method: Method,
    path: fn(u32) -> String,
    body: fn(u32) -> String,
    status: u16,
    /// How many users there are before.
    users: u32,
}

fn nothing(_: u32) -> String {
    String::new()
}

fn user(number: u32) -> String {
    format!(
        r#"{{"username":"ada.lovelace{number}","email":"ada{number}@example.com","full_name":"Ada Lovelace"}}"#
    )
}

fn case(name: &str) -> Case {
    let get =
        Case { method: Method::GET, path: |_| "/users/1".to_owned(), body: nothing, status: 200, users: 1 };
    let post =
        Case { method: Method::POST, path: |_| "/users".to_owned(), body: user, status: 201, users: 0 };
    match name {
        "get" => get,
        "list" => Case { path: |_| "/users?page=3&page_size=10".to_owned(), users: 30, ..get },
        "create" => post,
        "update" => Case { method: Method::PUT, body: |_| r#"{"full_name":"Ada King"}"#.to_owned(), ..get },
        "delete" => Case {
            method: Method::DELETE,
            path: |number| format!("/users/{}", number + 1),
            status: 204,
            users: MOST_REQUESTS,
            ..get
        },
        "refused" => {
            Case { body: |_| r#"{"username":"-","email":"nobody"}"#.to_owned(), status: 422, ..post }
        }
        name => panic!("there is no case {name}"),
    }
}

/// The most requests that can be sent: the set-up must cost the same for any number.
const MOST_REQUESTS: u32 = 1_200;

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
    assert!(requests <= MOST_REQUESTS, "at most {MOST_REQUESTS} requests");
    let case = case(&name);
    // As in production: lines are written, as JSON.
    telemetry::start(Log { level: LevelFilter::INFO, format: Some(LogFormat::Json) }).expect("a log");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let in_memory = config::Database::Sqlite(":memory:".into());
        let database = Database::open(in_memory, ALL).await.expect("a database");
        let service = router(AppState::new(database, Arc::new(StoppedClock)));
        for number in 0..case.users {
            send(&service, &self::case("create"), number).await;
        }
        for number in 0..requests {
            send(&service, &case, number).await;
        }
    });
}

async fn send(service: &Service, case: &Case, number: u32) {
    let request = Request::builder()
        .method(&case.method)
        .uri((case.path)(number))
        .header(header::HOST, "api.example.com")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-request-id", "6f1b0f0e-5a5c-4b0e-9f0e-0c6f1b0f0e5a")
        .body(Body::from((case.body)(number)))
        .expect("a request");
    let (head, body) = service.clone().oneshot(request).await.expect("an answer").into_parts();
    assert_eq!(head.status.as_u16(), case.status);
    to_bytes(body, usize::MAX).await.expect("a body");
}
