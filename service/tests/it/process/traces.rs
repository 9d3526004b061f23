//! `traceparent` in log lines.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Method;
use serde_json::Value;

use crate::harness::program::Server;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// The line of the answer to a request with these headers.
async fn line(server: &Server, path: &str, values: &[String]) -> String {
    let name = HeaderName::from_static("traceparent");
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(&name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers.insert("x-request-id", HeaderValue::try_from(path).unwrap());
    server.send(Method::GET, path, headers, None).await;
    server.program.logged(&format!("{path}\"")).await
}

fn well_formed() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

#[tokio::test]
async fn a_line_in_json_has_the_ids_of_the_trace() {
    let server = Server::on_sqlite(&[("LOG_FORMAT", "json")]).await;
    let line: Value = serde_json::from_str(&line(&server, "/users/1", &[well_formed()]).await).unwrap();
    assert_eq!((&line["trace_id"], &line["parent_id"]), (&TRACE.into(), &PARENT.into()));
}

#[tokio::test]
async fn a_line_in_text_has_them_behind_the_id_of_the_request() {
    let server = Server::on_sqlite(&[("LOG_FORMAT", "text")]).await;
    let headers = HeaderMap::from_iter([
        (HeaderName::from_static("traceparent"), HeaderValue::try_from(well_formed()).unwrap()),
        (HeaderName::from_static("x-request-id"), HeaderValue::from_static("one")),
    ]);
    server.send(Method::GET, "/users/1", headers, None).await;
    let line = server.program.logged("Response: 404").await;
    assert_eq!(
        line,
        format!("INFO: Response: 404 Not Found request_id=one trace_id={TRACE} parent_id={PARENT}")
    );
}

#[tokio::test]
async fn what_is_malformed_or_there_twice_is_in_no_line() {
    let server = Server::on_sqlite(&[("LOG_FORMAT", "json")]).await;
    let hostile = [
        vec![],
        vec![well_formed(), well_formed()],
        vec![format!("{}, {}", well_formed(), well_formed())],
        vec![well_formed().to_uppercase()],
        vec![format!("ff-{TRACE}-{PARENT}-01")],
        vec![format!("00-{}-{PARENT}-01", "0".repeat(32))],
        vec![format!("00-{}\",\"x\":\"-{PARENT}-01", &TRACE[9..])],
        vec![format!("00-{}é-{PARENT}-01", &TRACE[2..])],
        vec!["0".repeat(30_000)],
    ];
    for (number, values) in hostile.iter().enumerate() {
        let line = line(&server, &format!("/users/{}", number + 1), values).await;
        let object: Value = serde_json::from_str(&line).unwrap();
        assert!(object.get("trace_id").is_none() && object.get("parent_id").is_none(), "{line}");
    }
}
