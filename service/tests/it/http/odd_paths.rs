//! Paths in odd spellings, over a socket: none leads to a user but the plain one.

use serde_json::json;

use crate::harness::program::Server;
use crate::harness::wire::{exchange, statuses};

/// The answer for a target exactly as it is, without a client that would normalise it.
fn get(server: &Server, target: &str) -> String {
    exchange(server, format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
}

#[tokio::test]
async fn no_spelling_bypasses_the_router() {
    let server = Server::on_sqlite(&[]).await;
    server.post("/users", json!({"username": "ada", "email": "ada@example.com"})).await;
    for (target, status) in [
        ("/users/1", 200),
        ("/users/1/", 200),
        ("/users/%31", 200),
        // The form that a proxy is sent (RFC 9112 section 3.2.2); the host in it decides nothing here.
        ("http://example.com/users/1", 200),
        // Slashes at the ends make no difference.
        ("//users/1//", 200),
        ("///example.com/users/1", 404),
        ("/users//1", 404),
        ("/./users/1", 404),
        ("/users/./1", 404),
        ("/users/../users", 404),
        ("/users/../users/1", 404),
        ("/docs/../users/1", 404),
        ("/docs/..%2fusers%2f1", 404),
        ("/users%2f1", 404),
        ("/%75sers%2F1", 404),
        ("/USERS/1", 404),
        ("/users;a=b/1", 404),
        ("/users/..", 404),
        ("/users/../", 404),
        ("/users/.", 404),
        ("/users/%2e%2e", 404),
        ("/users/%2E", 404),
        ("/users/.%2e", 404),
        ("/users/%2e%2e/health", 404),
        ("/admin/x/../../users/1", 404),
        ("http://example.com/users/..", 404),
        // A dot in a segment of more than dots is a character like any other.
        ("/users/...", 422),
        ("/users/%2e%2e%2fusers", 422),
        ("/users/%252e%252e", 422),
        ("/users/1%00", 422),
        ("/users/1%0d%0aSet-Cookie:%20a=b", 422),
        ("/users/1%2f", 422),
        ("/users/1%2F2", 422),
        ("/users/1%20", 422),
        ("/users/1;a=b", 422),
        ("/users/1.json", 422),
        ("/users/1%c0%af", 422),
        ("/users/%ff", 422),
        ("/users/\u{e9}", 422),
        ("/users/%", 422),
        ("/users/\\..", 422),
        ("*", 404),
        ("example.com:80", 404),
        ("users/1", 400),
        ("http://", 400),
    ] {
        let answer = get(&server, target);
        assert_eq!(statuses(&answer), [status], "{target}: {answer}");
        assert_eq!(answer.contains(r#""username":"ada""#), status == 200, "{target}: {answer}");
        assert!(!answer.to_ascii_lowercase().contains("set-cookie"), "{target}: {answer}");
    }
}

#[tokio::test]
async fn a_long_path_is_answered_once() {
    let server = Server::on_sqlite(&[]).await;
    for length in [100, 10_000, 60_000, 70_000, 300_000, 1_000_000] {
        for target in [format!("/users/{}", "1".repeat(length)), format!("/{}", "../".repeat(length / 3))] {
            let answer = get(&server, &target);
            let refused = matches!(statuses(&answer)[..], [404 | 414 | 431]);
            assert!(refused, "{length}: {answer}");
        }
    }
    assert_eq!(server.get("/health").await.status, 200);
}
