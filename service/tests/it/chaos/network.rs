//! The network to the server is cut in the middle of an answer, drops everything, or is slow.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use tokio::task::JoinSet;
use tokio::time::sleep;
use users_service::app::Service;
use users_service::clock::monotonic;
use users_service::config::{Credentials, Database, Mysql, Tls};

use super::tally::Tally;
use crate::harness::databases::MysqlSchema;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::test_app::{Answer, answer, json_request, request, service_on, with};

/// Past this idle time the service pings a connection before it uses it.
const IDLE: Duration = Duration::from_millis(5500);

/// A service with Ada as user 1, behind a proxy that injects faults.
struct ProxiedService {
    service: Service,
    proxy: Proxy,
    tally: Arc<Tally>,
    _schema: MysqlSchema,
}

impl ProxiedService {
    async fn new(fault: &'static str, pool_size: usize, tls: Tls) -> Self {
        let schema = MysqlSchema::migrated().await;
        let proxy = Proxy::to(&schema.login).await;
        let credentials = Credentials::Fixed(proxy.login(&schema.application()));
        let service = service_on(Database::Mysql(Mysql { credentials, tls, pool_size })).await;
        let proxied = Self { service, proxy, tally: Arc::new(Tally::of(fault)), _schema: schema };
        assert_eq!(proxied.send(create("ada"), 201).await.status, 201);
        proxied
    }

    async fn send(&self, request: Request<Body>, expected: u16) -> Answer {
        count(&self.tally, &self.service, request, expected).await
    }

    /// Sends this many requests at once.
    async fn at_once(&self, requests: usize) -> Vec<(StatusCode, Duration)> {
        let mut tasks = JoinSet::new();
        for _ in 0..requests {
            let (tally, service) = (Arc::clone(&self.tally), self.service.clone());
            tasks.spawn(async move {
                let start = monotonic();
                (count(&tally, &service, get(), 200).await.status, start.elapsed())
            });
        }
        tasks.join_all().await
    }

    #[track_caller]
    fn assert_all_answered(&self) {
        let counts = self.tally.counts();
        assert_eq!(counts.answered, counts.sent, "{}", self.tally);
    }
}

async fn count(tally: &Tally, service: &Service, request: Request<Body>, expected: u16) -> Answer {
    let answer = answer(service, request).await;
    let retry_after = !answer.header("retry-after").is_empty();
    tally.answer(answer.status, retry_after, answer.status == expected);
    answer
}

fn get() -> Request<Body> {
    request(Method::GET, "/users/1")
}

fn create(username: &str) -> Request<Body> {
    let body = format!(r#"{{"username":"{username}","email":"{username}@example.com"}}"#);
    json_request(Method::POST, "/users", body)
}

fn rename() -> Request<Body> {
    json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#)
}

/// Cuts the answer after no octet, after one, after two, and so on, until one is whole.
async fn cut_everywhere(proxied: &ProxiedService, request: fn() -> Request<Body>) {
    for offset in 0..4000 {
        // A warm-up, so that the statement is prepared.
        proxied.send(request(), 200).await;
        let cut = proxied.proxy.cut();
        proxied.proxy.set(Mode::CutAfter(offset));
        assert_eq!(proxied.send(request(), 200).await.status, 200, "cut after {offset} octets");
        if proxied.proxy.cut() == cut {
            assert!(offset > 30, "an answer of {offset} octets holds no user");
            return;
        }
    }
    panic!("there was no end to the answer");
}

#[tokio::test]
async fn a_read_that_is_cut_at_any_octet_is_retried() {
    let proxied = ProxiedService::new("connection cut at every octet of a read's answer", 1, Tls::Off).await;
    cut_everywhere(&proxied, get).await;
    proxied.assert_all_answered();
}

#[tokio::test]
async fn an_update_is_retried_unless_its_commit_is_cut() {
    let proxied =
        ProxiedService::new("connection cut at every octet of an update's answers", 1, Tls::Off).await;
    let mut unknown = 0;
    for offset in 0..4000 {
        // A warm-up, so that the statement is prepared.
        assert_eq!(proxied.send(rename(), 200).await.status, 200);
        let cut = proxied.proxy.cut();
        proxied.proxy.set(Mode::CutAfter(offset));
        let answer = proxied.send(rename(), 200).await;
        if answer.status != 200 {
            // Whether a commit whose answer was cut took effect is unknown: it is not sent again.
            answer.assert_problem(503, "database_unreachable");
            unknown += 1;
        }
        if proxied.proxy.cut() == cut {
            assert!((1..=32).contains(&unknown), "an answer to a commit has no {unknown} octets");
            return;
        }
    }
    panic!("there was no end to the answer");
}

/// Here the server has executed every insert, so each client that tries again learns that its user exists.
#[tokio::test]
async fn a_create_that_is_cut_at_any_octet_is_never_executed_twice() {
    let proxied = ProxiedService::new(
        "connection cut at every octet of a create's answer, and tried again",
        1,
        Tls::Off,
    )
    .await;
    let mut offset = 0;
    loop {
        assert_eq!(proxied.send(create(&format!("warm{offset}")), 201).await.status, 201);
        proxied.proxy.set(Mode::CutAfter(offset));
        let username = format!("user{offset}");
        let first = proxied.send(create(&username), 201).await;
        if first.status == 201 {
            break;
        }
        first.assert_problem(503, "database_unreachable");
        proxied.send(create(&username), 409).await.assert_problem(409, "username_taken");
        offset += 1;
    }
    // The length of the shortest OK packet.
    assert!(offset >= 11, "{offset}");
    let counts = proxied.tally.counts();
    assert_eq!((counts.shed, counts.wrong), (offset as u64, 0), "{}", proxied.tally);
}

/// Of most cuts the service makes nothing known: it runs the transaction again, unless its commit was cut.
#[tokio::test]
async fn a_create_with_a_key_that_is_cut_at_any_octet_is_sent_again_blindly() {
    let fault = "connection cut at every octet of a create's answers, and sent again with its key";
    let proxied = ProxiedService::new(fault, 1, Tls::Off).await;
    let once = |username: &str| with("idempotency-key", username, create(username));
    let mut undecidable = 0;
    for offset in 0..4000 {
        // A warm-up, so that the statements are prepared.
        assert_eq!(proxied.send(once(&format!("warm{offset}")), 201).await.status, 201);
        let cut = proxied.proxy.cut();
        proxied.proxy.set(Mode::CutAfter(offset));
        let username = format!("user{offset}");
        let mut answer = proxied.send(once(&username), 201).await;
        let was_cut = proxied.proxy.cut() > cut;
        if answer.status != 201 {
            answer.assert_problem(503, "database_unreachable");
            undecidable += 1;
            answer = proxied.send(once(&username), 201).await;
        }
        assert_eq!(answer.status, 201, "cut after {offset} octets: {}", answer.text());
        let listing = proxied.send(request(Method::GET, &format!("/users?username={username}")), 200).await;
        assert_eq!(listing.json()["users"], serde_json::json!([answer.json()]), "cut after {offset} octets");
        if !was_cut {
            assert!((1..=32).contains(&undecidable), "an answer to a commit has no {undecidable} octets");
            return;
        }
    }
    panic!("there was no end to the answers");
}

#[tokio::test]
async fn connections_that_died_in_a_freeze_are_invalidated_together() {
    for (fault, pool_size) in
        [("1 connection dead after a freeze", 1), ("16 connections dead after a freeze", 16)]
    {
        let proxied = ProxiedService::new(fault, pool_size, Tls::Preferred).await;
        proxied.proxy.set(Mode::Latency(Duration::from_millis(100)));
        proxied.at_once(pool_size).await;
        proxied.proxy.set(Mode::HalfOpen);
        sleep(IDLE).await;
        let start = monotonic();
        assert_eq!(proxied.send(get(), 200).await.status, 200);
        let took = start.elapsed();
        eprintln!("{fault}: first answer after {took:?}");
        // Half a second for a ping without an answer, and a new connection.
        assert!(took < Duration::from_secs(2), "{took:?}");
        proxied.at_once(50).await;
        proxied.assert_all_answered();
    }
}

#[tokio::test]
#[ignore = "takes a minute: make chaos"]
async fn in_a_black_hole_requests_time_out() {
    let proxied = ProxiedService::new("black hole without a reset, in mid-stream", 4, Tls::Preferred).await;
    proxied.at_once(4).await;
    proxied.proxy.set(Mode::BlackHole);
    let outcomes = proxied.at_once(100).await;
    let longest = outcomes.iter().map(|(_, took)| *took).max().unwrap();
    eprintln!("black hole: longest request {longest:?}");
    assert!(outcomes.iter().all(|(status, _)| *status == 503));
    // At most a statement and its retry on a new connection: below the 29 s of a gateway.
    assert!(longest < Duration::from_secs(16), "{longest:?}");
    proxied.proxy.set(Mode::Open);
    assert!(proxied.at_once(100).await.iter().all(|(status, _)| *status == 200));
    let counts = proxied.tally.counts();
    assert_eq!((counts.shed, counts.wrong), (100, 0), "{}", proxied.tally);
}

#[tokio::test]
async fn half_a_second_of_latency_fails_no_request() {
    let proxied = ProxiedService::new("500 ms latency", 16, Tls::Preferred).await;
    proxied.at_once(16).await;
    proxied.proxy.set(Mode::Latency(Duration::from_millis(500)));
    proxied.at_once(32).await;
    proxied.assert_all_answered();
}

#[tokio::test]
async fn answers_that_drip_octet_by_octet_are_put_together() {
    let proxied = ProxiedService::new("answers drip octet by octet", 4, Tls::Off).await;
    proxied.at_once(4).await;
    proxied.proxy.set(Mode::Drip(Duration::from_millis(1)));
    assert!(proxied.at_once(8).await.iter().all(|(status, _)| *status == 200));
    assert_eq!(proxied.send(create("bob"), 201).await.status, 201);
    proxied.assert_all_answered();
}
