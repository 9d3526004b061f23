//! Who reads the log may stall or go away: requests are answered all the same, and lines that are lost are counted.

use std::time::Duration;

use tokio::time::timeout;

use crate::harness::eventually::eventually;
use crate::harness::lambda_function::{LambdaFunction, gateway_event};
use crate::harness::program::{Reading, Server};
use crate::harness::wire::exchange;

/// More than the pipe, the batch in hand and the buffer hold together.
const MANY: usize = 2500;
/// Far more than they need, far less than for ever.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sends requests whose lines are long.
async fn keep_busy(server: &Server, requests: usize) {
    let path = format!("/{}", "x".repeat(1000));
    let busy = async {
        for _ in 0..requests {
            assert_eq!(server.get(&path).await.status, 404);
        }
    };
    timeout(PATIENCE, busy).await.expect("the service waits for the reader of its log");
}

#[tokio::test]
async fn a_reader_that_stalls_holds_up_neither_requests_nor_the_end() {
    let mut server = Server::on_sqlite(&[]).await;
    server.program.read(Reading::Paused);
    keep_busy(&server, MANY).await;
    assert_eq!(server.get("/health").await.status, 200);
    server.program.terminate();
    assert!(server.program.ended().await.success());
}

/// How many lines a notice says are missing.
fn dropped(notice: &str) -> usize {
    let (_, count) = notice.rsplit_once("dropped").unwrap();
    count.trim_matches(|character: char| !character.is_ascii_digit()).parse().unwrap()
}

#[tokio::test]
async fn a_reader_that_reads_on_is_told_how_many_lines_it_missed() {
    for format in ["text", "json"] {
        let mut server = Server::on_sqlite(&[("LOG_FORMAT", format)]).await;
        server.program.read(Reading::Paused);
        keep_busy(&server, MANY).await;
        server.program.read(Reading::On);
        let notice = server.program.logged("Log lines were dropped").await;
        server.get("/health").await;
        server.program.terminate();
        assert!(server.program.ended().await.success());
        server.program.logged("Stopping").await;
        // Those of the requests and of /health; in text, two for each.
        let lines = server.program.log().iter().filter(|line| line.contains("request_id")).count();
        let each = if format == "text" { 2 } else { 1 };
        assert_eq!(lines + dropped(&notice), (MANY + 1) * each, "{notice}");
        assert!(dropped(&notice) > 0, "{notice}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_changes_nothing() {
    let mut server = Server::on_sqlite(&[]).await;
    server.program.read(Reading::Ended);
    for _ in 0..100 {
        assert_eq!(server.get("/health").await.status, 200);
    }
    server.program.terminate();
    assert!(server.program.ended().await.success());
}

#[tokio::test]
async fn the_last_line_before_the_end_is_written() {
    let mut server = Server::on_sqlite(&[]).await;
    server.program.read(Reading::Paused);
    let request = format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "x".repeat(1000));
    // More than the pipe holds, and no connection that the end would wait for.
    for _ in 0..200 {
        exchange(&server, request.as_bytes());
    }
    server.program.terminate();
    server.program.read(Reading::On);
    assert!(server.program.ended().await.success());
    server.program.logged("Stopping on SIGTERM").await;
}

#[tokio::test]
async fn a_line_is_written_before_its_answer_is_sent() {
    // At DEBUG a request has two lines: the second comes while the thread lets lines gather.
    let variables = [("DB_ENGINE", "sqlite".to_owned()), ("LOG_LEVEL", "DEBUG".to_owned())];
    let function = LambdaFunction::start(&variables).await;
    for turn in 0..20 {
        let id = format!("\"request-{turn}\"");
        let mut event = gateway_event("GET", "/health", None);
        event["requestContext"]["requestId"] = id.trim_matches('"').into();
        function.invoke(event).await;
        // As the platform does with the sandbox.
        function.program.signal("STOP");
        eventually("line for the answer", async || {
            (function.program.log().iter().filter(|line| line.contains(&id)).count() == 2).then_some(())
        })
        .await;
        function.program.signal("CONT");
    }
}
