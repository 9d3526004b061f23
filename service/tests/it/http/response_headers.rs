//! Headers against content sniffing, caching and use by other origins.

use axum::http::{HeaderValue, Method};
use serde_json::json;

use crate::harness::test_app::{Answer, TestApp, json_request, request};

/// An answer of every kind.
async fn answers(app: &TestApp) -> Vec<Answer> {
    let path = app.user("ada").await;
    vec![
        app.post("/users", json!({"username": "bob", "email": "bob@example.com"})).await,
        app.get(&path).await,
        app.get("/users").await,
        app.get("/users?email=ada@example.com").await,
        app.put(&path, json!({"full_name": "Ada"})).await,
        app.get("/health").await,
        app.get("/ready").await,
        app.send(request(Method::HEAD, &path)).await,
        app.send(json_request(Method::POST, "/users", "{")).await,
        app.get("/nothing").await,
        app.get("/users/99").await,
        app.post("/users", json!({"username": "ada", "email": "ada@example.com"})).await,
        app.send(request(Method::PATCH, "/users")).await,
        app.send(request(Method::POST, "/users")).await,
        app.get("/users/0").await,
        app.delete(&path).await,
    ]
}

/// What is the same for everybody.
async fn public_answers(app: &TestApp) -> Vec<Answer> {
    vec![
        app.get("/openapi.json").await,
        app.get("/openapi-3.0.json").await,
        app.get("/docs").await,
        app.get("/docs/swagger-ui.css").await,
    ]
}

#[tokio::test]
async fn no_answer_may_be_sniffed() {
    let app = TestApp::on_sqlite().await;
    for answer in answers(&app).await.into_iter().chain(public_answers(&app).await) {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        // A type for every body, and none where there is no body.
        assert_eq!(answer.header("content-type").is_empty(), answer.status == 204, "{answer:?}");
    }
}

#[tokio::test]
async fn no_cache_keeps_data() {
    let app = TestApp::on_sqlite().await;
    for answer in answers(&app).await {
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    }
}

#[tokio::test]
async fn no_answer_names_its_server_or_sets_a_cookie() {
    let app = TestApp::on_sqlite().await;
    for answer in answers(&app).await.into_iter().chain(public_answers(&app).await) {
        for name in ["server", "x-powered-by", "set-cookie"] {
            assert!(!answer.headers.contains_key(name), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn other_origins_are_left_to_the_gateway() {
    let app = TestApp::on_sqlite().await;
    let path = app.user("ada").await;
    for (method, path) in [
        (Method::OPTIONS, path.as_str()),
        (Method::GET, &path),
        (Method::GET, "/openapi.json"),
        (Method::GET, "/no"),
    ] {
        let mut request = request(method, path);
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "content-type"),
        ] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let answer = app.send(request).await;
        let grants = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(grants.count(), 0, "{answer:?}");
    }
}
