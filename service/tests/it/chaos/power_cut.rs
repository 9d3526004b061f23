//! The process is killed again and again while it writes to an SQLite file.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use sqlx::{Connection, query_scalar};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::malformed::Rng;
use super::tally::Tally;
use super::wire::{Wire, post};
use crate::harness::databases::SqliteFile;
use crate::harness::program::Server;

const WRITERS: usize = 8;

/// Creates users until the connection breaks, and records those that were acknowledged.
async fn write(address: String, name: String, tally: Arc<Tally>, acknowledged: Arc<Mutex<Vec<String>>>) {
    let mut wire = Wire::connect(&address).await.unwrap();
    for turn in 0.. {
        let username = format!("{name}-{turn}");
        let answer = match wire.send(post(&username, "")).await {
            Ok(()) => wire.answer().await,
            Err(error) => Err(error),
        };
        let Ok(answer) = answer else { return tally.lost() };
        let created = answer.status == StatusCode::CREATED;
        tally.answer(answer.status, answer.header("retry-after").is_some(), created);
        if created {
            acknowledged.lock().unwrap().push(username);
        }
    }
}

async fn survives(fault: &'static str, times: usize) {
    let file = SqliteFile::new();
    let path = file.path().display().to_string();
    let tally = Arc::new(Tally::of(fault));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut rng = Rng(1);
    for time in 0..times {
        let mut server = Server::on_sqlite(&[("SQLITE_PATH", &path)]).await;
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (address, name) = (server.address.clone(), format!("user-{time}-{writer}"));
            writers.spawn(write(address, name, Arc::clone(&tally), Arc::clone(&acknowledged)));
        }
        let before = acknowledged.lock().unwrap().len();
        while acknowledged.lock().unwrap().len() == before {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_millis(rng.below(300) as u64)).await;
        server.program.signal("KILL");
        server.program.ended().await;
        writers.join_all().await;
        let so_far = acknowledged.lock().unwrap().clone();
        check(&file, &so_far).await;
    }
    let counts = tally.counts();
    assert_eq!((counts.shed, counts.wrong), (0, 0), "{counts:?}");
    // Each writer had one request in flight at each kill.
    assert_eq!(counts.lost, (WRITERS * times) as u64, "{counts:?}");
}

/// Checks the integrity of the file, and that every acknowledged user is in it.
async fn check(file: &SqliteFile, acknowledged: &[String]) {
    let mut connection = file.connect().await;
    let sound: String = query_scalar("pragma integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(sound, "ok");
    let stored: HashSet<String> = query_scalar("select username from users")
        .fetch_all(&mut connection)
        .await
        .unwrap()
        .into_iter()
        .collect();
    let missing: Vec<_> = acknowledged.iter().filter(|name| !stored.contains(*name)).collect();
    assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_three_kills() {
    survives("kill -9 under writes to SQLite, 3 times", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make chaos"]
async fn what_was_acknowledged_survives_a_hundred_kills() {
    survives("kill -9 under writes to SQLite, 100 times", 100).await;
}
