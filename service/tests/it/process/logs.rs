//! Log lines: those of the Python service in text, one object a line in JSON, and no personal data in either.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::databases::MysqlSchema;
use crate::harness::program::{Server, server_variables};
use crate::harness::wire::exchange;

/// The lines after the start-up line.
fn after_start(server: &Server) -> Vec<String> {
    server.program.log().into_iter().skip_while(|line| !line.contains("Listening on")).skip(1).collect()
}

/// The header that gives a request its id.
fn request_id(id: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("x-request-id"), HeaderValue::from_static(id))])
}

/// Waits for as many answers in the log.
async fn answered(server: &Server, count: usize) -> Vec<String> {
    crate::harness::eventually::eventually("line for every answer", async || {
        let lines = after_start(server);
        (lines.iter().filter(|line| line.contains("Response: ")).count() >= count).then_some(lines)
    })
    .await
}

async fn create_ada(server: &Server) {
    let body = json!({"username": "ada_l", "email": "ada@example.com", "full_name": "Lovelace"});
    assert_eq!(server.post("/users", body).await.status, 201);
}

#[tokio::test]
async fn text_lines_are_those_of_the_python_service_and_the_requests_id() {
    let server = Server::on_sqlite(&[("LOG_FORMAT", "text")]).await;
    create_ada(&server).await;
    for (id, target) in
        [("one", "/users/1"), ("two", "/users/?page=1&email=ada@example.com"), ("three", "/users/2")]
    {
        server.send(Method::GET, target, request_id(id), None).await;
    }
    let lines = answered(&server, 4).await;
    let (id, rest) = lines.split_first().unwrap();
    let id = id.strip_prefix("INFO: Request: POST /users request_id=").unwrap();
    assert_eq!(id.len(), 36, "{id}");
    assert_eq!(
        rest,
        [
            &format!("INFO: Response: 201 Created request_id={id}"),
            "INFO: Request: GET /users/1 request_id=one",
            "INFO: Response: 200 OK request_id=one",
            "INFO: Request: GET /users request_id=two",
            "INFO: Response: 200 OK request_id=two",
            "INFO: Request: GET /users/2 request_id=three",
            "INFO: Response: 404 Not Found request_id=three",
        ]
    );
}

#[track_caller]
fn assert_statement_line(lines: &[String], statement: &str) {
    let start = format!("INFO: Database query executed successfully statement={statement} ms=");
    let line = lines.iter().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("no line {start} in {lines:#?}"));
    let (ms, id) = line.strip_prefix(&start).unwrap().split_once(' ').unwrap();
    assert!(id.starts_with("request_id="), "{line}");
    assert!(ms.parse::<f64>().is_ok(), "{ms}");
}

#[tokio::test]
async fn debug_tells_of_every_statement() {
    let server = Server::on_sqlite(&[("LOG_FORMAT", "text"), ("LOG_LEVEL", "DEBUG")]).await;
    create_ada(&server).await;
    server.get("/users/1").await;
    let lines = answered(&server, 2).await;
    assert_statement_line(&lines, "users.create");
    assert_statement_line(&lines, "users.get");
}

#[tokio::test]
async fn the_level_rules_what_is_written() {
    let server = Server::on_sqlite(&[("LOG_LEVEL", "DEBUG")]).await;
    server.get("/users/1").await;
    answered(&server, 1).await;
    // A request that is refused is no fault of the service: nothing but the two lines, and those are INFO.
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("users.db").display().to_string();
    let quiet =
        [("LOG_LEVEL", "WARNING".to_owned()), ("DB_ENGINE", "sqlite".to_owned()), ("SQLITE_PATH", path)];
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let here = [("HOST", "127.0.0.1".to_owned()), ("PORT", port.to_string())];
    let variables: Vec<_> = quiet.into_iter().chain(here).collect();
    let program = crate::harness::program::Program::start(&["serve"], &variables);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    crate::harness::eventually::eventually("answer", async || {
        client.get(format!("http://127.0.0.1:{port}/users/1")).send().await.ok()
    })
    .await;
    assert_eq!(program.log(), Vec::<String>::new());
}

fn parsed(lines: &[String]) -> Vec<Value> {
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

#[tokio::test]
async fn without_a_terminal_lines_are_one_object_each() {
    let server = Server::on_sqlite(&[]).await;
    server.send(Method::GET, "/users/17", request_id("my-id"), None).await;
    server.get("/nothing").await;
    let lines = parsed(&answered(&server, 2).await);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let response = &lines[0];
    assert_eq!(response["level"], "INFO");
    assert_eq!(response["message"], "Response: 404 Not Found");
    assert_eq!(response["request_id"], "my-id");
    assert_eq!(response["method"], "GET");
    assert_eq!(response["path"], "/users/17");
    assert_eq!(response["route"], "/users/{user_id}");
    assert_eq!(response["status"], 404);
    assert!(response["duration_ms"].is_number(), "{response}");
    assert!(response["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{response}");
    // A path that does not exist is no route: one label for all of them.
    assert_eq!(lines[1]["route"], "none");
}

#[tokio::test]
async fn in_json_debug_tells_of_a_request_before_it_is_answered() {
    let server = Server::on_sqlite(&[("LOG_FORMAT", "json"), ("LOG_LEVEL", "DEBUG")]).await;
    server.get("/users/17").await;
    let lines = parsed(&answered(&server, 1).await);
    let request = lines.iter().find(|line| line["message"] == "Request: GET /users/17").unwrap();
    let response = lines.iter().find(|line| line["message"] == "Response: 404 Not Found").unwrap();
    assert_eq!(request["request_id"], response["request_id"]);
}

#[tokio::test]
async fn a_failure_is_logged_once_with_its_cause() {
    let schema = MysqlSchema::new().await;
    let mut variables = server_variables(&schema.login);
    variables.push(("LOG_FORMAT", "json".to_owned()));
    let server = Server::start(&variables).await;
    server.program.logged("The database is not ready").await;
    server.get("/users/1").await.assert_problem(503, "database_not_migrated");
    let lines = parsed(&answered(&server, 1).await);
    let warnings: Vec<_> = lines.iter().filter(|line| line["code"] == "database_not_migrated").collect();
    assert_eq!(warnings.len(), 1, "{lines:#?}");
    assert_eq!(warnings[0]["level"], "WARN");
    assert!(warnings[0]["cause"].as_str().unwrap().contains("1146"), "{}", warnings[0]);
}

/// Does everything that brings personal data to the service, in vain too, and returns the log.
async fn log_of_personal_data(server: &Server) -> Vec<String> {
    create_ada(server).await;
    let put = |body: Value| server.send(Method::PUT, "/users/1", HeaderMap::new(), Some(body));
    for body in [
        json!({"username": "ada_l", "email": "other@example.com"}),
        json!({"username": "other", "email": "ada@example.com"}),
        json!({"username": "ada l", "email": "ada@example", "full_name": "Lovelace\n"}),
    ] {
        server.post("/users", body).await;
    }
    put(json!({"username": "ada_l", "full_name": "Lovelace 2"})).await;
    put(json!({"email": "ada@example.com.", "full_name": ["Lovelace"]})).await;
    server.get("/users?email=ada@example.com").await;
    server.get("/users?username=ada_l&email=nobody").await;
    server.get("/users?page=ada_l").await;
    answered(server, 9).await
}

#[track_caller]
fn assert_discreet(lines: &[String], password: &str) {
    for line in lines {
        for secret in ["ada_l", "ada l", "Lovelace", "@example", "other", "nobody", "insert into", password] {
            assert!(!line.contains(secret), "{secret}: {line}");
        }
    }
}

#[tokio::test]
async fn no_log_of_sqlite_has_personal_data() {
    for format in ["text", "json"] {
        let server = Server::on_sqlite(&[("LOG_LEVEL", "TRACE"), ("LOG_FORMAT", format)]).await;
        assert_discreet(&log_of_personal_data(&server).await, "hunter2");
    }
}

#[tokio::test]
async fn no_log_of_the_server_has_personal_data() {
    let schema = MysqlSchema::migrated().await;
    for format in ["text", "json"] {
        let mut variables = server_variables(&schema.login);
        let password = variables.iter().find(|(name, _)| *name == "DB_PASSWORD").unwrap().1.clone();
        variables.push(("LOG_LEVEL", "TRACE".to_owned()));
        variables.push(("LOG_FORMAT", format.to_owned()));
        schema.execute("delete from users; alter table users auto_increment = 1").await;
        let server = Server::start(&variables).await;
        assert_discreet(&log_of_personal_data(&server).await, &password);
    }
}

/// What a client can put where, of characters that end a line, move a terminal's cursor or turn its text around.
const FORGERIES: [&str; 8] = [
    "GET /users/1%0AINFO:%20Response:%20200%20OK HTTP/1.1\r\n",
    "GET /users/%1b[31mred HTTP/1.1\r\n",
    "GET /users/\u{9b}31mred HTTP/1.1\r\n",
    "GET /users/1\u{85}\u{2028}INFO: HTTP/1.1\r\n",
    "GET /users/\u{202e}1\u{7f} HTTP/1.1\r\n",
    "GET /users?username=\u{9b}31mred HTTP/1.1\r\n",
    "GET /users/1 HTTP/1.1\r\nX-Request-Id: a\u{9b}31m\r\nUser-Agent: \u{85}INFO: \u{202e}\r\n",
    "GET http://\u{9b}31m/users/1 HTTP/1.1\r\n",
];

#[tokio::test]
async fn a_request_cannot_forge_a_line() {
    for format in ["text", "json"] {
        let server = Server::on_sqlite(&[("LOG_FORMAT", format), ("LOG_LEVEL", "TRACE")]).await;
        for forgery in FORGERIES {
            exchange(&server, format!("{forgery}Host: x\r\nConnection: close\r\n\r\n").as_bytes());
        }
        let name =
            json!({"username": "a\nINFO: b", "email": "a@b.com\nINFO: c", "full_name": "\u{1b}[31mred"});
        assert_eq!(server.post("/users", name).await.status, 422);
        server.get("/the-last-one").await;
        server.program.logged("Response: 404 Not Found").await;
        for line in after_start(&server) {
            assert!(line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{line:?}");
            let own = if format == "json" { line.starts_with('{') } else { is_own(&line) };
            assert!(own, "{line}");
        }
    }
}

/// Whether a line of text begins as one of the service's own.
fn is_own(line: &str) -> bool {
    let starts = [
        "INFO: Request: ",
        "INFO: Response: ",
        "INFO: A request was refused before it was read",
        "INFO: Database query ",
        "DEBUG: A connection ended early ",
    ];
    starts.iter().any(|start| line.starts_with(start))
}

/// What a client sends at most: the parser takes no longer head.
const LONG: usize = 60_000;

#[tokio::test]
async fn what_a_client_sends_is_cut() {
    for (format, limit) in [("text", 1200), ("json", 2500)] {
        let server = Server::on_sqlite(&[("LOG_FORMAT", format), ("LOG_LEVEL", "TRACE")]).await;
        for (method, path) in [
            ("GET", "x".repeat(LONG)),
            ("GET", "\u{85}".repeat(LONG / 2)),
            (&"X".repeat(LONG), "x".to_owned()),
        ] {
            exchange(
                &server,
                format!("{method} /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
            );
        }
        let lines = answered(&server, 3).await;
        assert!(lines.iter().filter(|line| line.contains('…')).count() >= 3, "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("X…")), "{lines:#?}");
        for line in lines {
            assert!(line.len() < limit, "{}", line.len());
        }
    }
}

#[tokio::test]
async fn the_first_line_says_where_the_calls_are_documented() {
    let server = Server::on_sqlite(&[("LOG_FORMAT", "text")]).await;
    let line = server.program.logged("docs at ").await;
    let url = line.split("docs at ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(reqwest::get(url).await.unwrap().status(), 200, "{line}");
}

#[tokio::test]
async fn lines_outside_a_request_have_no_request_id() {
    for format in ["text", "json"] {
        let server = Server::on_sqlite(&[("LOG_FORMAT", format)]).await;
        server.get("/users/1").await;
        server.program.terminate();
        for part in ["Listening on", "Stopping"] {
            assert!(!server.program.logged(part).await.contains("request_id"));
        }
        assert!(server.program.logged("Response:").await.contains("request_id"));
    }
}
