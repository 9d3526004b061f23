//! Bodies that are too large, that no route reads, or that are too many at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::timeout;

use super::bystander::{beside, count};
use super::clients::{MEMORY, assert_unaffected, connections, flood};
use super::tally::Tally;
use super::wire::{Wire, post, post_head};
use crate::harness::program::Server;

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_are_refused() {
    const SIZE: usize = 10 << 20;
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("bodies of 10 MB, by 64 clients at once"));
    let body = "x".repeat(SIZE);
    let announced = post_head(&format!("content-length: {SIZE}\r\n")) + &body;
    let chunked = post_head("transfer-encoding: chunked\r\n") + &format!("{SIZE:x}\r\n{body}\r\n0\r\n\r\n");
    let floods = async {
        flood(&server, &tally, 32, announced, StatusCode::PAYLOAD_TOO_LARGE).await;
        flood(&server, &tally, 32, chunked, StatusCode::PAYLOAD_TOO_LARGE).await;
    };
    beside(&server.address, &tally, true, floods).await;
    assert_unaffected(&server, &tally, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_no_route_reads_are_not_buffered() {
    const SIZE: usize = 1 << 20;
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("600 unfinished bodies of 1 MiB for a path that does not exist"));
    let head = post_head(&format!("content-length: {SIZE}\r\n")).replace("/users", "/nothing");
    let unfinished = head + &"x".repeat(SIZE - 1);
    let all = async {
        for mut wire in connections(&server, 600, &unfinished).await {
            count(&tally, &wire.answer().await, StatusCode::NOT_FOUND);
        }
    };
    beside(&server.address, &tally, true, all).await;
    assert_unaffected(&server, &tally, 600);
    let peak = server.program.peak_memory();
    assert!(peak < MEMORY / 2, "{peak} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_the_memory_budget_are_shed() {
    // 75 MB, of which 64 MiB may be held at a time.
    const CLIENTS: usize = 1250;
    const SIZE: usize = 60_000;
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("1,250 unfinished bodies of 60 kB"));
    let unfinished = post_head(&format!("content-length: {SIZE}\r\n")) + &"x".repeat(SIZE - 1);
    let all = async {
        let mut wires = connections(&server, CLIENTS, &unfinished).await;
        let mut shed = 0;
        for wire in &mut wires {
            if let Ok(answer) = timeout(Duration::from_millis(5), wire.answer()).await {
                let answer = answer.unwrap();
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
                assert_eq!(answer.header("retry-after"), Some("1"));
                assert!(String::from_utf8_lossy(&answer.body).contains("server_busy"));
                shed += 1;
            }
        }
        assert!((50..400).contains(&shed), "{shed} of {CLIENTS}");
    };
    beside(&server.address, &tally, true, all).await;
    // The memory is free again when the clients are gone.
    let mut wire = Wire::connect(&server.address).await.unwrap();
    wire.send(post("ada", "")).await.unwrap();
    count(&tally, &wire.answer().await, StatusCode::CREATED);
    assert_eq!((tally.counts().shed, tally.counts().wrong, tally.counts().lost), (0, 0, 0));
}
