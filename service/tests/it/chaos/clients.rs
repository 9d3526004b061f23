//! Clients of the local server that misbehave; other clients must not be affected.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::bystander::{beside, count};
use super::tally::Tally;
use super::wire::{Wire, get, post, post_head};
use crate::harness::program::Server;

/// The most memory that the process may take, in MiB: several times what it needs, far less than what is sent to it.
pub(super) const MEMORY: u64 = 128;

/// Checks that every request was answered, and that the process took little memory.
#[track_caller]
pub(super) fn assert_unaffected(server: &Server, tally: &Tally, at_least: u64) {
    let counts = tally.counts();
    assert!(counts.answered >= at_least, "{counts:?}");
    assert_eq!((counts.shed, counts.wrong, counts.lost), (0, 0, 0), "{counts:?}");
    let peak = server.program.peak_memory();
    assert!(peak < MEMORY, "{peak} MiB");
}

/// Opens connections, many at a time, and writes this to each.
pub(super) async fn connections(server: &Server, number: usize, first: &str) -> Vec<Wire> {
    const AT_A_TIME: usize = 64;
    let first: Arc<str> = first.into();
    let mut opening = JoinSet::new();
    for share in 0..AT_A_TIME {
        let (address, first) = (server.address.clone(), Arc::clone(&first));
        let share = (share..number).step_by(AT_A_TIME).count();
        opening.spawn(async move {
            let mut wires = Vec::with_capacity(share);
            for _ in 0..share {
                let mut wire = Wire::connect(&address).await.unwrap();
                wire.send(first.as_bytes()).await.unwrap();
                wires.push(wire);
            }
            wires
        });
    }
    opening.join_all().await.into_iter().flatten().collect()
}

/// Sends the same octets from this many clients at once, and counts the answers, which must all have this status. If the
/// server does not read to the end, a client that is still writing may get a reset before the answer.
pub(super) async fn flood(
    server: &Server,
    tally: &Arc<Tally>,
    clients: usize,
    octets: String,
    expected: StatusCode,
) {
    let reads_to_the_end = expected == StatusCode::PAYLOAD_TOO_LARGE;
    let octets: Arc<str> = octets.into();
    let mut flood = JoinSet::new();
    for _ in 0..clients {
        let (address, octets, tally) = (server.address.clone(), Arc::clone(&octets), Arc::clone(tally));
        flood.spawn(async move {
            let mut wire = Wire::connect(&address).await.unwrap();
            // The server may have answered and closed before everything is written.
            let _ = wire.send(octets.as_bytes()).await;
            match wire.answer().await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset && !reads_to_the_end => {
                    tally.answer(expected, false, true);
                }
                answer => count(&tally, &answer, expected),
            }
        });
    }
    flood.join_all().await;
}

/// Sends heads and bodies octet by octet.
async fn drip(server: &Server, clients: usize, time: Duration) -> (Vec<Wire>, Vec<Wire>) {
    const PAUSE: Duration = Duration::from_millis(500);
    let mut heads = connections(server, clients, "GET /users HTTP/1.1\r\nx-slow: ").await;
    let mut bodies = connections(server, clients, &post_head("content-length: 1000\r\n")).await;
    let all = timeout(time, async {
        loop {
            for wire in heads.iter_mut().chain(&mut bodies) {
                // The server has closed some already.
                let _ = wire.send(" ").await;
            }
            sleep(PAUSE).await;
        }
    });
    let _: Result<(), _> = all.await;
    (heads, bodies)
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_do_not_delay_others() {
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("600 clients that send octet by octet"));
    beside(&server.address, &tally, true, drip(&server, 300, Duration::from_secs(2))).await;
    assert_unaffected(&server, &tally, 20);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes more than a minute: make chaos"]
async fn slow_clients_run_into_the_head_and_body_time_outs() {
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("600 clients that never finish a request"));
    let timed_out = async {
        let (heads, bodies) = drip(&server, 300, Duration::from_secs(77)).await;
        for mut wire in bodies {
            count(&tally, &wire.answer().await, StatusCode::REQUEST_TIMEOUT);
        }
        for mut wire in heads {
            timeout(Duration::from_secs(5), wire.closed())
                .await
                .expect("the connection of a slow head is still open");
        }
    };
    beside(&server.address, &tally, true, timed_out).await;
    assert_unaffected(&server, &tally, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hang_up_in_the_middle_do_not_affect_others() {
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("2,000 clients that hang up in the middle"));
    let hang_up = async {
        let half = post_head("content-length: 1000\r\n") + "{";
        for mut wire in connections(&server, 1000, &half).await {
            wire.finish().await.unwrap();
        }
        // Complete requests whose clients are gone before the answer.
        for wire in connections(&server, 1000, &post("ada", "")).await {
            wire.reset().unwrap();
        }
    };
    beside(&server.address, &tally, true, hang_up).await;
    assert_unaffected(&server, &tally, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make chaos"]
async fn clients_that_never_read_run_into_the_tcp_user_time_out() {
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("100 clients that never read their answers"));
    let requests = get("/openapi.json").repeat(1000);
    let timed_out = async {
        let mut clients = JoinSet::new();
        for _ in 0..100 {
            let (address, requests) = (server.address.clone(), requests.clone());
            clients.spawn(async move {
                let mut wire = Wire::connect(&address).await.unwrap();
                // Writes until the server reads no more, and then until it closes the connection.
                while wire.send(&requests).await.is_ok() {}
            });
        }
        timeout(Duration::from_secs(90), clients.join_all()).await.expect("some connections are still open")
    };
    beside(&server.address, &tally, true, timed_out).await;
    assert_unaffected(&server, &tally, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_idle_connections_take_little_memory() {
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("2,000 idle connections"));
    let idle = async {
        let mut wires = connections(&server, 2000, &get("/health")).await;
        for wire in &mut wires {
            count(&tally, &wire.answer().await, StatusCode::OK);
        }
        sleep(Duration::from_secs(1)).await;
        for wire in &mut wires {
            wire.send(get("/users")).await.unwrap();
            count(&tally, &wire.answer().await, StatusCode::OK);
        }
    };
    beside(&server.address, &tally, true, idle).await;
    assert_unaffected(&server, &tally, 4000);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    // Of 320 open files, 64 are reserved for others, such as the database. The bystander has one more connection.
    const LIMIT: usize = 320 - 64 - 1;
    let server = Server::on_sqlite_after("ulimit -n 320", &[]).await;
    let tally = Arc::new(Tally::of("200 connections beyond the limit"));
    let clients = async {
        let mut held = connections(&server, LIMIT, &get("/users")).await;
        for wire in &mut held {
            count(&tally, &wire.answer().await, StatusCode::OK);
        }
        let mut waiting = connections(&server, 200, &get("/users")).await;
        let early = timeout(Duration::from_millis(500), waiting[0].answer()).await;
        assert!(early.is_err(), "there is no limit");
        drop(held);
        for wire in &mut waiting {
            count(&tally, &wire.answer().await, StatusCode::OK);
        }
    };
    beside(&server.address, &tally, false, clients).await;
    assert_unaffected(&server, &tally, LIMIT as u64 + 200);
    assert!(!server.program.log().iter().any(|line| line.contains("could not be accepted")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_default_of_open_files_is_raised() {
    let server = Server::on_sqlite_after("ulimit -S -n 128", &[]).await;
    let tally = Arc::new(Tally::of("500 connections with 128 open files by default"));
    let clients = async {
        for mut wire in connections(&server, 500, &get("/users")).await {
            count(&tally, &wire.answer().await, StatusCode::OK);
        }
    };
    beside(&server.address, &tally, true, clients).await;
    assert_unaffected(&server, &tally, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_headers_are_refused() {
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("floods of headers, by 512 clients at once"));
    let start = "GET /users HTTP/1.1\r\nhost: localhost\r\n";
    let many = format!("{start}{}\r\n", "x-many: x\r\n".repeat(10_000));
    let huge = format!("{start}x-huge: {}\r\n\r\n", "x".repeat(10 << 20));
    let endless = format!("{start}x-endless: {}", "x".repeat(400 << 10));
    let refused = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    let floods = async {
        flood(&server, &tally, 512, many, refused).await;
        flood(&server, &tally, 512, endless, refused).await;
        flood(&server, &tally, 64, huge, refused).await;
    };
    beside(&server.address, &tally, true, floods).await;
    assert_unaffected(&server, &tally, 512 + 512 + 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("1,000 requests in one write"));
    let mut requests = String::new();
    for turn in 0..500 {
        requests += &post(&format!("user-{turn}"), &format!("x-request-id: {turn}\r\n"));
        requests += &get("/nothing").replace("\r\n\r\n", &format!("\r\nx-request-id: {turn}\r\n\r\n"));
    }
    let pipeline = async {
        let mut wire = Wire::connect(&server.address).await.unwrap();
        wire.send(requests).await.unwrap();
        for turn in 0..500 {
            for expected in [StatusCode::CREATED, StatusCode::NOT_FOUND] {
                let answer = wire.answer().await;
                count(&tally, &answer, expected);
                assert_eq!(answer.unwrap().header("x-request-id"), Some(turn.to_string().as_str()));
            }
        }
    };
    beside(&server.address, &tally, true, pipeline).await;
    assert_unaffected(&server, &tally, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_is_refused() {
    let server = Server::on_sqlite(&[]).await;
    let tally = Arc::new(Tally::of("HTTP/2 with rapid resets, by 200 clients"));
    // The preface and empty settings; then HEADERS and RST_STREAM of a hundred streams.
    let mut octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in (1_u8..200).step_by(2) {
        octets.extend([0, 0, 1, 1, 5, 0, 0, 0, stream, 0x82]);
        octets.extend([0, 0, 4, 3, 0, 0, 0, 0, stream, 0, 0, 0, 8]);
    }
    let resets = async {
        for _ in 0..200 {
            let mut wire = Wire::connect(&server.address).await.unwrap();
            wire.send(&octets).await.unwrap();
            wire.closed().await;
        }
    };
    beside(&server.address, &tally, true, resets).await;
    assert_unaffected(&server, &tally, 2);
}
