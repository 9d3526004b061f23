//! The way to the server is cut in mid-word, swallows everything, or is slow.

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
use crate::harness::proxy::{Proxy, Way};
use crate::harness::test_app::{Answer, answer, json_request, request, service_on};

/// Past this idle time the service asks whether a connection is alive.
const IDLE: Duration = Duration::from_millis(5500);

/// A service with Ada as user 1, whose way to the server can be meddled with.
struct Faulty {
    service: Service,
    proxy: Proxy,
    tally: Arc<Tally>,
    _schema: MysqlSchema,
}

impl Faulty {
    async fn new(fault: &'static str, pool_size: usize, tls: Tls) -> Self {
        let schema = MysqlSchema::migrated().await;
        let proxy = Proxy::to(&schema.login).await;
        let credentials = Credentials::Fixed(proxy.login(&schema.application()));
        let service = service_on(Database::Mysql(Mysql { credentials, tls, pool_size })).await;
        let faulty = Self { service, proxy, tally: Arc::new(Tally::of(fault)), _schema: schema };
        assert_eq!(faulty.send(create("ada"), 201).await.status, 201);
        faulty
    }

    async fn send(&self, request: Request<Body>, expected: u16) -> Answer {
        count(&self.tally, &self.service, request, expected).await
    }

    /// As many requests at once.
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
async fn cut_everywhere(faulty: &Faulty, request: fn() -> Request<Body>) {
    for offset in 0..4000 {
        // Warm, so that nothing is prepared on the way.
        faulty.send(request(), 200).await;
        let cut = faulty.proxy.cut();
        faulty.proxy.set(Way::CutAfter(offset));
        assert_eq!(faulty.send(request(), 200).await.status, 200, "cut after {offset} octets");
        if faulty.proxy.cut() == cut {
            assert!(offset > 30, "an answer of {offset} octets holds no user");
            return;
        }
    }
    panic!("there was no end to the answer");
}

#[tokio::test]
async fn a_read_that_is_cut_at_any_octet_is_answered() {
    let faulty = Faulty::new("connection cut at every octet of a read's answer", 1, Tls::Off).await;
    cut_everywhere(&faulty, get).await;
    faulty.assert_all_answered();
}

#[tokio::test]
async fn an_update_is_tried_again_unless_its_commit_is_cut() {
    let faulty = Faulty::new("connection cut at every octet of an update's answers", 1, Tls::Off).await;
    let mut unknown = 0;
    for offset in 0..4000 {
        // Warm, so that nothing is prepared on the way.
        assert_eq!(faulty.send(rename(), 200).await.status, 200);
        let cut = faulty.proxy.cut();
        faulty.proxy.set(Way::CutAfter(offset));
        let answer = faulty.send(rename(), 200).await;
        if answer.status != 200 {
            // Nobody knows whether a commit took effect whose answer was cut: it is not sent again.
            answer.assert_problem(503, "database_unreachable");
            unknown += 1;
        }
        if faulty.proxy.cut() == cut {
            assert!((1..=32).contains(&unknown), "{unknown} octets are no answer to a commit");
            return;
        }
    }
    panic!("there was no end to the answer");
}

/// Here the server has carried each out, so each client that comes back learns that its user is there.
#[tokio::test]
async fn a_create_that_is_cut_at_any_octet_is_never_there_twice() {
    let faulty =
        Faulty::new("connection cut at every octet of a create's answer, and tried again", 1, Tls::Off).await;
    let mut offset = 0;
    loop {
        assert_eq!(faulty.send(create(&format!("warm{offset}")), 201).await.status, 201);
        faulty.proxy.set(Way::CutAfter(offset));
        let username = format!("user{offset}");
        let first = faulty.send(create(&username), 201).await;
        if first.status == 201 {
            break;
        }
        first.assert_problem(503, "database_unreachable");
        faulty.send(create(&username), 409).await.assert_problem(409, "username_taken");
        offset += 1;
    }
    // The shortest "done" of the protocol.
    assert!(offset >= 11, "{offset}");
    let counts = faulty.tally.counts();
    assert_eq!((counts.shed, counts.wrong), (offset as u64, 0), "{}", faulty.tally);
}

#[tokio::test]
async fn sockets_that_died_in_a_freeze_are_given_up_at_once() {
    for (fault, pool_size) in [("thawed into 1 dead socket", 1), ("thawed into 16 dead sockets", 16)] {
        let faulty = Faulty::new(fault, pool_size, Tls::Preferred).await;
        faulty.proxy.set(Way::Late(Duration::from_millis(100)));
        faulty.at_once(pool_size).await;
        faulty.proxy.set(Way::Thawed);
        sleep(IDLE).await;
        let start = monotonic();
        assert_eq!(faulty.send(get(), 200).await.status, 200);
        let took = start.elapsed();
        eprintln!("{fault}: first answer after {took:?}");
        // Half a second for a ping that nobody answers, and a new connection.
        assert!(took < Duration::from_secs(2), "{took:?}");
        faulty.at_once(50).await;
        faulty.assert_all_answered();
    }
}

#[tokio::test]
#[ignore = "takes a minute: make chaos"]
async fn a_black_hole_holds_nobody_for_ever() {
    let faulty = Faulty::new("black hole without a reset, in mid-stream", 4, Tls::Preferred).await;
    faulty.at_once(4).await;
    faulty.proxy.set(Way::Hole);
    let outcomes = faulty.at_once(100).await;
    let longest = outcomes.iter().map(|(_, took)| *took).max().unwrap();
    eprintln!("black hole: longest request {longest:?}");
    assert!(outcomes.iter().all(|(status, _)| *status == 503));
    // A statement and its second try on a new connection, at the most: below the 29 s of a gateway.
    assert!(longest < Duration::from_secs(16), "{longest:?}");
    faulty.proxy.set(Way::Open);
    assert!(faulty.at_once(100).await.iter().all(|(status, _)| *status == 200));
    let counts = faulty.tally.counts();
    assert_eq!((counts.shed, counts.wrong), (100, 0), "{}", faulty.tally);
}

#[tokio::test]
async fn half_a_second_of_latency_fails_nobody() {
    let faulty = Faulty::new("500 ms latency", 16, Tls::Preferred).await;
    faulty.at_once(16).await;
    faulty.proxy.set(Way::Late(Duration::from_millis(500)));
    faulty.at_once(32).await;
    faulty.assert_all_answered();
}

#[tokio::test]
async fn answers_that_drip_octet_by_octet_are_put_together() {
    let faulty = Faulty::new("answers drip octet by octet", 4, Tls::Off).await;
    faulty.at_once(4).await;
    faulty.proxy.set(Way::Drip(Duration::from_millis(1)));
    assert!(faulty.at_once(8).await.iter().all(|(status, _)| *status == 200));
    assert_eq!(faulty.send(create("bob"), 201).await.status, 201);
    faulty.assert_all_answered();
}
