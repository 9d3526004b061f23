//! What has expired is removed by the jobs, a few rows at a time.

use std::fmt::Write;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use users_service::clock::{Clock, monotonic};
use users_service::config::{Credentials, Database, Mysql, Tls};
use users_service::jobs::{Ending, run_all};

use crate::harness::accounts::{AccountsApp, refresh, with_accounts_on_every_database};
use crate::harness::databases::TestDatabase;
use crate::harness::wiretap::Wiretap;

with_accounts_on_every_database! {
    expired_sessions_go_after_a_day_and_live_ones_stay,
    expired_tokens_and_forgotten_addresses_go,
}

async fn run_jobs(app: &AccountsApp) {
    let reports = run_all(&app.state, monotonic() + Duration::from_mins(1)).await;
    assert!(reports.len() >= 4 && reports.iter().all(|report| report.ending == Ending::Done), "{reports:?}");
}

async fn count(app: &AccountsApp, table: &str) -> u32 {
    app.database.values(&format!("select cast(count(*) as char) from {table}")).await[0].parse().unwrap()
}

/// Adds sessions of root that expired at a time.
async fn add_sessions(app: &AccountsApp, number: u32, expired: DateTime<Utc>) {
    let root = app.database.values("select cast(user_id as char) from users where username = 'root'").await;
    let (user, at) = (&root[0], expired.timestamp_millis());
    let mut sql =
        "insert into sessions (session_id, user_id, secret, generation, signed_in_at, refreshed_at, \
                   expires_at, absolute_expiry, ip_address, user_agent) values"
            .to_owned();
    for id in 0..number {
        let comma = if id == 0 { "" } else { "," };
        write!(sql, "{comma} (x'{id:032x}', {user}, x'{id:064x}', 0, 0, 0, {at}, {at}, '', '')").unwrap();
    }
    app.database.execute(&sql).await;
}

async fn expired_sessions_go_after_a_day_and_live_ones_stay(app: AccountsApp) {
    let (mut live, old) = (app.root().await, app.root().await);
    app.clock.advance(TimeDelta::days(13));
    live.refresh().await;
    app.clock.advance(TimeDelta::days(2));
    run_jobs(&app).await;
    assert_eq!(count(&app, "sessions").await, 2, "for a day it is told to have ended");
    refresh(&app, &old.refresh_token).await.assert_problem(401, "session_ended");
    app.clock.advance(TimeDelta::milliseconds(1));
    run_jobs(&app).await;
    assert_eq!(count(&app, "sessions").await, 1);
    refresh(&app, &old.refresh_token).await.assert_problem(401, "token_invalid");
    live.refresh().await;
    assert_eq!(live.get("/users/me").await.status, 200);
}

async fn expired_tokens_and_forgotten_addresses_go(app: AccountsApp) {
    let root = app.root().await;
    let now = app.clock.now();
    let (past, future) = (now - TimeDelta::milliseconds(1), now + TimeDelta::milliseconds(1));
    for (purpose, expires_at) in [("past", past), ("future", future)] {
        app.database
            .execute(&format!(
                "insert into one_time_tokens (user_id, purpose, token_hash, expires_at)
                 values ({}, '{purpose}', x'{:064x}', {})",
                root.user_id,
                expires_at.timestamp_millis(),
                expires_at.timestamp_millis()
            ))
            .await;
    }
    run_jobs(&app).await;
    assert_eq!(app.database.values("select purpose from one_time_tokens").await, ["future"]);
    assert_eq!(count(&app, "known_addresses").await, 1);
    app.clock.advance(TimeDelta::days(30));
    run_jobs(&app).await;
    assert_eq!(count(&app, "known_addresses").await, 1);
    app.clock.advance(TimeDelta::milliseconds(1));
    run_jobs(&app).await;
    assert_eq!((count(&app, "known_addresses").await, count(&app, "one_time_tokens").await), (0, 0));
}

#[tokio::test]
async fn five_hundred_sessions_go_at_a_time() {
    let app = AccountsApp::on_mysql().await;
    add_sessions(&app, 1200, app.clock.now() - TimeDelta::days(2)).await;
    let TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
    let tap = Wiretap::on(&schema.application()).await;
    let credentials = Credentials::Fixed(tap.login.clone());
    let database = Database::Mysql(Mysql { credentials, tls: Tls::Off, pool_size: 1 });
    let state = app.state_through(database).await;
    users_service::sessions::delete_expired(&state.database, app.clock.now()).await.unwrap();
    assert_eq!(count(&app, "sessions").await, 0);
    let executed = tap.take().commands.iter().filter(|command| **command == "execute").count();
    assert_eq!(executed, 4, "500, 500, 200, none");
}
