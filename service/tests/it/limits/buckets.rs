//! What fits into a bucket, over every database.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use users_service::clock::{SystemClock, monotonic};
use users_service::db::{self, Database, Outage};
use users_service::limits::{Error, Limits};
use users_service::request_context::RequestContext;

use super::subject::{Counted, keys, limit, taken};
use crate::harness::test_app::{TestApp, on_every_database};

on_every_database!(
    the_whole_amount_may_come_at_once_and_then_one_at_a_time,
    the_amount_is_there_again_after_the_window,
    a_refused_hit_does_not_count,
    one_may_come_in_a_window_of_one,
    a_hit_that_is_given_back_leaves_room,
    a_strict_limit_lets_no_more_than_the_amount_into_any_window,
    a_strict_hit_that_is_given_back_leaves_room,
    a_strict_limit_of_more_than_a_hundred_is_one_like_the_others,
    a_hit_is_given_back_when_the_time_of_its_request_is_up,
    hits_on_several_limits_are_given_back_together,
    only_what_is_still_in_the_bucket_is_given_back,
    everybody_has_a_bucket_for_each_limit,
    a_bucket_has_another_name_with_another_key,
    a_limit_may_be_changed,
    a_clock_that_is_set_back_refuses_nobody_for_longer_than_a_window,
    the_clock_of_another_process_may_be_slow,
    no_time_is_too_early_or_too_late,
    a_bucket_does_not_show_whose_it_is,
);

async fn the_whole_amount_may_come_at_once_and_then_one_at_a_time(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("10/15m"));
    assert_eq!(counted.room(&limit, "ada").await, 10);
    assert_eq!(counted.wait(&limit, "ada").await, Duration::from_secs(90));
    counted.clock.advance(TimeDelta::milliseconds(89_999));
    assert_eq!(counted.wait(&limit, "ada").await, Duration::from_millis(1));
    counted.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(counted.room(&limit, "ada").await, 1);
}

async fn the_amount_is_there_again_after_the_window(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("10/15m"));
    assert_eq!(counted.room(&limit, "ada").await, 10);
    counted.clock.advance(TimeDelta::minutes(15));
    assert_eq!(counted.room(&limit, "ada").await, 10);
    counted.clock.advance(TimeDelta::days(365));
    assert_eq!(counted.room(&limit, "ada").await, 10, "no more than the amount is saved up");
}

async fn a_refused_hit_does_not_count(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("2/1m"));
    assert_eq!(counted.room(&limit, "ada").await, 2);
    for _ in 0..20 {
        assert_eq!(counted.wait(&limit, "ada").await, Duration::from_secs(30));
    }
    counted.clock.advance(TimeDelta::seconds(30));
    assert_eq!(counted.room(&limit, "ada").await, 1);
}

async fn one_may_come_in_a_window_of_one(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("1/30d"));
    assert_eq!(counted.room(&limit, "ada").await, 1);
    assert_eq!(counted.wait(&limit, "ada").await, Duration::from_hours(30 * 24));
    counted.clock.advance(TimeDelta::days(30));
    assert_eq!(counted.room(&limit, "ada").await, 1);
}

async fn a_hit_that_is_given_back_leaves_room(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("3/1h"));
    let hit = counted.take(&limit, "ada").await.unwrap();
    assert_eq!(counted.room(&limit, "ada").await, 2);
    counted.limits.give_back(&[hit]).await;
    assert_eq!(counted.room(&limit, "ada").await, 1);
    for _ in 0..20 {
        let hit = counted.take(&limit, "bob").await.unwrap();
        counted.limits.give_back(&[hit]).await;
    }
    assert_eq!(counted.room(&limit, "bob").await, 3);
}

async fn a_strict_limit_lets_no_more_than_the_amount_into_any_window(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("3/1h"));
    let take = async || taken(counted.limits.take_strictly(&limit, &[b"ada"]).await);
    let mut hits = Vec::new();
    for minute in 0..300 {
        if take().await.is_ok() {
            hits.push(minute);
        }
        counted.clock.advance(TimeDelta::minutes(1));
    }
    assert_eq!(hits, [0, 1, 2, 60, 61, 62, 120, 121, 122, 180, 181, 182, 240, 241, 242]);
    assert!(take().await.is_ok());
    counted.clock.advance(TimeDelta::minutes(1));
    assert!(take().await.is_ok());
    counted.clock.advance(TimeDelta::minutes(9));
    assert!(take().await.is_ok());
    assert_eq!(take().await.unwrap_err().wait, Duration::from_mins(50), "the first of the three makes room");
}

async fn a_strict_hit_that_is_given_back_leaves_room(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("3/1h"));
    let take = async || taken(counted.limits.take_strictly(&limit, &[b"ada"]).await);
    let hits = [take().await.unwrap(), take().await.unwrap(), take().await.unwrap()];
    assert!(take().await.is_err());
    counted.limits.give_back(&hits[1..2]).await;
    assert!(take().await.is_ok() && take().await.is_err());
}

async fn a_strict_limit_of_more_than_a_hundred_is_one_like_the_others(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("101/1h"));
    for _ in 0..101 {
        taken(counted.limits.take_strictly(&limit, &[b"ada"]).await).unwrap();
    }
    assert_eq!(counted.wait(&limit, "ada").await.as_secs(), 35);
}

async fn a_hit_is_given_back_when_the_time_of_its_request_is_up(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("1/1h"));
    let hit = counted.take(&limit, "ada").await.unwrap();
    let too_late = RequestContext::new("some-id".to_owned(), Some(monotonic()));
    too_late.scope(counted.limits.give_back(&[hit])).await;
    assert_eq!(counted.room(&limit, "ada").await, 1);
}

async fn hits_on_several_limits_are_given_back_together(app: TestApp) {
    let counted = Counted::over(&app).await;
    let limits: Vec<_> = ["2/1h", "3/1h", "4/1h", "5/1h"]
        .into_iter()
        .zip(["one", "two", "three", "four"])
        .map(|(rate, name)| rate.parse::<users_service::limits::Rate>().unwrap().named(name))
        .collect();
    counted.take(&limits[0], "bob").await.unwrap();
    for several in 1..=limits.len() {
        let mut hits = Vec::new();
        for limit in &limits[..several] {
            hits.push(counted.take(limit, "ada").await.unwrap());
        }
        counted.limits.give_back(&hits).await;
    }
    for (limit, amount) in limits.iter().zip(2..) {
        assert_eq!(counted.room(limit, "ada").await, amount);
    }
    assert_eq!(counted.room(&limits[0], "bob").await, 1, "nothing was taken from the buckets of others");
}

async fn only_what_is_still_in_the_bucket_is_given_back(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("3/1h"));
    let first = counted.take(&limit, "ada").await.unwrap();
    // It has drained before the others come.
    counted.clock.advance(TimeDelta::minutes(20));
    assert_eq!(counted.room(&limit, "ada").await, 3);
    counted.limits.give_back(&[first]).await;
    assert_eq!(counted.room(&limit, "ada").await, 0);

    // Of this one a minute is left, which is too little for another.
    let first = counted.take(&limit, "bob").await.unwrap();
    counted.clock.advance(TimeDelta::minutes(19));
    assert_eq!(counted.room(&limit, "bob").await, 2);
    counted.limits.give_back(&[first]).await;
    assert_eq!(counted.room(&limit, "bob").await, 1);
    assert_eq!(counted.wait(&limit, "bob").await, Duration::from_mins(20));
}

async fn everybody_has_a_bucket_for_each_limit(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("1/1h"));
    assert_eq!(counted.room(&limit, "ada").await, 1);
    assert_eq!(counted.room(&limit, "bob").await, 1);
    let other = "1/1h".parse::<users_service::limits::Rate>().unwrap().named("sign-up");
    assert_eq!(counted.room(&other, "ada").await, 1);
    // The parts of a subject do not run into each other.
    let subjects: [&[&[u8]]; 6] =
        [&[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"], &[b"abc", b""], &[b"", b"abc"], &[]];
    for subject in subjects {
        assert!(taken(counted.limits.take(&limit, subject).await).is_ok(), "{subject:?}");
    }
    for subject in subjects {
        assert!(taken(counted.limits.take(&limit, subject).await).is_err(), "{subject:?}");
    }
}

async fn a_bucket_has_another_name_with_another_key(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("1/1h"));
    assert_eq!(counted.room(&limit, "ada").await, 1);
    let again = |secret: &[u8]| {
        let clock = Arc::new(counted.clock.clone());
        let limits = Limits::new(counted.database.clone(), clock, &keys(secret));
        async move { taken(limits.take(&limit, &[b"ada"]).await).is_ok() }
    };
    assert!(!again(b"a key").await);
    assert!(again(b"another key").await);
}

async fn a_limit_may_be_changed(app: TestApp) {
    let counted = Counted::over(&app).await;
    assert_eq!(counted.room(&limit("100/24h"), "ada").await, 100);
    let smaller = limit("10/15m");
    assert!(counted.wait(&smaller, "ada").await <= smaller.window());
    let larger = limit("1000/24h");
    assert!(counted.room(&larger, "bob").await == 1000 && counted.room(&limit("100/24h"), "bob").await == 0);
}

async fn a_clock_that_is_set_back_refuses_nobody_for_longer_than_a_window(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("10/15m"));
    assert_eq!(counted.room(&limit, "ada").await, 10);
    counted.clock.advance(TimeDelta::days(-365));
    assert_eq!(counted.wait(&limit, "ada").await, Duration::from_mins(15));
    // The wait goes down from there, however often it is tried.
    counted.clock.advance(TimeDelta::minutes(14));
    assert_eq!(counted.wait(&limit, "ada").await, Duration::from_mins(1));
    counted.clock.advance(TimeDelta::minutes(1));
    assert_eq!(counted.room(&limit, "ada").await, 1);
}

/// Whoever asks two processes in turn has no more room than with one.
async fn the_clock_of_another_process_may_be_slow(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("10/15m"));
    assert_eq!(counted.room(&limit, "ada").await, 10);
    for _ in 0..5 {
        counted.clock.advance(TimeDelta::minutes(-10));
        assert_eq!(counted.room(&limit, "ada").await, 0);
        counted.clock.advance(TimeDelta::minutes(10));
        assert_eq!(counted.room(&limit, "ada").await, 0);
    }
}

async fn no_time_is_too_early_or_too_late(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("2/30d"));
    for now in [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC] {
        counted.clock.set(now);
        assert_eq!(counted.room(&limit, &now.to_string()).await, 2, "{now}");
        assert_eq!(counted.wait(&limit, &now.to_string()).await, Duration::from_hours(15 * 24), "{now}");
        let hit = counted.take(&limit, &format!("given back {now}")).await.unwrap();
        counted.limits.give_back(&[hit]).await;
        assert_eq!(counted.room(&limit, &format!("given back {now}")).await, 2, "{now}");
    }
    // From the end of time to its beginning.
    counted.take(&limit, "ada").await.unwrap();
    counted.clock.set(DateTime::UNIX_EPOCH);
    assert_eq!(counted.wait(&limit, "ada").await, limit.window());
}

async fn a_bucket_does_not_show_whose_it_is(app: TestApp) {
    let counted = Counted::over(&app).await;
    counted.take(&limit("10/15m"), "ada.lovelace@example.com").await.unwrap();
    let buckets = app.database.values("select hex(bucket) from rate_limits").await;
    assert_eq!(buckets.iter().map(String::len).collect::<Vec<_>>(), [32]);
    let ada = "616461";
    assert!(!buckets[0].contains(ada), "{buckets:?}");
}

#[tokio::test]
async fn a_database_that_fails_is_not_taken_for_room() {
    let unavailable = || db::Error::unavailable(Outage::Unreachable, "a test");
    let database = Database::failing(unavailable);
    let limits = Limits::new(database, Arc::new(SystemClock), &keys(b"a key"));
    let failed = limits.take(&limit("10/15m"), &[b"ada"]).await.unwrap_err();
    assert!(matches!(failed, Error::Database(db::Error::Unavailable { .. })), "{failed:?}");
}
