//! The connection of a client is cut at every octet of its request and of the answer, and the request is sent again blindly.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::program::Server;
use crate::harness::wire::exchange;

fn create(name: &str, last: bool) -> String {
    let body = format!(r#"{{"username":"{name}","email":"{name}@example.com"}}"#);
    let connection = if last { "connection: close\r\n" } else { "" };
    format!(
        "POST /users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nidempotency-key: \"{name}\"\r\n{connection}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends so much of a request, reads so much of the answer, and resets the connection.
fn cut(server: &Server, request: &[u8], read: usize) {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = vec![0; read];
    stream.read_exact(&mut answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with(&b"HTTP/1.1 201"[..read.min(12)]));
}

/// The answer to the request, sent again until it is not told to come back.
#[track_caller]
fn assert_created_once(server: &Server, name: &str) -> String {
    let answer = exchange(server, create(name, true).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let list = format!("GET /users?username={name} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let list = exchange(server, list.as_bytes());
    assert!(list.contains(r#""total":1"#), "{list}");
    let user = answer.split("\r\n\r\n").nth(1).unwrap().to_owned();
    assert!(list.contains(&user), "{list}: {user}");
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_cut_anywhere_adds_one_user() {
    let server = Server::on_sqlite(&[]).await;
    let length = create("user-0000", false).len();
    for octets in 0..=length {
        let name = format!("user-{octets:04}");
        cut(&server, &create(&name, false).as_bytes()[..octets], 0);
        assert_created_once(&server, &name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_answer_is_cut_anywhere_adds_one_user() {
    let server = Server::on_sqlite(&[]).await;
    let whole = exchange(&server, create("user-0000", true).as_bytes()).len();
    // Without the header that says that the connection is closed.
    let length = whole - "connection: close\r\n".len();
    assert!(length > 200, "{length}");
    for octets in 0..=length {
        let name = format!("usee-{octets:04}");
        cut(&server, create(&name, false).as_bytes(), octets);
        assert_created_once(&server, &name);
    }
}
