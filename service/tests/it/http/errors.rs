//! What every route has in common: problems, request ids, unknown paths and methods.

use axum::http::{HeaderValue, Method};
use serde_json::json;
use users_service::app::Service;
use users_service::db::{Database, Error, Outage};

use crate::harness::test_app::{TestApp, answer, json_request, request, service_over};

/// Every route that uses the database.
const ROUTES: [(Method, &str); 8] = [
    (Method::GET, "/users"),
    (Method::GET, "/users?username=ada"),
    (Method::POST, "/users"),
    (Method::GET, "/users/1"),
    (Method::PUT, "/users/1"),
    (Method::PATCH, "/users/1"),
    (Method::DELETE, "/users/1"),
    (Method::GET, "/ready"),
];

/// Text of an inner error, which no client may see.
const INNER_TEXT: &str = "inner text of the driver";

/// How the database fails.
type Failing = fn() -> Error;

/// The router over a database whose every use fails with this error.
fn failing(error: Failing) -> Service {
    service_over(Database::failing(error))
}

fn valid_request(method: &Method, path: &str) -> axum::http::Request<axum::body::Body> {
    json_request(method.clone(), path, r#"{"username":"ada","email":"ada@example.com"}"#)
}

#[tokio::test]
async fn a_panic_is_a_problem_without_its_message() {
    for (method, path) in ROUTES {
        let answer = answer(&failing(|| panic!("{INNER_TEXT}")), valid_request(&method, path)).await;
        answer.assert_problem(500, "internal");
        assert!(!answer.text().contains(INNER_TEXT), "{}", answer.text());
    }
}

#[tokio::test]
async fn an_internal_error_shows_only_a_request_id() {
    for (method, path) in ROUTES {
        let answer =
            answer(&failing(|| Error::Internal(INNER_TEXT.into())), valid_request(&method, path)).await;
        let problem = answer.assert_problem(500, "internal");
        assert_eq!(problem["detail"], "An internal error; quote the request_id");
    }
}

#[tokio::test]
async fn every_kind_of_outage_is_a_503_with_retry_after() {
    let outages: [(Failing, &str); 11] = [
        (|| Error::unavailable(Outage::Unreachable, INNER_TEXT), "database_unreachable"),
        (|| Error::unavailable(Outage::TimedOut, INNER_TEXT), "database_timed_out"),
        (|| Error::unavailable(Outage::Busy, INNER_TEXT), "database_busy"),
        (|| Error::unavailable(Outage::Credentials, INNER_TEXT), "database_credentials"),
        (|| Error::unavailable(Outage::Tls, INNER_TEXT), "database_tls"),
        (|| Error::unavailable(Outage::ReadOnly, INNER_TEXT), "database_read_only"),
        (|| Error::unavailable(Outage::Missing, INNER_TEXT), "database_missing"),
        (|| Error::unavailable(Outage::NotMigrated, INNER_TEXT), "database_not_migrated"),
        (|| Error::unavailable(Outage::Contended, INNER_TEXT), "database_contended"),
        (|| Error::unavailable(Outage::Full, INNER_TEXT), "database_full"),
        (|| Error::unavailable(Outage::Damaged, INNER_TEXT), "database_damaged"),
    ];
    for (outage, code) in outages {
        for (method, path) in ROUTES {
            let answer = answer(&failing(outage), valid_request(&method, path)).await;
            answer.assert_problem(503, code);
            assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
            assert!(!answer.text().contains(INNER_TEXT), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn health_does_not_use_the_database() {
    let health = answer(&failing(|| panic!("{INNER_TEXT}")), request(Method::GET, "/health")).await;
    assert_eq!(health.status, 200);
    let body = health.json();
    assert_eq!(body["status"], "ok");
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert!(body["build"].as_str().is_some_and(|build| !build.is_empty()), "{body}");
    assert!(body["uptime"].is_u64(), "{body}");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem() {
    let app = TestApp::on_sqlite().await;
    for path in [
        "/",
        "//",
        "/user",
        "/Users",
        "/users/1/x",
        "/users/1/2/3",
        "/users//",
        "/%",
        "/%00",
        "/favicon.ico",
        "/docs/nothing.js",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/.env",
    ] {
        let status = app.get(path).await.status.as_u16();
        // `/users//` is `/users` with slashes at its end.
        if path == "/users//" {
            assert_eq!(status, 200);
        } else {
            app.get(path).await.assert_problem(404, "route_not_found");
        }
    }
    app.post("/nothing", json!({})).await.assert_problem(404, "route_not_found");
}

#[tokio::test]
async fn a_wrong_method_is_refused_with_those_allowed() {
    let app = TestApp::on_sqlite().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/users", "GET,HEAD,POST"),
        (Method::PUT, "/users/", "GET,HEAD,POST"),
        (Method::PATCH, "/users", "GET,HEAD,POST"),
        (Method::OPTIONS, "/users", "GET,HEAD,POST"),
        (Method::POST, "/users/1", "DELETE,GET,HEAD,OPTIONS,PATCH,PUT"),
        (Method::TRACE, "/users/abc", "DELETE,GET,HEAD,OPTIONS,PATCH,PUT"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::DELETE, "/ready", "GET,HEAD"),
        (Method::POST, "/openapi.json", "GET,HEAD"),
        (Method::POST, "/openapi-3.0.json", "GET,HEAD"),
        (Method::POST, "/docs", "GET,HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/users", "GET,HEAD,POST"),
    ] {
        let refused = app.send(request(method.clone(), path)).await;
        refused.assert_problem(405, "method_not_allowed");
        let mut methods: Vec<_> = refused.header("allow").split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn an_id_that_is_no_positive_integer_is_refused() {
    let app = TestApp::on_sqlite().await;
    for id in [
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e3",
        "abc",
        "%20",
        "1%20",
        "%E2%91%A0",
        "1%00",
        "%FF",
        "null",
        "1%2F2",
        "0x1",
        "1;drop",
    ] {
        let path = format!("/users/{id}");
        let expected = [("user_id", "invalid_format")];
        app.get(&path).await.assert_field_errors(&expected);
        app.put(&path, json!({"full_name": "Ada"})).await.assert_field_errors(&expected);
        app.delete(&path).await.assert_field_errors(&expected);
    }
}

#[tokio::test]
async fn a_well_formed_request_id_comes_back() {
    let app = TestApp::on_sqlite().await;
    for id in ["abc-123", "JKJaXmPLvHcESHA=", "Root=1-67891233-abcdef012345678912345678", &"x".repeat(128)] {
        for path in ["/users", "/health", "/nothing", "/users/0"] {
            let mut request = request(Method::GET, path);
            request.headers_mut().insert("x-request-id", HeaderValue::from_str(id).unwrap());
            let answer = app.send(request).await;
            assert_eq!(answer.header("x-request-id"), id);
            if answer.status.is_client_error() {
                assert_eq!(answer.json()["request_id"], id);
            }
        }
    }
}

#[tokio::test]
async fn a_malformed_request_id_is_replaced() {
    let app = TestApp::on_sqlite().await;
    for id in ["", "a b", "a\"b", "<script>", "a,b", "a\u{e9}", &"x".repeat(129)] {
        let mut request = request(Method::GET, "/users/1");
        request.headers_mut().insert("x-request-id", HeaderValue::from_bytes(id.as_bytes()).unwrap());
        let answer = app.send(request).await;
        assert_ne!(answer.header("x-request-id"), id);
        assert_eq!(answer.header("x-request-id").len(), 36);
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let app = TestApp::on_sqlite().await;
    let first = app.get("/users").await;
    let second = app.get("/users").await;
    assert_eq!(first.header("x-request-id").len(), 36);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(app.user("ada").await, "/users/1");
    assert_eq!(app.delete("/users/1").await.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn readiness_is_reported() {
    let app = TestApp::on_sqlite().await;
    assert_eq!(app.get("/ready").await.text(), r#"{"status":"ready"}"#);
    assert_eq!(app.get("/ready/").await.status, 200);
}
