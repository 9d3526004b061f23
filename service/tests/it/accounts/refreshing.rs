//! Refresh tokens: good once, their predecessors for a moment, anything older ends the session.

use std::collections::BTreeSet;

use axum::http::{Method, header};
use chrono::TimeDelta;
use serde_json::json;

use crate::harness::accounts::{AccountsApp, call, refresh, with_accounts_on_every_database};

with_accounts_on_every_database! {
    a_refresh_gives_new_tokens_of_the_same_session,
    the_predecessor_gets_the_same_successor_for_half_a_minute,
    an_older_token_ends_the_session_and_no_other,
    many_refreshes_at_once_get_one_successor,
    a_forged_token_ends_nothing,
    a_session_ends_when_it_is_idle_or_old,
    whoever_is_disabled_gets_no_tokens,
    a_refresh_token_signs_out,
    a_refresh_token_signs_out_when_the_access_token_has_expired,
    whoever_is_removed_by_another_program_has_no_session,
}

async fn a_refresh_gives_new_tokens_of_the_same_session(app: AccountsApp) {
    let mut root = app.root().await;
    let (session, first) = (root.session_id.clone(), root.refresh_token.clone());
    app.clock.advance(TimeDelta::days(13));
    root.refresh().await;
    assert_eq!(root.session_id, session);
    assert_ne!(root.refresh_token, first);
    let listed = root.get("/users/me/sessions").await.json();
    let listed = &listed["sessions"][0];
    assert_eq!((&listed["session_id"], &listed["current"]), (&json!(session), &json!(true)));
    assert_eq!(listed["created_at"], "2024-01-15T10:30:00");
    assert_eq!(listed["last_used_at"], "2024-01-28T10:30:00");
    assert_eq!(listed["expires_at"], "2024-02-11T10:30:00");
}

async fn the_predecessor_gets_the_same_successor_for_half_a_minute(app: AccountsApp) {
    let root = app.root().await;
    let successor = |answer: &crate::harness::test_app::Answer| answer.json()["refresh_token"].clone();
    let first = refresh(&app, &root.refresh_token).await;
    for seconds in [0, 10, 20] {
        app.clock.advance(TimeDelta::seconds(seconds));
        let again = refresh(&app, &root.refresh_token).await;
        assert_eq!((again.status.as_u16(), successor(&again)), (200, successor(&first)), "{seconds}");
    }
    app.clock.advance(TimeDelta::seconds(1));
    refresh(&app, &root.refresh_token).await.assert_problem(401, "token_reused");
    let successor = first.json()["refresh_token"].as_str().unwrap().to_owned();
    refresh(&app, &successor).await.assert_problem(401, "session_ended");
}

async fn an_older_token_ends_the_session_and_no_other(app: AccountsApp) {
    let (mut thief, mut other) = (app.root().await, app.root().await);
    let stolen = thief.refresh_token.clone();
    thief.refresh().await;
    thief.refresh().await;
    refresh(&app, &stolen).await.assert_problem(401, "token_reused");
    thief.get("/users/me").await.assert_problem(401, "session_ended");
    refresh(&app, &thief.refresh_token).await.assert_problem(401, "session_ended");
    other.refresh().await;
    assert_eq!(other.get("/users/me").await.status, 200);
}

async fn many_refreshes_at_once_get_one_successor(app: AccountsApp) {
    for _ in 0..2 {
        let root = app.root().await;
        let body = json!({"refresh_token": root.refresh_token});
        let answers =
            app.at_once((0..100).map(|_| call(Method::POST, "/sessions/refresh", Some(body.clone())))).await;
        let successors: BTreeSet<String> =
            answers.iter().map(|answer| answer.json()["refresh_token"].to_string()).collect();
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(successors.len(), 1);
    }
}

async fn a_forged_token_ends_nothing(app: AccountsApp) {
    let root = app.root().await;
    let (head, tail) = root.refresh_token.split_at(40);
    let flipped = if tail.starts_with('A') { "B" } else { "A" };
    for token in [
        "",
        "usr_",
        "x",
        &root.refresh_token[..70],
        &format!("{head}{flipped}{}", &tail[1..]),
        &root.access_token,
    ] {
        refresh(&app, token).await.assert_problem(401, "token_invalid");
    }
    assert_eq!(root.get("/users/me").await.status, 200);
    assert_eq!(refresh(&app, &root.refresh_token).await.status, 200);
}

async fn a_session_ends_when_it_is_idle_or_old(app: AccountsApp) {
    let idle = app.root().await;
    app.clock.advance(TimeDelta::days(14));
    refresh(&app, &idle.refresh_token).await.assert_problem(401, "session_ended");
    let mut kept = app.root().await;
    for _ in 0..6 {
        app.clock.advance(TimeDelta::days(13));
        kept.refresh().await;
    }
    let expires_in = refresh(&app, &kept.refresh_token).await.json()["refresh_expires_in"].as_u64().unwrap();
    assert_eq!(expires_in, 12 * 24 * 3600, "the absolute life is not moved");
    app.clock.advance(TimeDelta::days(12));
    refresh(&app, &kept.refresh_token).await.assert_problem(401, "session_ended");
}

async fn whoever_is_disabled_gets_no_tokens(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let root = app.root().await;
    assert_eq!(root.patch(&ada.path("/account"), json!({"status": "disabled"})).await.status, 200);
    refresh(&app, &ada.refresh_token).await.assert_problem(401, "session_ended");
}

async fn a_refresh_token_signs_out(app: AccountsApp) {
    let root = app.root().await;
    let sign_out =
        |token: &str| app.call(Method::DELETE, "/sessions/current", Some(json!({"refresh_token": token})));
    sign_out("x").await.assert_problem(401, "token_invalid");
    assert_eq!(sign_out(&root.refresh_token).await.status, 204);
    sign_out(&root.refresh_token).await.assert_problem(401, "session_ended");
    root.get("/users/me").await.assert_problem(401, "session_ended");
    app.call(Method::DELETE, "/sessions/current", None).await.assert_problem(401, "unauthenticated");
    let body = Some(json!({"refresh_token": root.refresh_token}));
    let mut untyped = call(Method::DELETE, "/sessions/current", body);
    untyped.headers_mut().remove(header::CONTENT_TYPE);
    app.send(untyped).await.assert_problem(415, "unsupported_media_type");
    let other = app.root().await;
    assert_eq!(other.delete("/sessions/current").await.status, 204);
    other.delete("/sessions/current").await.assert_problem(401, "session_ended");
}

async fn a_refresh_token_signs_out_when_the_access_token_has_expired(app: AccountsApp) {
    let (root, other) = (app.root().await, app.root().await);
    app.clock.advance(TimeDelta::hours(1));
    root.delete("/sessions/current").await.assert_problem(401, "token_expired");
    let sign_out =
        |token: &str| root.call(Method::DELETE, "/sessions/current", Some(json!({"refresh_token": token})));
    sign_out("x").await.assert_problem(401, "token_invalid");
    assert_eq!(sign_out(&root.refresh_token).await.status, 204);
    refresh(&app, &root.refresh_token).await.assert_problem(401, "session_ended");
    assert_eq!(refresh(&app, &other.refresh_token).await.status, 200);
}

async fn whoever_is_removed_by_another_program_has_no_session(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.database.execute("delete from users where username = 'ada'").await;
    ada.get("/users/me").await.assert_problem(401, "session_ended");
    refresh(&app, &ada.refresh_token).await.assert_problem(401, "token_invalid");
}
