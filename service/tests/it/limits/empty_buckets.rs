//! The background job that deletes empty buckets, over every database.

use chrono::TimeDelta;
use users_service::limits;

use super::subject::{Counted, limit};
use crate::harness::databases::TestDatabase;
use crate::harness::test_app::{TestApp, on_every_database};

on_every_database!(
    empty_buckets_are_deleted_and_no_others,
    a_bucket_that_was_deleted_is_an_empty_one,
    more_than_one_statement_deletes_are_deleted_too,
);

/// Runs the job once.
async fn run_job(counted: &Counted) {
    let state = counted.state();
    limits::delete_empty_buckets(&state.database, state.clock.now()).await.unwrap();
}

async fn rows(app: &TestApp) -> String {
    app.database.values("select cast(count(*) as char) from rate_limits").await.remove(0)
}

async fn empty_buckets_are_deleted_and_no_others(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("2/1h"));
    counted.take(&limit, "ada").await.unwrap();
    counted.clock.advance(TimeDelta::minutes(29));
    counted.take(&limit, "bob").await.unwrap();
    run_job(&counted).await;
    assert_eq!(rows(&app).await, "2");
    counted.clock.advance(TimeDelta::minutes(1));
    run_job(&counted).await;
    assert_eq!(rows(&app).await, "1");
    assert_eq!(counted.room(&limit, "bob").await, 1);
}

async fn a_bucket_that_was_deleted_is_an_empty_one(app: TestApp) {
    let (counted, limit) = (Counted::over(&app).await, limit("2/1h"));
    let hit = counted.take(&limit, "ada").await.unwrap();
    counted.clock.advance(TimeDelta::hours(1));
    run_job(&counted).await;
    assert_eq!(rows(&app).await, "0");
    counted.limits.give_back(&[hit]).await;
    assert_eq!(counted.room(&limit, "ada").await, 2);
}

async fn more_than_one_statement_deletes_are_deleted_too(app: TestApp) {
    let counted = Counted::over(&app).await;
    let columns = match app.database {
        TestDatabase::Sqlite(_) => "bucket, tat, ahead",
        TestDatabase::Mysql(_) => "bucket, tat",
    };
    let ahead = if columns.ends_with("ahead") { ", 1" } else { "" };
    let rows_of = |numbers: std::ops::Range<u32>, tat: u64| {
        numbers.map(|number| format!("(x'{number:032x}', {tat}{ahead})")).collect::<Vec<_>>().join(", ")
    };
    let (empty, full) = (rows_of(0..2500, 1), rows_of(2500..2503, 1 << 60));
    let last = format!("(x'{}', 1{ahead})", "ff".repeat(16));
    app.database
        .execute(&format!("insert into rate_limits ({columns}) values {empty}, {last}, {full}"))
        .await;
    run_job(&counted).await;
    assert_eq!(rows(&app).await, "3");
}
