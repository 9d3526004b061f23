//! Hits at once, over every database.

use tokio::task::JoinSet;

use super::subject::{Counted, limit, taken};
use crate::harness::test_app::{TestApp, on_every_database};

on_every_database!(
    of_hits_at_once_exactly_the_amount_counts,
    of_hits_at_once_on_new_buckets_exactly_the_amount_of_each_counts,
    hits_given_back_at_once_leave_an_empty_bucket,
);

/// How many of these hits, all sent at once, count.
async fn at_once(counted: &Counted, rate: &'static str, logins: impl Iterator<Item = String>) -> usize {
    let mut hits = JoinSet::new();
    for login in logins {
        let limits = counted.limits.clone();
        hits.spawn(async move { taken(limits.take(&limit(rate), &[login.as_bytes()]).await).is_ok() });
    }
    hits.join_all().await.into_iter().filter(|counts| *counts).count()
}

async fn of_hits_at_once_exactly_the_amount_counts(app: TestApp) {
    let counted = Counted::over(&app).await;
    let hits = std::iter::repeat_n("ada".to_owned(), 400);
    assert_eq!(at_once(&counted, "50/1h", hits).await, 50);
}

async fn of_hits_at_once_on_new_buckets_exactly_the_amount_of_each_counts(app: TestApp) {
    let counted = Counted::over(&app).await;
    let hits = (0..400).map(|number| format!("user-{}", number % 25));
    assert_eq!(at_once(&counted, "3/1h", hits).await, 3 * 25);
}

async fn hits_given_back_at_once_leave_an_empty_bucket(app: TestApp) {
    let counted = Counted::over(&app).await;
    let mut hits = JoinSet::new();
    for _ in 0..100 {
        let limits = counted.limits.clone();
        hits.spawn(async move {
            let hit = taken(limits.take(&limit("100/1h"), &[b"ada"]).await).unwrap();
            limits.give_back(hit).await;
        });
    }
    hits.join_all().await;
    assert_eq!(counted.room(&limit("100/1h"), "ada").await, 100);
}
