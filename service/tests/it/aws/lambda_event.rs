//! Events of API Gateway and of a Function URL, through the executable as a Lambda program.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::lambda_function::{LambdaFunction, function_url_event, gateway_event};

#[tokio::test]
async fn every_call_of_the_contract_works() {
    let function = LambdaFunction::on_sqlite().await;
    let body = json!({"username": "john_doe", "email": "john@example.com", "full_name": "John 😀"});
    let created = function.post("/users", body).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.header("location"), "/users/1");
    assert_eq!(created.header("content-type"), "application/json");
    let shown = function.get("/users/1").await;
    assert_eq!((shown.status.as_u16(), shown.text()), (200, created.text()));
    assert_eq!(function.get("/users/?page=1&page_size=5").await.json()["page_size"], 5);
    let changed = function.invoke(gateway_event("PUT", "/users/1", Some(r#"{"full_name":null}"#))).await;
    assert_eq!(changed.json()["full_name"], json!(null));
    let deleted = function.invoke(gateway_event("DELETE", "/users/1", None)).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
    assert_eq!(function.get("/health").await.status, 200);
    assert_eq!(function.get("/ready").await.status, 200);
    assert!(function.get("/openapi.json").await.json()["paths"].is_object());
}

#[tokio::test]
async fn without_a_command_lambda_is_the_command() {
    let function = LambdaFunction::start_with(&[], &[("DB_ENGINE", "sqlite".to_owned())]).await;
    assert_eq!(function.get("/users").await.status, 200);
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_an_unknown_one() {
    let function = LambdaFunction::on_sqlite().await;
    for passed in [TimeDelta::seconds(-1), TimeDelta::days(-20_000)] {
        let answer = function.invoke_within(gateway_event("GET", "/users", None), passed).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_function_url_works_the_same() {
    let function = LambdaFunction::on_sqlite().await;
    let body = r#"{"username":"ada","email":"ada@example.com"}"#;
    let created = function.invoke(function_url_event("POST", "/users", Some(body))).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let shown = function.invoke(function_url_event("GET", "/users/1", None)).await;
    assert_eq!(shown.text(), created.text());
    assert_eq!(shown.header("x-request-id"), "e1506fd5-9e7b-434f-bd42-4f8fa224b599");
    let refused = function.invoke(function_url_event("GET", "/users/abc", None)).await;
    refused.assert_field_errors(&[("user_id", "invalid_format")]);
}

#[tokio::test]
async fn a_body_in_base64_is_read() {
    let function = LambdaFunction::on_sqlite().await;
    let body = BASE64.encode(r#"{"username":"ada","email":"ada@example.com","full_name":"Ada 😀"}"#);
    let mut event = gateway_event("POST", "/users", Some(&body));
    event["isBase64Encoded"] = true.into();
    assert_eq!(function.invoke(event).await.json()["full_name"], "Ada 😀");
    let mut event = gateway_event("POST", "/users", Some(&BASE64.encode(b"{\"username\":\"\xff\"}")));
    event["isBase64Encoded"] = true.into();
    function.invoke(event).await.assert_problem(400, "malformed_json");
}

#[tokio::test]
async fn the_request_id_is_the_gateways_unless_the_caller_has_one() {
    let function = LambdaFunction::on_sqlite().await;
    assert_eq!(function.get("/health").await.header("x-request-id"), "JKJaXmPLvHcESHA=");
    assert_eq!(function.get("/users/0").await.json()["request_id"], "JKJaXmPLvHcESHA=");
    let mut event = gateway_event("GET", "/health", None);
    event["headers"]["x-request-id"] = "mine".into();
    assert_eq!(function.invoke(event.clone()).await.header("x-request-id"), "mine");
    event["headers"]["x-request-id"] = "not mine".into();
    assert_eq!(function.invoke(event).await.header("x-request-id"), "JKJaXmPLvHcESHA=");
}

#[tokio::test]
async fn query_strings_arrive_as_they_were_sent() {
    let function = LambdaFunction::on_sqlite().await;
    function.post("/users", json!({"username": "ada", "email": "ada+x@münchen.de"})).await;
    for query in ["email=ada%2Bx@m%C3%BCnchen.de", "email=ADA%2Bx%40xn--mnchen-3ya.de", "username=ADA&page=1"]
    {
        assert_eq!(function.get(&format!("/users?{query}")).await.json()["total"], 1, "{query}");
    }
    assert_eq!(function.get("/users?email=ada+x@m%C3%BCnchen.de").await.json()["total"], 0);
}

#[tokio::test]
async fn errors_are_problems_too() {
    let function = LambdaFunction::on_sqlite().await;
    function.get("/nothing").await.assert_problem(404, "route_not_found");
    function.get("/users/7").await.assert_problem(404, "user_not_found");
    let refused = function.invoke(gateway_event("PATCH", "/users", None)).await;
    refused.assert_problem(405, "method_not_allowed");
    assert!(refused.header("allow").contains("POST"));
    function.invoke(gateway_event("POST", "/users", None)).await.assert_problem(400, "malformed_json");
    let mut event = gateway_event("POST", "/users", Some("{}"));
    event["headers"]["content-type"] = "text/plain".into();
    function.invoke(event).await.assert_problem(415, "unsupported_media_type");
    let large = format!(r#"{{"padding":"{}"}}"#, "x".repeat(1 << 20));
    let refused = function.invoke(gateway_event("POST", "/users", Some(&large))).await;
    refused.assert_problem(413, "body_too_large");
    let refused = function.post("/users", json!({"username": "a"})).await;
    refused.assert_field_errors(&[("username", "too_short"), ("email", "missing")]);
}

#[tokio::test]
async fn dot_segments_are_not_found() {
    let function = LambdaFunction::on_sqlite().await;
    for number in 1..=2 {
        let name = format!("user-{number}");
        let created =
            function.post("/users", json!({"username": name, "email": format!("{name}@example.com")}));
        assert_eq!(created.await.status, 201);
    }
    for path in [
        "/users/..",
        "/users/.",
        "/users/%2e%2e",
        "/users/%2E",
        "/users/../health",
        "/users/%2e%2e/health",
        "/./users/1",
        "/admin/x/../../users/2",
        "/admin/x/%2e%2E/..%2fusers/2",
    ] {
        function.get(path).await.assert_problem(404, "route_not_found");
    }
}

#[tokio::test]
async fn a_request_that_is_no_event_of_http_has_a_line_in_the_log() {
    let function = LambdaFunction::on_sqlite().await;
    function.invoke(json!({"source": "aws.events"})).await.assert_problem(400, "malformed_event");
    let line: Value = serde_json::from_str(&function.program.logged("not an HTTP request").await).unwrap();
    assert_eq!(line["level"], "WARN");
}

/// A gateway's event with some values replaced.
fn odd_event(changes: &Value) -> Value {
    let mut event = gateway_event("GET", "/users/1", None);
    for (name, value) in changes.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

#[tokio::test]
async fn no_event_crashes_the_function() {
    let function = LambdaFunction::on_sqlite().await;
    for changes in [
        json!({"rawPath": "/users/a b"}),
        json!({"rawPath": "/users/1\n"}),
        json!({"rawPath": "//evil.example/users"}),
        json!({"rawPath": "/users/ü"}),
        json!({"rawPath": ""}),
        json!({"rawPath": "/users/%zz"}),
        json!({"rawQueryString": "a=\u{fc} b\n\"&&&==%zz"}),
        json!({"headers": {"x-name": "Zoë", "bad name": "x", "host": "a b"}}),
        json!({"headers": {}}),
        json!({"headers": {"content-type": "application/json", "content-length": "many"}}),
        json!({"cookies": ["a=b", "c=\n"]}),
        json!({"body": "%%%", "isBase64Encoded": true}),
        json!({"body": ""}),
        json!({"requestContext": {}}),
        json!({"requestContext": {"http": {"method": "a b"}}}),
        json!({"headers": 3}),
        json!({"version": "1.0"}),
    ] {
        let answer = function.invoke(odd_event(&changes)).await;
        assert!(answer.status.is_client_error(), "{changes}: {}", answer.text());
    }
    for event in [
        json!({}),
        json!([]),
        json!("text"),
        json!(7),
        json!({"Records": []}),
        json!({"source": "aws.events"}),
    ] {
        function.invoke(event).await.assert_problem(400, "malformed_event");
    }
    assert_eq!(function.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_target_that_is_too_long_does_not_crash_the_function() {
    let function = LambdaFunction::on_sqlite().await;
    let long = "x".repeat(70_000);
    for changes in
        [json!({"rawPath": format!("/users/{long}")}), json!({"rawQueryString": format!("username={long}")})]
    {
        let answer = function.invoke(odd_event(&changes)).await;
        answer.assert_problem(414, "uri_too_long");
        assert_eq!(answer.header("x-request-id"), "JKJaXmPLvHcESHA=");
    }
}

#[tokio::test]
async fn its_log_is_json() {
    let function = LambdaFunction::on_sqlite().await;
    function.get("/users/1").await;
    let line: Value = serde_json::from_str(&function.program.logged("Response: ").await).unwrap();
    assert_eq!(line["request_id"], "JKJaXmPLvHcESHA=");
    assert_eq!(line["route"], "/users/{user_id}");
    assert_eq!(line["status"], 404);
    for line in function.program.log() {
        assert!(serde_json::from_str::<Value>(&line).is_ok_and(|line| line.is_object()), "{line}");
    }
}
