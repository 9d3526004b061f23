//! Requests written octet by octet, in forms that no HTTP client sends.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::program::Server;

/// A request that closes its connection. Sent last, it shows where the server considers the previous request to end.
pub(crate) const LAST_REQUEST: &str = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Sends octets on a connection of their own and returns all that comes back until the server closes it.
pub(crate) fn exchange(server: &Server, octets: &[u8]) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // A server that refuses the beginning need not read the rest, and may close the connection meanwhile.
    let _ = stream.write_all(octets);
    let mut answers = Vec::new();
    match stream.read_to_end(&mut answers) {
        Ok(_) => {}
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}: the server waits for more");
        }
    }
    String::from_utf8(answers).unwrap()
}

/// The statuses of all answers in what came back.
pub(crate) fn statuses(answers: &str) -> Vec<u16> {
    let starts = answers.match_indices("HTTP/1.").map(|(start, _)| start);
    starts.map(|start| answers[start + 9..start + 12].parse().unwrap()).collect()
}
