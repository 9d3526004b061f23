//! A clock that is set back: nobody gets in who was out, and nobody is out for long.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, refresh, with_accounts_on_every_database,
};

with_accounts_on_every_database! {
    tokens_from_the_future_are_renewed_by_a_refresh,
    what_has_ended_stays_ended,
    a_session_does_not_live_longer,
    failed_attempts_refuse_nobody_for_longer_than_the_windows,
    a_recent_sign_in_stays_recent,
}

async fn tokens_from_the_future_are_renewed_by_a_refresh(app: AccountsApp) {
    let mut root = app.root().await;
    app.clock.advance(TimeDelta::hours(-1));
    root.get("/users/me").await.assert_problem(401, "token_invalid");
    root.refresh().await;
    assert_eq!(root.get("/users/me").await.status, 200);
    assert_eq!(
        app.root().await.get("/users/me/sessions").await.json()["sessions"].as_array().unwrap().len(),
        2
    );
}

async fn what_has_ended_stays_ended(app: AccountsApp) {
    let (one, ada) = (app.root().await, app.person("ada", &[]).await);
    let root = app.root().await;
    assert_eq!(one.delete("/sessions/current").await.status, 204);
    assert_eq!(root.put(&ada.path("/password"), json!({"password": OTHER_PASSWORD})).await.status, 204);
    app.clock.advance(TimeDelta::seconds(-50));
    for person in [&one, &ada] {
        person.get("/users/me").await.assert_problem(401, "session_ended");
        refresh(&app, &person.refresh_token).await.assert_problem(401, "session_ended");
    }
    app.try_sign_in("ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
}

async fn a_session_does_not_live_longer(app: AccountsApp) {
    let mut root = app.root().await;
    let expiry = root.get("/users/me/sessions").await.json()["sessions"][0]["expires_at"].clone();
    app.clock.advance(TimeDelta::days(-1));
    root.refresh().await;
    let sessions = root.get("/users/me/sessions").await.json();
    assert!(sessions["sessions"][0]["expires_at"].as_str() <= expiry.as_str(), "{sessions}");
    for _ in 0..9 {
        app.clock.advance(TimeDelta::days(10));
        root.refresh().await;
    }
    app.clock.advance(TimeDelta::days(1));
    refresh(&app, &root.refresh_token).await.assert_problem(401, "session_ended");
}

async fn failed_attempts_refuse_nobody_for_longer_than_the_windows(app: AccountsApp) {
    for _ in 0..10 {
        app.try_sign_in("root", OTHER_PASSWORD).await.assert_problem(401, "invalid_credentials");
    }
    app.clock.advance(TimeDelta::hours(-1));
    // Of the limits with a window of 15 minutes one is for the address, the other for the login as well.
    for _ in 0..2 {
        let refused = app.try_sign_in("root", PASSWORD).await;
        refused.assert_problem(429, "too_many_attempts");
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert!(wait <= 900, "{wait}");
        app.clock.advance(TimeDelta::seconds(wait));
    }
    assert_eq!(app.try_sign_in("root", PASSWORD).await.status, 201);
}

async fn a_recent_sign_in_stays_recent(app: AccountsApp) {
    let mut ada = app.person("ada", &[]).await;
    app.clock.advance(TimeDelta::hours(-1));
    ada.refresh().await;
    let changed = ada.put("/users/me", json!({"email": "countess@example.com"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
}
