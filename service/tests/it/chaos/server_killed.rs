//! The server is killed and restarted under load.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use sqlx::query_scalar;
use tokio::time::sleep;
use users_service::clock::monotonic;

use super::own_server::OwnServer;
use super::tally::Tally;
use super::traffic::{HttpClient, Outcome, Traffic};
use crate::harness::program::{Server, server_variables};

/// How soon every request must succeed again.
const RECOVERY: Duration = Duration::from_secs(2);

#[tokio::test]
#[ignore = "takes a minute: make chaos"]
async fn a_server_that_is_killed_under_load_loses_nothing_that_was_acknowledged() {
    let database = OwnServer::start(&["--innodb-flush-log-at-trx-commit=1"]).await;
    let server = Server::start(&server_variables(&database.schema.application())).await;
    let tally = Arc::new(Tally::of("server killed (-9) and restarted under load, three times"));
    let traffic = Traffic::start(&server.address, &tally, true);
    let mut restarts = Vec::new();
    for _ in 0..3 {
        sleep(Duration::from_secs(2)).await;
        let killed = monotonic();
        database.kill().await;
        sleep(Duration::from_secs(1)).await;
        database.restart().await;
        restarts.push((killed, monotonic()));
        sleep(RECOVERY).await;
    }
    sleep(Duration::from_secs(1)).await;
    let outcomes = traffic.end().await;

    let counts = tally.counts();
    assert_eq!((counts.wrong, counts.lost), (0, 0), "{tally}");
    assert!(counts.shed > 0 && counts.answered > counts.shed / 100, "{tally}");
    for (index, (_, back)) in restarts.iter().enumerate() {
        let next = restarts.get(index + 1).map(|(killed, _)| *killed);
        assert_recovered(&outcomes, *back, next);
    }
    let starts = server.program.log().iter().filter(|line| line.contains("Listening on")).count();
    assert_eq!(starts, 1, "the process is the same");
    assert_acknowledged_once(&database, &outcomes).await;
    settle(&server, &database, &outcomes).await;
}

/// From two seconds after a restart until the next kill, every request succeeds.
fn assert_recovered(outcomes: &[Outcome], back: Instant, next: Option<Instant>) {
    let from = back + RECOVERY;
    let late = |outcome: &&Outcome| outcome.at > from && next.is_none_or(|next| outcome.at < next);
    assert!(outcomes.iter().any(|outcome| late(&outcome)));
    for outcome in outcomes.iter().filter(late) {
        assert_ne!(outcome.status, Some(StatusCode::SERVICE_UNAVAILABLE), "{:?} late", outcome.at - back);
    }
    let answered = |outcome: &&Outcome| outcome.at > back && outcome.status.is_some_and(|s| s.is_success());
    let first = outcomes.iter().filter(answered).map(|outcome| outcome.at).min().unwrap();
    eprintln!("first success {:?} after the restart", first - back);
    assert!(first - back < RECOVERY);
}

/// Every user answered with 201 is stored, and none is stored twice.
async fn assert_acknowledged_once(database: &OwnServer, outcomes: &[Outcome]) {
    let stored = usernames(database).await;
    let different: HashSet<_> = stored.iter().collect();
    assert_eq!(different.len(), stored.len(), "a user is stored twice");
    for outcome in outcomes.iter().filter(|outcome| outcome.status == Some(StatusCode::CREATED)) {
        assert!(different.contains(outcome.username.as_ref().unwrap()), "{outcome:?}");
    }
}

async fn usernames(database: &OwnServer) -> Vec<String> {
    let mut connection = database.schema.connect().await;
    query_scalar("select username from users").fetch_all(&mut connection).await.unwrap()
}

/// Creates that were answered 503 are tried again: then each user is stored once, created now (201) or before (409).
async fn settle(server: &Server, database: &OwnServer, outcomes: &[Outcome]) {
    let tally = Arc::new(Tally::of("creates that were answered 503, tried again"));
    let client = HttpClient::new(&server.address, &tally);
    let before: HashSet<_> = usernames(database).await.into_iter().collect();
    let mut executed_before = 0;
    for outcome in outcomes {
        let Some(username) = &outcome.username else { continue };
        if outcome.status != Some(StatusCode::SERVICE_UNAVAILABLE) {
            continue;
        }
        let again = client.create(username).await.status.unwrap();
        let expected = if before.contains(username) { StatusCode::CONFLICT } else { StatusCode::CREATED };
        assert_eq!(again, expected, "{username}");
        executed_before += u64::from(again == StatusCode::CONFLICT);
    }
    let counts = tally.counts();
    assert_eq!(counts.answered, counts.sent, "{tally}");
    assert_acknowledged_once(database, outcomes).await;
    eprintln!("of {} creates of unknown outcome {executed_before} had been executed", counts.sent);
}
