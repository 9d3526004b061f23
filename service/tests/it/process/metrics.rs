//! Metrics, scraped from the running executable.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use reqwest::{Method, StatusCode};
use serde_json::json;
use users_service::metrics::METRICS;

use crate::harness::databases::MysqlSchema;
use crate::harness::eventually::eventually;
use crate::harness::program::{Program, Server, command, server_variables};
use crate::harness::test_app::Answer;
use crate::harness::wire::{LAST_REQUEST, exchange};

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A server and where its metrics are.
pub(super) struct Watched {
    pub(super) server: Server,
    address: String,
}

impl Watched {
    pub(super) async fn on_sqlite(variables: &[(&str, &str)]) -> Self {
        let own = variables.iter().copied().chain([("METRICS_PORT", "0")]);
        Self::over(Server::on_sqlite(&own.collect::<Vec<_>>()).await).await
    }

    pub(super) async fn over(server: Server) -> Self {
        let line = server.program.logged("Metrics at http://").await;
        let (_, rest) = line.split_once("http://").unwrap();
        let address = rest.split_once("/metrics").unwrap().0.to_owned();
        Self { server, address }
    }

    pub(super) async fn ask(&self, method: Method, path: &str) -> Answer {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.request(method, format!("http://{}{path}", self.address)).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap() }
    }

    /// Every sample, by its name with its labels.
    pub(super) async fn scrape(&self) -> BTreeMap<String, f64> {
        let answer = self.ask(Method::GET, "/metrics").await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, MEDIA_TYPE));
        samples(answer.text())
    }
}

fn samples(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = samples.map(|line| line.rsplit_once(' ').unwrap());
    let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect();
    let by_name: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(by_name.len(), pairs.len(), "a sample is there twice:\n{text}");
    by_name
}

#[track_caller]
pub(super) fn assert_samples(samples: &BTreeMap<String, f64>, expected: &[(&str, f64)]) {
    for (name, value) in expected {
        assert_eq!(samples.get(*name), Some(value), "{name} in {samples:#?}");
    }
}

fn ada() -> serde_json::Value {
    json!({"username": "ada", "email": "ada@example.com"})
}

async fn counts_what_was_asked(watched: Watched, connections: f64) {
    let server = &watched.server;
    for _ in 0..3 {
        server.get("/users/7").await.assert_problem(404, "user_not_found");
    }
    assert_eq!(server.post("/users", ada()).await.status, 201);
    assert_eq!(server.post("/users", ada()).await.status, 409);
    assert_eq!(server.get("/users/1").await.status, 200);
    server.get("/nothing").await.assert_problem(404, "route_not_found");
    server
        .send(Method::DELETE, "/users", HeaderMap::new(), None)
        .await
        .assert_problem(405, "method_not_allowed");
    let samples = watched.scrape().await;
    let requests = "users_service_http_requests_total";
    let duration = "users_service_http_request_duration_seconds";
    assert_samples(
        &samples,
        &[
            (&format!(r#"{requests}{{route="/users/{{user_id}}",method="GET",status="404"}}"#), 3.0),
            (&format!(r#"{requests}{{route="/users/{{user_id}}",method="GET",status="200"}}"#), 1.0),
            (&format!(r#"{requests}{{route="/users",method="POST",status="201"}}"#), 1.0),
            (&format!(r#"{requests}{{route="/users",method="POST",status="409"}}"#), 1.0),
            (&format!(r#"{requests}{{route="/users",method="DELETE",status="405"}}"#), 1.0),
            (&format!(r#"{requests}{{route="unmatched",method="GET",status="404"}}"#), 1.0),
            (&format!(r#"{duration}_count{{route="/users/{{user_id}}",method="GET"}}"#), 4.0),
            (&format!(r#"{duration}_bucket{{route="/users/{{user_id}}",method="GET",le="+Inf"}}"#), 4.0),
            (&format!(r#"{duration}_bucket{{route="/users/{{user_id}}",method="GET",le="10.0"}}"#), 4.0),
            (r#"users_service_db_statements_total{outcome="refused"}"#, 1.0),
            (r#"users_service_db_statements_total{outcome="failed"}"#, 0.0),
            ("users_service_db_connections_max", connections),
            ("users_service_password_hashes_total", 0.0),
            ("users_service_log_lines_dropped_total", 0.0),
        ],
    );
    assert!(samples[r#"users_service_db_statements_total{outcome="ok"}"#] >= 5.0, "{samples:#?}");
    let (open, idle) =
        (samples["users_service_db_connections_open"], samples["users_service_db_connections_idle"]);
    assert!((1.0..=connections).contains(&open) && (1.0..=open).contains(&idle), "{samples:#?}");
    assert!(samples["process_start_time_seconds"] > 1.7e9, "{samples:#?}");
}

#[tokio::test]
async fn requests_and_statements_are_counted_on_sqlite() {
    counts_what_was_asked(Watched::on_sqlite(&[]).await, 5.0).await;
}

#[tokio::test]
async fn requests_and_statements_are_counted_on_the_server() {
    let schema = MysqlSchema::migrated().await;
    let mut variables = server_variables(&schema.application());
    variables.push(("METRICS_PORT", "0".to_owned()));
    counts_what_was_asked(Watched::over(Server::start(&variables).await).await, 16.0).await;
}

#[tokio::test]
async fn hashes_mails_and_refusals_are_counted() {
    let watched = Watched::on_sqlite(&[
        ("ACCESS", "tokens"),
        ("SIGN_UP", "open"),
        ("MAIL", "console"),
        ("PUBLIC_URL", "http://localhost:8000"),
        ("SIGNING_KEYS_FILE", "keys.json"),
        ("PASSWORD_HASH", "m=8,t=1,p=1"),
        ("SIGN_IN_LIMIT", "2/15m"),
        ("REQUEST_LIMIT", "6"),
    ])
    .await;
    let server = &watched.server;
    let user =
        json!({"username": "ada", "email": "ada@example.com", "password": "correct horse battery staple"});
    assert_eq!(server.post("/users", user).await.status, 201);
    let wrong = json!({"login": "ada", "password": "Wr0ngPa55w0rdOfTheTest"});
    for status in [401, 401, 429] {
        assert_eq!(server.post("/sessions", wrong.clone()).await.status, status);
    }
    let asked = server.post("/email-verifications", json!({"email": "ada@example.com"})).await;
    assert_eq!(asked.status, 202);
    while server.get("/users/1").await.status != 429 {}
    let sent = r#"users_service_mails_total{outcome="sent"}"#;
    let samples = eventually("mail that is counted", async || {
        Some(watched.scrape().await).filter(|samples| samples[sent] > 0.0)
    })
    .await;
    assert_samples(
        &samples,
        &[
            ("users_service_password_hashes_total", 3.0),
            ("users_service_password_hash_refusals_total", 0.0),
            (r#"users_service_mails_total{outcome="postponed"}"#, 0.0),
            (r#"users_service_mails_total{outcome="given_up"}"#, 0.0),
            (r#"users_service_limit_refusals_total{limit="sign-in"}"#, 1.0),
            (r#"users_service_limit_refusals_total{limit="requests"}"#, 1.0),
        ],
    );
    assert!(samples["users_service_password_hash_seconds_total"] > 0.0, "{samples:#?}");
}

#[tokio::test]
async fn whatever_is_asked_for_the_number_of_series_is_bounded() {
    let watched = Watched::on_sqlite(&[]).await;
    let head = |number: usize| {
        let (method, path) = match number % 4 {
            0 => (format!("M{number}"), format!("/users/{number}")),
            1 => ("GET".to_owned(), format!("/{number}/x?y={number}")),
            2 => (format!("X{number}"), format!("/{number}")),
            _ => ("GET".to_owned(), format!("/users/{number}x")),
        };
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n")
    };
    let mut octets: String = (0..1000).map(head).collect();
    octets += LAST_REQUEST;
    exchange(&watched.server, octets.as_bytes());
    let samples = watched.scrape().await;
    let counted = samples.iter().filter(|(name, _)| name.starts_with("users_service_http_requests_total"));
    let counted: Vec<_> = counted.collect();
    // One for each kind above, and the last request.
    assert_eq!(counted.len(), 5, "{counted:#?}");
    let total: f64 = counted.iter().map(|(_, count)| **count).sum();
    assert!((total - 1001.0).abs() < 0.5, "{counted:#?}");
    assert!(
        samples.contains_key(
            r#"users_service_http_requests_total{route="/users/{user_id}",method="other",status="405"}"#
        ),
        "{samples:#?}"
    );
}

#[tokio::test]
async fn every_metric_of_the_list_is_there_in_its_order_and_no_other() {
    let watched = Watched::on_sqlite(&[]).await;
    let answer = watched.ask(Method::GET, "/metrics").await;
    let types: Vec<_> = answer.text().lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let declared: Vec<_> =
        METRICS.iter().map(|metric| format!("{} {}", metric.name, metric.kind.name())).collect();
    assert_eq!(types, declared);
    let head = watched.ask(Method::HEAD, "/metrics").await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-type"), MEDIA_TYPE);
}

#[tokio::test]
async fn nothing_else_is_on_the_port_and_metrics_are_on_no_other() {
    let watched = Watched::on_sqlite(&[]).await;
    for path in ["/", "/users", "/metrics/", "/metrics/x", "/Metrics", "/health"] {
        assert_eq!(watched.ask(Method::GET, path).await.status, 404, "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = watched.ask(method, "/metrics").await;
        assert_eq!((answer.status.as_u16(), answer.header(header::ALLOW.as_str())), (405, "GET, HEAD"));
    }
    watched.server.get("/metrics").await.assert_problem(404, "route_not_found");
}

#[tokio::test]
async fn clients_that_say_nothing_do_not_keep_others_out_for_long() {
    let watched = Watched::on_sqlite(&[]).await;
    let silent: Vec<_> = (0..8).map(|_| TcpStream::connect(&watched.address).unwrap()).collect();
    assert!(!watched.scrape().await.is_empty());
    drop(silent);
    let mut slow = TcpStream::connect(&watched.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    slow.write_all("x".repeat(20_000).as_bytes()).unwrap();
    let mut answer = String::new();
    // It may be reset, as the rest is not read.
    let _ = slow.read_to_string(&mut answer);
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn without_the_setting_there_is_no_listener() {
    let server = Server::on_sqlite(&[]).await;
    assert_eq!(server.get("/health").await.status, 200);
    assert!(!server.program.log().iter().any(|line| line.contains("Metrics")));
    #[cfg(target_os = "linux")]
    assert_eq!(listening_sockets(server.program.id()), 1);
}

/// How many TCP sockets of a process listen.
#[cfg(target_os = "linux")]
fn listening_sockets(process: u32) -> usize {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
    let own: Vec<_> = links.map(|link| link.display().to_string()).collect();
    let table = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row[3] == "0A" && own.contains(&format!("socket:[{}]", row[9]))).count()
}

#[tokio::test]
async fn metrics_are_there_until_the_last_request_is_answered() {
    let mut watched = Watched::on_sqlite(&[]).await;
    let body = ada().to_string();
    let mut stream = TcpStream::connect(&watched.server.address).unwrap();
    let head = format!(
        "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    write!(stream, "{head}\r\n\r\n{}", &body[..9]).unwrap();
    watched.server.get("/health").await;
    watched.server.program.terminate();
    watched.server.program.logged("Stopping on").await;
    assert!(!watched.scrape().await.is_empty());
    write!(stream, "{}", &body[9..]).unwrap();
    assert!(watched.server.program.ended().await.success());
    assert!(TcpStream::connect(&watched.address).is_err());
}

#[tokio::test]
async fn a_port_that_is_taken_ends_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let variables = [("DB_ENGINE", "sqlite"), ("HOST", "127.0.0.1"), ("PORT", "0"), ("METRICS_PORT", &port)];
    let variables = variables.map(|(name, value)| (name, value.to_owned()));
    let mut program = Program::start(&["serve"], &variables);
    assert!(!program.ended().await.success());
    program.logged("set METRICS_HOST and METRICS_PORT to others").await;
    let same =
        variables.clone().map(|(name, value)| (name, if name == "PORT" { port.clone() } else { value }));
    let output = command(&["serve"], &same).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("METRICS_PORT is the same as PORT"), "{text}");
}
