//! The server is killed and comes back while clients go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::time::sleep;

use super::own_server::OwnServer;
use super::tally::Tally;
use super::traffic::{HttpClient, Outcome, Traffic};
use crate::program::{Server, server_variables};

/// How soon all is well again.
const RECOVERY: Duration = Duration::from_secs(2);

#[tokio::test]
#[ignore = "takes a minute: make chaos"]
async fn a_server_that_is_killed_under_load_loses_nothing_that_was_acknowledged() {
    let database = OwnServer::start(&["--innodb-flush-log-at-trx-commit=1"]).await;
    let server = Server::start(&server_variables(&database.schema.login)).await;
    let tally = Arc::new(Tally::of("server killed (-9) and restarted under load, three times"));
    let traffic = Traffic::start(&server.address, &tally, true);
    let mut returns = Vec::new();
    for _ in 0..3 {
        sleep(Duration::from_secs(2)).await;
        database.kill().await;
        let away = Instant::now();
        sleep(Duration::from_secs(1)).await;
        database.restart().await;
        returns.push((away, Instant::now()));
        sleep(RECOVERY).await;
    }
    sleep(Duration::from_secs(1)).await;
    let outcomes = traffic.end().await;

    let counts = tally.counts();
    assert_eq!((counts.wrong, counts.lost), (0, 0), "{tally}");
    assert!(counts.shed > 0 && counts.answered > counts.shed / 100, "{tally}");
    for (index, (_, back)) in returns.iter().enumerate() {
        let next = returns.get(index + 1).map(|(away, _)| *away - RECOVERY);
        assert_recovered(&outcomes, *back, next);
    }
    let starts = server.program.log().iter().filter(|line| line.contains("Listening on")).count();
    assert_eq!(starts, 1, "the process is the same");
    assert_acknowledged_once(&database, &outcomes).await;
    settle(&server, &database, &outcomes).await;
}

/// From two seconds after the return on until `next`, which lies before the next kill, every request is answered.
fn assert_recovered(outcomes: &[Outcome], back: Instant, next: Option<Instant>) {
    let from = back + RECOVERY;
    let late = |outcome: &&Outcome| outcome.at > from && next.is_none_or(|next| outcome.at < next);
    assert!(next.is_some_and(|next| next < from) || outcomes.iter().any(|outcome| late(&outcome)));
    for outcome in outcomes.iter().filter(late) {
        assert_ne!(outcome.status, Some(StatusCode::SERVICE_UNAVAILABLE), "{:?} late", outcome.at - back);
    }
    let answered = |outcome: &&Outcome| outcome.at > back && outcome.status.is_some_and(|s| s.is_success());
    let first = outcomes.iter().filter(answered).map(|outcome| outcome.at).min().unwrap();
    println!("first success {:?} after the return", first - back);
    assert!(first - back < RECOVERY);
}

/// Whoever was told 201 is there, and nobody is there twice.
async fn assert_acknowledged_once(database: &OwnServer, outcomes: &[Outcome]) {
    for outcome in outcomes.iter().filter(|outcome| outcome.status == Some(StatusCode::CREATED)) {
        assert_eq!(copies(database, outcome).await, "1", "{outcome:?}");
    }
}

async fn copies(database: &OwnServer, outcome: &Outcome) -> String {
    let username = outcome.username.as_ref().unwrap();
    let sql = format!("select count(*) from users where username = '{username}'");
    database.schema.value(&sql).await.unwrap()
}

/// Those who were told to come back do, and then are there once: created now (201), or found to be there (409).
async fn settle(server: &Server, database: &OwnServer, outcomes: &[Outcome]) {
    let tally = Arc::new(Tally::of("creates that were told to come back, tried again"));
    let client = HttpClient::new(&server.address, &tally);
    let mut there_already = 0;
    for outcome in outcomes {
        let Some(username) = &outcome.username else { continue };
        if outcome.status != Some(StatusCode::SERVICE_UNAVAILABLE) {
            continue;
        }
        let before = copies(database, outcome).await;
        let again = client.create(username).await.status.unwrap();
        let expected = if before == "0" { StatusCode::CREATED } else { StatusCode::CONFLICT };
        assert_eq!(again, expected, "{username}");
        there_already += u64::from(again == StatusCode::CONFLICT);
        assert_eq!(copies(database, outcome).await, "1", "{username}");
    }
    let counts = tally.counts();
    assert_eq!(counts.answered, counts.sent, "{tally}");
    println!("of {} creates without a verdict {there_already} had been carried out", counts.sent);
}
