//! The process gets SIGTERM under load.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;
use users_service::clock::monotonic;

use super::tally::Tally;
use super::wire::{Wire, get, post, post_head};
use crate::harness::program::Server;

const BUSY_CLIENTS: usize = 16;
const SLOW_CLIENTS: usize = 8;
/// How long the process may take to stop after the signal.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(25);

/// Sends one request after the other on one connection until the server closes it, and returns the ids of those that
/// stayed without an answer and how many users were created.
async fn keep_busy(address: String, client: usize, tally: Arc<Tally>) -> (Vec<String>, u64) {
    let mut wire = Wire::connect(&address).await.unwrap();
    let mut created = 0;
    for turn in 0.. {
        let id = format!("busy-{client}-{turn}");
        let (request, expected) = if turn % 2 == 0 {
            (post(&id, &format!("x-request-id: {id}\r\n")), StatusCode::CREATED)
        } else {
            (get("/users").replace("\r\n\r\n", &format!("\r\nx-request-id: {id}\r\n\r\n")), StatusCode::OK)
        };
        let answer = match wire.send(request).await {
            Ok(()) => wire.answer().await,
            Err(error) => Err(error),
        };
        let Ok(answer) = answer else { return (vec![id], created) };
        tally.answer(answer.status, answer.header("retry-after").is_some(), answer.status == expected);
        created += u64::from(answer.status == StatusCode::CREATED);
        if answer.is_the_last() {
            break;
        }
    }
    (Vec::new(), created)
}

/// The first half of requests that are finished after the signal.
async fn begin_slowly(server: &Server) -> Vec<(Wire, String)> {
    let mut begun = Vec::new();
    for client in 0..SLOW_CLIENTS {
        let body = format!(r#"{{"username":"slow-{client}","email":"slow-{client}@example.com"}}"#);
        let mut wire = Wire::connect(&server.address).await.unwrap();
        let headers = format!("content-length: {}\r\nx-request-id: slow-{client}\r\n", body.len());
        wire.send(post_head(&headers)).await.unwrap();
        server.program.logged(&format!("\"slow-{client}\"")).await;
        begun.push((wire, body));
    }
    begun
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_no_request() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users.db").display().to_string();
    // At DEBUG a request is logged when it begins.
    let options = [("SQLITE_PATH", path.as_str()), ("LOG_FORMAT", "json"), ("LOG_LEVEL", "DEBUG")];
    let mut server = Server::on_sqlite(&options).await;
    let tally = Arc::new(Tally::of("SIGTERM under load"));
    let mut busy = JoinSet::new();
    for client in 0..BUSY_CLIENTS {
        busy.spawn(keep_busy(server.address.clone(), client, Arc::clone(&tally)));
    }
    let slow = begin_slowly(&server).await;
    sleep(Duration::from_secs(1)).await;

    let stopped = monotonic();
    server.program.terminate();
    server.program.logged("Stopping").await;
    let mut created = 0;
    for (mut wire, body) in slow {
        wire.send(body).await.unwrap();
        let answer = wire.answer().await.unwrap();
        tally.answer(answer.status, false, answer.status == StatusCode::CREATED);
        created += 1;
    }
    let mut unanswered = Vec::new();
    while let Some(client) = busy.join_next().await {
        let (ids, users) = client.unwrap();
        unanswered.extend(ids);
        created += users;
    }
    assert!(server.program.ended().await.success());
    assert!(stopped.elapsed() < SHUTDOWN_TIMEOUT);

    for _ in &unanswered {
        tally.lost();
    }
    let counts = tally.counts();
    assert!(counts.answered > 100, "{counts:?}");
    assert_eq!((counts.shed, counts.wrong, counts.lost), (0, 0, 0), "{unanswered:?}");
    let total = |listing: Value| listing["total"].as_u64().unwrap();
    let server = Server::on_sqlite(&[("SQLITE_PATH", &path)]).await;
    assert_eq!(total(server.get("/users").await.json()), created);
}
