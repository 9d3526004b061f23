//! Where a request ends: nothing that one server would read as one request, and another as two, is served as two.
//! <https://www.rfc-editor.org/rfc/rfc9112#section-11.2>

use crate::harness::program::Server;
use crate::harness::wire::{LAST_REQUEST, exchange, statuses};

/// What an attacker hides in the body of another request.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
const POST: &str = "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

/// Sends each request, followed by one that closes the connection: the answers must be exactly these.
async fn assert_answers(cases: &[(String, &[u16])]) {
    let server = Server::on_sqlite(&[]).await;
    for (request, expected) in cases {
        let answers = exchange(&server, format!("{request}{LAST_REQUEST}").as_bytes());
        assert_eq!(statuses(&answers), *expected, "{request:?} is answered {answers}");
        assert!(!answers.contains("route_not_found"), "{request:?} smuggles: {answers}");
    }
    assert_eq!(server.get("/health").await.status, 200);
}

/// POST with these header lines and this body.
fn post(lines: &str, body: &str) -> String {
    format!("{POST}{lines}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_request_with_both_a_length_and_chunks_is_the_last_of_its_connection() {
    let body = format!("0\r\n\r\n{SMUGGLED}");
    let (length, chunked) = (format!("Content-Length: {}", body.len()), "Transfer-Encoding: chunked");
    assert_answers(&[
        (post(&format!("{length}\r\n{chunked}"), &body), &[400]),
        (post(&format!("{chunked}\r\n{length}"), &body), &[400]),
        (post(&format!("Content-Length: 4\r\n{chunked}"), &format!("2\r\n{{}}\r\n{body}")), &[422]),
        (post(&format!("{chunked}\r\nContent-Length: x"), &body), &[400]),
    ])
    .await;
}

#[tokio::test]
async fn a_length_has_one_value() {
    let different = format!("Content-Length: 2\r\nContent-Length: {}", 2 + SMUGGLED.len());
    let mut cases: Vec<(String, &[u16])> = vec![
        (post(&different, &format!("{{}}{SMUGGLED}")), &[400]),
        // The same twice has one meaning.
        (post("Content-Length: 2\r\nContent-Length: 2", "{}"), &[422, 200]),
    ];
    for length in ["2, 2", "2,40", "+2", "-2", "0x2", "2 2", "2.0", "", "99999999999999999999", "\u{663}"] {
        cases.push((post(&format!("Content-Length: {length}"), &format!("{{}}{SMUGGLED}")), &[400]));
    }
    assert_answers(&cases).await;
}

#[tokio::test]
async fn a_coding_that_is_not_chunked_at_its_end_is_refused() {
    let body = format!("0\r\n\r\n{SMUGGLED}");
    let mut cases = Vec::new();
    for coding in [
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding:\r\n chunked",
        " Transfer-Encoding: chunked",
    ] {
        cases.push((post(&format!("{coding}\r\nContent-Length: {}", body.len()), &body), &[400][..]));
    }
    cases.push((format!("POST /users HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{body}"), &[400]));
    assert_answers(&cases).await;
}

#[tokio::test]
async fn a_chunk_has_a_plain_hexadecimal_size_and_ends_where_it_says() {
    let mut cases = Vec::new();
    for chunks in [
        "+2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "2 2\r\n{}\r\n0\r\n\r\n",
        "2_\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "2;a=b\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
    ] {
        cases.push((post("Transfer-Encoding: chunked", &format!("{chunks}{SMUGGLED}")), &[400][..]));
    }
    for chunks in [
        "2;a=b\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nContent-Length: 99\r\n\r\n",
        "1\r\n{\r\n01\r\n}\r\n00\r\n\r\n",
    ] {
        cases.push((post("Transfer-Encoding: chunked", chunks), &[422, 200]));
    }
    assert_answers(&cases).await;
}

#[tokio::test]
async fn a_head_is_unambiguous() {
    let folded = "GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n";
    assert_answers(&[
        (folded.to_owned(), &[400]),
        (folded.replace("\r\n c", "\rX-B: c"), &[400]),
        (folded.replace("b\r\n c", "b\0c"), &[400]),
        (folded.replace("X-A: b\r\n c", "X A: b"), &[400]),
        (folded.replace("X-A: b\r\n c", ": b"), &[400]),
        (folded.replace("X-A: b\r\n c", "X-A"), &[400]),
        // Lines that end in LF alone may be read (section 2.2), as long as they end nothing but lines.
        (folded.replace("X-A: b\r\n c\r\n", "").replace("\r\n", "\n"), &[200, 200]),
        ("GET  /health HTTP/1.1\r\n\r\n".to_owned(), &[400]),
        ("GET /health HTTP/1.1 \r\n\r\n".to_owned(), &[400]),
        ("GET /health HTTP/2.0\r\n\r\n".to_owned(), &[400]),
        ("GET /health\r\n\r\n".to_owned(), &[400]),
        ("GET /health smuggled HTTP/1.1\r\n\r\n".to_owned(), &[400]),
    ])
    .await;
}

#[tokio::test]
async fn a_body_that_no_route_reads_is_not_parsed_as_a_request() {
    let length = format!("Content-Length: {}", SMUGGLED.len());
    let with_body = |line: &str| format!("{line}\r\nHost: x\r\n{length}\r\n\r\n{SMUGGLED}");
    assert_answers(&[
        (with_body("GET /health HTTP/1.1"), &[200, 200]),
        (with_body("HEAD /health HTTP/1.1"), &[200, 200]),
        (with_body("DELETE /users/7 HTTP/1.1"), &[404, 200]),
        (with_body("POST /users HTTP/1.1"), &[415, 200]),
        (with_body("OPTIONS /users HTTP/1.1"), &[405, 200]),
    ])
    .await;
}

#[tokio::test]
async fn a_request_names_one_host() {
    let body = format!("Content-Length: {}\r\n\r\n{SMUGGLED}", SMUGGLED.len());
    assert_answers(&[
        ("GET /health HTTP/1.1\r\n\r\n".to_owned(), &[400, 200]),
        ("GET /health HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n".to_owned(), &[400, 200]),
        ("GET http://x/health HTTP/1.1\r\n\r\n".to_owned(), &[400, 200]),
        (format!("POST /users HTTP/1.1\r\n{body}"), &[400, 200]),
        ("GET /health HTTP/1.1\r\nHost:\r\n\r\n".to_owned(), &[200, 200]),
        // HTTP/1.0 knows no hosts.
        ("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_owned(), &[200, 200]),
    ])
    .await;
}

#[tokio::test]
async fn an_ambiguous_request_is_a_problem() {
    let server = Server::on_sqlite(&[]).await;
    let end = "Connection: close\r\n\r\n";
    for (request, status, code) in [
        (format!("GET /health HTTP/1.1\r\n{end}"), 400, "invalid_host"),
        (format!("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n{end}"), 400, "invalid_host"),
        (format!("GET /health HTTP/1.1\r\nHost: a b\r\n{end}"), 400, "invalid_host"),
        (format!("GET /health HTTP/1.1\r\nHost: ada@a\r\n{end}"), 400, "invalid_host"),
        (format!("GET /health HTTP/1.1\r\nHost: a/b\r\n{end}"), 400, "invalid_host"),
        (format!("{POST}Content-Type: text/plain\r\n{end}"), 400, "repeated_content_type"),
        (
            format!("{POST}Transfer-Encoding: gzip, chunked\r\n{end}0\r\n\r\n"),
            501,
            "unsupported_transfer_coding",
        ),
        (
            format!("{POST}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n{end}0\r\n\r\n"),
            501,
            "unsupported_transfer_coding",
        ),
        (format!("{POST}Transfer-Encoding: Chunked\r\n{end}2\r\n{{}}\r\n0\r\n\r\n"), 422, "invalid_input"),
    ] {
        let answer = exchange(&server, request.as_bytes());
        assert_eq!(statuses(&answer), [status], "{request:?}: {answer}");
        assert!(answer.contains(&format!(r#""code":"{code}""#)), "{request:?}: {answer}");
    }
}
