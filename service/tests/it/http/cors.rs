//! Which web pages may read the answers: those of the origins in `CORS_ORIGINS`, and no others.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use serde_json::json;

use crate::harness::accounts::{AccountsApp, PASSWORD, application};
use crate::harness::databases::TestDatabase;
use crate::harness::test_app::{Answer, TestApp, json_request, request};

const ORIGIN: &str = "https://app.example";

async fn app() -> AccountsApp {
    let mut application = application();
    application.cors_origins = vec![ORIGIN.parse().unwrap(), "http://localhost:5173".parse().unwrap()];
    AccountsApp::on(TestDatabase::sqlite().await, application).await
}

fn from(origin: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("origin", origin.parse().unwrap());
    request
}

/// What a browser asks before it calls, without the caller's token.
fn preflight(origin: &str, method: &str, path: &str) -> Request<Body> {
    let mut request = from(origin, request(Method::OPTIONS, path));
    request.headers_mut().insert("access-control-request-method", method.parse().unwrap());
    let headers = "authorization,content-type".parse().unwrap();
    request.headers_mut().insert("access-control-request-headers", headers);
    request
}

/// The names in a header, in order and in lower case.
fn names(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter().flat_map(|value| value.to_str().unwrap().split(','));
    let mut names: Vec<_> = values.map(|value| value.trim().to_lowercase()).collect();
    names.sort_unstable();
    names
}

#[track_caller]
fn assert_readable(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), origin, "{answer:?}");
    assert!(names(&answer.headers, "vary").contains(&"origin".to_owned()), "{answer:?}");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"), "there are no cookies");
}

#[tokio::test]
async fn a_page_of_a_known_origin_may_ask_for_every_method_without_a_token() {
    let app = app().await;
    for origin in [ORIGIN, "http://localhost:5173"] {
        for (method, path) in [
            ("GET", "/users/me"),
            ("PUT", "/users/1"),
            ("PATCH", "/users/1"),
            ("PATCH", "/users/1/account"),
            ("DELETE", "/sessions/current"),
        ] {
            let answer = app.send(preflight(origin, method, path)).await;
            assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
            assert_readable(&answer, origin);
            let allowed = names(&answer.headers, "access-control-allow-methods");
            assert_eq!(allowed, ["delete", "get", "patch", "post", "put"]);
            let allowed = names(&answer.headers, "access-control-allow-headers");
            assert_eq!(
                allowed,
                [
                    "authorization",
                    "content-type",
                    "idempotency-key",
                    "if-match",
                    "if-none-match",
                    "traceparent",
                    "tracestate",
                    "x-request-id"
                ]
            );
            assert_eq!(answer.header("access-control-max-age"), "3600");
        }
    }
}

#[tokio::test]
async fn a_page_of_a_known_origin_may_read_answers_and_errors_with_their_headers() {
    let app = app().await;
    let body = json!({"login": "root", "password": PASSWORD}).to_string();
    let signed_in = app.send(from(ORIGIN, json_request(Method::POST, "/sessions", body))).await;
    let refused = app.send(from(ORIGIN, request(Method::GET, "/users/me"))).await;
    let missing = app.send(from(ORIGIN, request(Method::GET, "/nothing"))).await;
    let malformed = app.send(from(ORIGIN, json_request(Method::POST, "/sessions", "{"))).await;
    for (answer, status) in [(signed_in, 201), (refused, 401), (missing, 404), (malformed, 400)] {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_readable(&answer, ORIGIN);
        assert_eq!(
            names(&answer.headers, "access-control-expose-headers"),
            [
                "accept-patch",
                "etag",
                "link",
                "location",
                "ratelimit",
                "ratelimit-policy",
                "retry-after",
                "www-authenticate",
                "x-request-id"
            ]
        );
    }
}

#[tokio::test]
async fn nobody_else_is_told_anything() {
    let app = app().await;
    for origin in [
        "https://app.example.evil.example",
        "https://evil.app.example",
        "http://app.example",
        "https://app.example:8443",
        "https://APP.example",
        "http://localhost:5174",
        "null",
    ] {
        for request in [preflight(origin, "GET", "/users"), from(origin, request(Method::GET, "/health"))] {
            let answer = app.send(request).await;
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}: {answer:?}");
        }
    }
    let answer = app.send(request(Method::GET, "/health")).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "{answer:?}");
}

#[tokio::test]
async fn without_the_setting_there_is_no_such_header() {
    let open = TestApp::on_sqlite().await;
    let tokens = AccountsApp::on_sqlite().await;
    for request in [|| preflight(ORIGIN, "GET", "/users"), || from(ORIGIN, request(Method::GET, "/health"))] {
        for answer in [open.send(request()).await, tokens.send(request()).await] {
            let about_origins =
                answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(about_origins, None, "{answer:?}");
        }
    }
    open.send(preflight(ORIGIN, "GET", "/users")).await.assert_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn an_options_request_that_is_no_preflight_is_answered_by_its_route() {
    let app = app().await;
    let answer = app.send(request(Method::OPTIONS, "/users/1")).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(answer.header("accept-patch"), "application/merge-patch+json, application/json");
    let answer = app.send(from(ORIGIN, request(Method::OPTIONS, "/users/1"))).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(app.send(request(Method::OPTIONS, "/nowhere")).await.status, 404);
}
