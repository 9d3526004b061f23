//! Bodies that are refused as a whole.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use serde_json::json;

use crate::harness::test_app::{Answer, TestApp, json_request};

/// The two routes that take a body.
const ROUTES: [(Method, &str); 2] = [(Method::POST, "/users"), (Method::PUT, "/users/1")];

/// Sends a body to both routes.
async fn send(app: &TestApp, body: impl Into<Bytes>) -> [Answer; 2] {
    let body = body.into();
    let [post, put] = ROUTES.map(|(method, path)| app.send(json_request(method, path, body.clone())));
    [post.await, put.await]
}

/// Sends a valid body with another content type to both routes.
async fn send_as(app: &TestApp, headers: &[(&str, &str)]) -> [Answer; 2] {
    let [post, put] = ROUTES.map(|(method, path)| {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app.send(request.body(Body::from(r#"{"username":"bob","email":"bob@example.com"}"#)).unwrap())
    });
    [post.await, put.await]
}

async fn app_with_a_user() -> TestApp {
    let app = TestApp::on_sqlite().await;
    app.user("ada").await;
    app
}

#[tokio::test]
async fn malformed_json_is_refused() {
    let app = app_with_a_user().await;
    for body in [
        "",
        " ",
        "{",
        "{]",
        "nope",
        "{\"username\":}",
        "{\"username\":\"a\",}",
        "{'username':'ada'}",
        "{\"username\":\"ada\"} x",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "\u{feff}{}",
        "{\"a\":\"\n\"}",
        "\"\\x\"",
        "\0",
    ] {
        for answer in send(&app, body).await {
            answer.assert_problem(400, "malformed_json");
        }
    }
}

#[tokio::test]
async fn json_that_is_not_unicode_is_refused() {
    let app = app_with_a_user().await;
    let bodies: [&[u8]; 6] = [
        b"{\"username\":\"\xff\xfe\"}",
        b"{\"username\":\"\xc3\"}",
        b"{\"full_name\":\"\xed\xa0\x80\"}",
        br#"{"full_name":"\ud800"}"#,
        br#"{"full_name":"\udc00\ud800"}"#,
        b"\xff\xfe{\0}\0",
    ];
    for body in bodies {
        for answer in send(&app, body).await {
            answer.assert_problem(400, "malformed_json");
        }
    }
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let app = app_with_a_user().await;
    for body in ["[".repeat(60_000), format!("{{\"a\":{}", "[".repeat(60_000)), "{\"a\":".repeat(10_000)] {
        for answer in send(&app, body).await {
            answer.assert_problem(400, "malformed_json");
        }
    }
}

#[tokio::test]
async fn a_malformed_body_is_reported_by_line_and_column() {
    let app = app_with_a_user().await;
    let [post, _] = send(&app, "{\n  \"username\": ada\n}").await;
    let problem = post.assert_problem(400, "malformed_json");
    assert!(problem["detail"].as_str().unwrap().contains("line 2, column 15"), "{problem}");
}

#[tokio::test]
async fn json_that_is_not_an_object_is_refused() {
    let app = app_with_a_user().await;
    for body in ["null", "true", "1", "\"text\"", "[]", "[{\"username\":\"ada\"}]", "1e999999"] {
        for answer in send(&app, body).await {
            if body == "1e999999" {
                assert!(answer.status.is_client_error());
            } else {
                answer.assert_field_errors(&[("body", "wrong_type")]);
            }
        }
    }
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let app = app_with_a_user().await;
    for content_type in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/json",
        "application/jsonx",
        "json",
        "*/*",
        "application/json-seq",
        "",
    ] {
        for answer in send_as(&app, &[("content-type", content_type)]).await {
            answer.assert_problem(415, "unsupported_media_type");
        }
    }
    for answer in send_as(&app, &[]).await {
        answer.assert_problem(415, "unsupported_media_type");
    }
    for coding in ["gzip", "identity, gzip", ""] {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        for answer in send_as(&app, &headers).await {
            answer.assert_problem(415, "unsupported_media_type");
        }
    }
}

#[tokio::test]
async fn content_coding_identity_is_accepted_in_any_case() {
    for coding in ["identity", "Identity", "IDENTITY"] {
        let app = app_with_a_user().await;
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        let [created, _] = send_as(&app, &headers).await;
        assert_eq!(created.status, 201, "{coding}");
    }
}

#[tokio::test]
async fn json_by_any_of_its_names_is_accepted() {
    for content_type in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/merge-patch+json",
        "application/vnd.api+json;charset=UTF-8",
    ] {
        let app = app_with_a_user().await;
        let [created, _] = send_as(&app, &[("content-type", content_type)]).await;
        assert_eq!(created.status, 201, "{content_type}");
    }
}

/// A body of this many octets that is valid JSON.
fn padded(length: usize) -> String {
    let start = r#"{"full_name":"Ada","padding":""#;
    format!("{start}{}\"}}", "x".repeat(length - start.len() - 2))
}

#[tokio::test]
async fn a_body_of_64_kib_is_read_and_one_octet_more_is_refused() {
    let app = app_with_a_user().await;
    let [_, put] = send(&app, padded(64 << 10)).await;
    assert_eq!(put.status, 200);
    for length in [(64 << 10) + 1, 1 << 20, 40 << 20] {
        for answer in send(&app, padded(length)).await {
            answer.assert_problem(413, "body_too_large");
        }
    }
}

#[tokio::test]
async fn an_invalid_body_is_reported_before_an_unknown_id() {
    let app = TestApp::on_sqlite().await;
    app.send(json_request(Method::PUT, "/users/9", "{")).await.assert_problem(400, "malformed_json");
    app.put("/users/9", json!({"email": "x"})).await.assert_field_errors(&[("email", "invalid_format")]);
}
