//! A well-behaved client that sends requests while others misbehave.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::{sleep, timeout};

use super::tally::Tally;
use super::wire::{Wire, WireAnswer, get};

/// How long it waits for an answer: longer than it takes under load, far shorter than the server's time-outs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// Counts the answer to a valid request.
pub(super) fn count(tally: &Tally, answer: &io::Result<WireAnswer>, expected: StatusCode) {
    match answer {
        Ok(answer) => {
            tally.answer(answer.status, answer.header("retry-after").is_some(), answer.status == expected);
        }
        Err(error) => {
            eprintln!("not answered: {error}");
            tally.lost();
        }
    }
}

/// Lists users on one connection and, if `connects`, on a new one each time, until the fault is over, and once more
/// afterwards.
pub(super) async fn beside<T>(
    address: &str,
    tally: &Tally,
    connects: bool,
    fault: impl Future<Output = T>,
) -> T {
    let mut kept = Wire::connect(address).await.unwrap();
    let over = Cell::new(false);
    let lists = async {
        loop {
            let last = over.get();
            count(tally, &list(&mut kept).await, StatusCode::OK);
            if connects {
                let mut fresh = Wire::connect(address).await.unwrap();
                count(tally, &list(&mut fresh).await, StatusCode::OK);
            }
            if last {
                break;
            }
            sleep(PAUSE).await;
        }
    };
    let fault = async {
        let result = fault.await;
        over.set(true);
        result
    };
    tokio::join!(fault, lists).0
}

async fn list(wire: &mut Wire) -> io::Result<WireAnswer> {
    timeout(ANSWER_TIMEOUT, async {
        wire.send(get("/users")).await?;
        wire.answer().await
    })
    .await?
}
