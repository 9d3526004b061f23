//! Heads that are not read to their end: each is answered with a problem and has one line in the log.

use serde_json::Value;

use crate::harness::program::Server;
use crate::harness::wire::{exchange, statuses};

/// The body of the one answer, and its headers in lower case.
fn problem(answer: &str) -> (Value, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")),
        head.to_ascii_lowercase(),
    )
}

fn with_headers(count: usize) -> String {
    format!("GET /health HTTP/1.1\r\nHost: x\r\n{}\r\n", "x-many: x\r\n".repeat(count))
}

#[tokio::test]
async fn a_refused_head_is_a_problem_with_a_line_in_the_log() {
    let server = Server::on_sqlite(&[("LOG_FORMAT", "json")]).await;
    for (request, status, code) in [
        ("BAD\x01REQUEST\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET /health HTTP/1.1\r\nX Y: z\r\n\r\n".to_owned(), 400, "malformed_request"),
        (with_headers(200), 431, "header_fields_too_large"),
        (
            format!("GET /health HTTP/1.1\r\nHost: x\r\nx-long: {}\r\n\r\n", "x".repeat(100_000)),
            431,
            "header_fields_too_large",
        ),
        (format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000)), 431, "header_fields_too_large"),
    ] {
        let logged = server.program.log().len();
        let answer = exchange(&server, request.as_bytes());
        let start = request.get(..20);
        assert_eq!(statuses(&answer), [status], "{start:?}: {answer}");
        let (problem, head) = problem(&answer);
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{start:?}");
        let id = problem["request_id"].as_str().unwrap();
        assert!(head.contains(&format!("x-request-id: {id}")), "{head}");
        for header in
            ["content-type: application/problem+json", "connection: close", "cache-control: no-store"]
        {
            assert!(head.contains(header), "{header}: {head}");
        }
        server.program.logged(id).await;
        let lines = &server.program.log()[logged..];
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].len() < 2_000, "{}", lines[0]);
    }
}

#[tokio::test]
async fn a_head_is_refused_after_others_were_answered() {
    let server = Server::on_sqlite(&[]).await;
    let valid = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = exchange(&server, format!("{valid}{valid}{}", with_headers(200)).as_bytes());
    assert_eq!(statuses(&answer), [200, 200, 431]);
    assert!(answer.contains("header_fields_too_large"), "{answer}");
}

#[tokio::test]
async fn a_path_of_more_than_32_kib_is_a_problem() {
    let server = Server::on_sqlite(&[]).await;
    for (length, status, code) in [(30_000, 404, "route_not_found"), (33_000, 414, "uri_too_long")] {
        let answer = server.get(&format!("/{}", "x".repeat(length))).await;
        answer.assert_problem(status, code);
    }
    // A client's octets must not fill the log.
    for line in server.program.log() {
        assert!(line.len() < 2_000, "{} octets", line.len());
    }
}

#[tokio::test]
async fn clients_that_come_and_go_leave_no_line() {
    let server = Server::on_sqlite(&[]).await;
    for octets in ["", "\r\n", "GET /health HT"] {
        let stream = std::net::TcpStream::connect(&server.address).unwrap();
        std::io::Write::write_all(&mut &stream, octets.as_bytes()).unwrap();
        drop(stream);
    }
    assert_eq!(server.get("/health").await.status, 200);
    server.program.logged("Response: 200").await;
    let lines = server.program.log();
    assert!(lines.iter().skip(1).all(|line| line.contains("Response: 200 OK")), "{lines:#?}");
}
