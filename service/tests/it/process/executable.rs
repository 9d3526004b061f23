//! `serve`, called over a socket and stopped by a signal.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use axum::http::HeaderMap;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::databases::MysqlSchema;
use crate::harness::program::{Server, server_variables};
use crate::harness::proxy::{Mode, Proxy};
use users_service::clock::monotonic;
use users_service::db::migrations::Task;

/// Every call of the contract, over a socket.
async fn speak_to(server: &Server) {
    let body = json!({"username": "john_doe", "email": "john@example.com", "full_name": "John 😀"});
    let created = server.post("/users", body.clone()).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.header("location"), "/users/1");
    let date = created.json()["created_at"].as_str().unwrap().to_owned();
    assert_eq!(
        created.text(),
        format!(
            r#"{{"user_id":1,"username":"john_doe","email":"john@example.com","full_name":"John 😀","created_at":"{date}"}}"#
        )
    );
    assert_eq!((date.len(), date.as_bytes()[10]), (19, b'T'));
    assert_eq!(server.get("/users/1").await.text(), created.text());
    assert_eq!(server.get("/users/?page=1&page_size=5").await.json()["total"], 1);
    assert_eq!(server.post("/users", body).await.status, 409);
    let body = Some(json!({"full_name": null}));
    let changed = server.send(Method::PUT, "/users/1", HeaderMap::new(), body).await;
    assert_eq!(changed.json()["full_name"], json!(null));
    server.get("/users/abc").await.assert_problem(422, "invalid_input");
    server.get("/nothing").await.assert_problem(404, "route_not_found");
    let deleted = server.send(Method::DELETE, "/users/1", HeaderMap::new(), None).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
    server.get("/users/1").await.assert_problem(404, "user_not_found");
    assert_eq!(server.get("/health").await.status, 200);
    assert_eq!(server.get("/ready").await.text(), r#"{"status":"ready"}"#);
    assert_eq!(server.get("/docs").await.status, 200);
    assert!(server.get("/openapi.json").await.json()["paths"]["/users"].is_object());
}

#[tokio::test]
async fn it_serves_on_sqlite() {
    let mut server = Server::on_sqlite(&[]).await;
    speak_to(&server).await;
    server.program.terminate();
    assert!(server.program.ended().await.success());
}

#[tokio::test]
async fn it_serves_on_the_server() {
    let schema = MysqlSchema::migrated().await;
    let mut server = Server::start(&server_variables(&schema.application())).await;
    speak_to(&server).await;
    server.program.terminate();
    assert!(server.program.ended().await.success());
}

#[tokio::test]
async fn the_first_line_says_where_it_listens_and_on_which_database() {
    let server = Server::on_sqlite(&[("SQLITE_PATH", "mine.db"), ("LOG_FORMAT", "text")]).await;
    let address = &server.address;
    assert_eq!(
        server.program.log(),
        [format!(
            "INFO: Listening on http://{address}, database SQLite mine.db, docs at http://{address}/docs"
        )]
    );
}

#[tokio::test]
async fn it_starts_before_its_database_and_connects_later() {
    let schema = MysqlSchema::new().await;
    let server = Server::start(&server_variables(&schema.login)).await;
    server.program.logged("The database is not ready").await;
    server.get("/users").await.assert_problem(503, "database_not_migrated");
    schema.migrate(Task::Apply).await.unwrap();
    assert_eq!(server.get("/users").await.status, 200);
}

#[tokio::test]
async fn users_are_kept_when_the_process_ends() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("users.db").display().to_string();
    let mut server = Server::on_sqlite(&[("SQLITE_PATH", &path)]).await;
    server.post("/users", json!({"username": "ada", "email": "ada@example.com"})).await;
    // Killed, without a shutdown.
    server.program.signal("KILL");
    server.program.ended().await;
    let server = Server::on_sqlite(&[("SQLITE_PATH", &path)]).await;
    assert_eq!(server.get("/users/1").await.json()["username"], "ada");
}

/// A connection on which a test writes octet by octet.
fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

const HEAD: &str =
    "POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

async fn finishes_its_requests(signal: &str) {
    let mut server = Server::on_sqlite(&[("LOG_FORMAT", "text")]).await;
    let body = r#"{"username":"ada","email":"ada@example.com"}"#;
    let mut stream = connect(&server);
    write!(stream, "{HEAD}Content-Length: {}\r\n\r\n{}", body.len(), &body[..20]).unwrap();
    server.program.logged("Request: POST /users").await;
    server.program.signal(signal);
    server.program.logged("Stopping").await;
    assert!(TcpStream::connect(&server.address).is_err(), "new connections are still taken");
    stream.write_all(&body.as_bytes()[20..]).unwrap();
    let answer = answer(stream);
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(server.program.ended().await.success());
}

#[tokio::test]
async fn sigterm_lets_requests_finish() {
    finishes_its_requests("TERM").await;
}

#[tokio::test]
async fn ctrl_c_lets_requests_finish() {
    finishes_its_requests("INT").await;
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_it_from_stopping() {
    let mut server = Server::on_sqlite(&[]).await;
    // Kept alive by the client.
    assert_eq!(server.get("/health").await.status, 200);
    let _silent = connect(&server);
    server.program.terminate();
    assert!(server.program.ended().await.success());
}

#[tokio::test]
async fn a_head_that_is_not_finished_does_not_keep_it_from_stopping() {
    let mut server = Server::on_sqlite(&[]).await;
    let mut unfinished = connect(&server);
    write!(unfinished, "GET /health HT").unwrap();
    assert_eq!(server.get("/health").await.status, 200);
    let begin = monotonic();
    server.program.terminate();
    assert!(server.program.ended().await.success());
    // Requests in flight would have 25 seconds.
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_while_it_is_sent() {
    let server = Server::on_sqlite(&[]).await;
    let mut stream = connect(&server);
    let body = "x".repeat(3 << 20);
    write!(stream, "{HEAD}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let answer = answer(stream);
    assert!(answer.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
}

#[tokio::test]
async fn a_client_that_expects_100_continue_is_refused_before_it_sends_too_much() {
    let server = Server::on_sqlite(&[]).await;
    let mut stream = connect(&server);
    write!(stream, "{HEAD}Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n").unwrap();
    let answer = answer(stream);
    assert!(answer.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{answer}");
}

#[tokio::test]
async fn a_client_that_expects_100_continue_is_answered_at_once() {
    let server = Server::on_sqlite(&[]).await;
    let mut stream = connect(&server);
    let head =
        "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let answer = answer(stream);
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
}

#[tokio::test]
async fn a_client_that_is_still_writing_gets_the_answer() {
    let server = Server::on_sqlite(&[]).await;
    for path in ["/users", "/nothing"] {
        let mut stream = connect(&server);
        let (length, piece) = (12 << 20, vec![b'x'; 1 << 20]);
        let head = HEAD.replace("/users", path);
        write!(stream, "{head}Content-Length: {length}\r\n\r\n").unwrap();
        for _ in 0..12 {
            stream.write_all(&piece).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
        let answer = answer(stream);
        let status = if path == "/users" { "413 Payload Too Large" } else { "404 Not Found" };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_not_waited_for() {
    let server = Server::on_sqlite(&[]).await;
    let mut stream = connect(&server);
    let head = HEAD.replace("/users", "/nothing");
    write!(stream, "{head}Content-Length: 1000000\r\n\r\nand that is all").unwrap();
    let start = monotonic();
    let answer = answer(stream);
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_request_whose_client_goes_away_has_a_line_in_the_log() {
    let schema = MysqlSchema::new().await;
    schema.migrate(Task::Apply).await.unwrap();
    let proxy = Proxy::to(&schema.login).await;
    let mut variables = server_variables(&proxy.login(&schema.login));
    variables.extend([("LOG_FORMAT", "json".to_owned()), ("LOG_LEVEL", "DEBUG".to_owned())]);
    let server = Server::start(&variables).await;
    assert_eq!(server.get("/users").await.status, 200);
    proxy.set(Mode::Silent);
    let mut stream = connect(&server);
    write!(stream, "GET /users/17 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    server.program.logged("Request: GET /users/17").await;
    drop(stream);
    let line = server.program.logged("client closed").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["level"], &line["method"]), (&"INFO".into(), &"GET".into()));
    assert_eq!((&line["path"], &line["route"]), (&"/users/17".into(), &"/users/{user_id}".into()));
    assert!(line["duration_ms"].is_number(), "{line}");
}

#[tokio::test]
async fn a_chunked_body_is_read() {
    let server = Server::on_sqlite(&[]).await;
    let mut stream = connect(&server);
    let body = r#"{"username":"ada","email":"ada@example.com"}"#;
    write!(stream, "{HEAD}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
        .unwrap();
    let answer = answer(stream);
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_framed_wrongly_is_a_problem() {
    let server = Server::on_sqlite(&[]).await;
    let mut stream = connect(&server);
    write!(stream, "{HEAD}Transfer-Encoding: chunked\r\n\r\nnot a length\r\n").unwrap();
    let answer = answer(stream);
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.contains(r#""code":"broken_body""#), "{answer}");
}

#[tokio::test]
async fn an_odd_target_is_answered() {
    let server = Server::on_sqlite(&[]).await;
    for target in ["*", "//users", "http://example.com/users", "/users?%", "/%ff%fe", "/health#x"] {
        let mut stream = connect(&server);
        write!(stream, "OPTIONS {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let answer = answer(stream);
        assert!(answer.starts_with("HTTP/1.1 4"), "{target}: {answer}");
    }
}
