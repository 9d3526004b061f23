//! Hits at once, over every database.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::task::JoinSet;
use users_service::clock::monotonic;
use users_service::jobs::{self, Ending};

use super::subject::{Counted, limit, taken};
use crate::harness::test_app::{TestApp, on_every_database};

on_every_database!(
    of_hits_at_once_exactly_the_amount_counts,
    of_hits_at_once_on_a_strict_limit_exactly_the_amount_counts,
    of_hits_at_once_on_new_buckets_exactly_the_amount_of_each_counts,
    hits_given_back_at_once_leave_an_empty_bucket,
    hits_are_exact_while_empty_buckets_are_deleted,
);

/// How many hits are sent at a time: one more than there are connections.
const AT_ONCE: usize = 17;

/// How many of these hits count.
async fn counting(counted: &Counted, rate: &'static str, logins: impl Iterator<Item = String>) -> usize {
    let logins: Vec<_> = logins.collect();
    let mut senders = JoinSet::new();
    for sender in 0..AT_ONCE {
        let limits = counted.limits.clone();
        let logins: Vec<_> = logins.iter().skip(sender).step_by(AT_ONCE).cloned().collect();
        senders.spawn(async move {
            let mut counting = 0;
            for login in logins {
                let taken = taken(limits.take(&limit(rate), &[login.as_bytes()]).await);
                counting += usize::from(taken.is_ok());
            }
            counting
        });
    }
    senders.join_all().await.into_iter().sum()
}

async fn of_hits_at_once_exactly_the_amount_counts(app: TestApp) {
    let counted = Counted::over(&app).await;
    let hits = std::iter::repeat_n("ada".to_owned(), 400);
    assert_eq!(counting(&counted, "50/1h", hits).await, 50);
}

async fn of_hits_at_once_on_a_strict_limit_exactly_the_amount_counts(app: TestApp) {
    let counted = Counted::over(&app).await;
    let mut senders = JoinSet::new();
    for _ in 0..AT_ONCE {
        let limits = counted.limits.clone();
        senders.spawn(async move { taken(limits.take_strictly(&limit("10/1h"), &[b"ada"]).await).is_ok() });
    }
    let counting = senders.join_all().await.into_iter().filter(|counts| *counts).count();
    assert_eq!(counting, 10);
}

async fn of_hits_at_once_on_new_buckets_exactly_the_amount_of_each_counts(app: TestApp) {
    let counted = Counted::over(&app).await;
    let hits = (0..400).map(|number| format!("user-{}", number % 25));
    assert_eq!(counting(&counted, "3/1h", hits).await, 3 * 25);
}

async fn hits_given_back_at_once_leave_an_empty_bucket(app: TestApp) {
    let counted = Counted::over(&app).await;
    let mut senders = JoinSet::new();
    for _ in 0..AT_ONCE {
        let limits = counted.limits.clone();
        senders.spawn(async move {
            for _ in 0..10 {
                let hit = taken(limits.take(&limit("20/1h"), &[b"ada"]).await).unwrap();
                limits.give_back(&[hit]).await;
            }
        });
    }
    senders.join_all().await;
    assert_eq!(counted.room(&limit("20/1h"), "ada").await, 20);
}

async fn hits_are_exact_while_empty_buckets_are_deleted(app: TestApp) {
    let counted = Counted::over(&app).await;
    let logins = || (0..400).map(|number| format!("user-{}", number % 100));
    for _ in 0..3 {
        assert_eq!(counting(&counted, "2/1h", logins()).await, 2 * 100);
        // All of these buckets are empty now: they are deleted while they are filled again.
        counted.clock.advance(TimeDelta::hours(1));
        let state = counted.state();
        let deleting =
            tokio::spawn(async move { jobs::run_all(&state, monotonic() + Duration::from_secs(30)).await });
        assert_eq!(counting(&counted, "2/1h", logins()).await, 2 * 100);
        let reports = deleting.await.unwrap();
        assert!(reports.iter().all(|report| report.ending == Ending::Done), "{reports:?}");
        counted.clock.advance(TimeDelta::hours(1));
    }
}
