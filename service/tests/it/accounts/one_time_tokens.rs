//! Setting a password by a one-time token: once, within an hour, and all sessions end.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::json;
use users_service::accounts::{Administrator, AdministratorPassword, create_administrator};
use users_service::http::Peer;
use users_service::users::{Email, Username};

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, call, with_accounts_on_every_database,
};
use crate::harness::test_app::Answer;

with_accounts_on_every_database! {
    whoever_has_the_token_sets_a_password_once,
    an_expired_token_is_an_unknown_one,
    a_refused_password_leaves_the_token_as_good_as_it_was,
    all_sessions_end,
    of_many_at_once_one_wins,
    a_newer_token_or_another_password_ends_an_older_token,
    whoever_is_disabled_has_no_token_any_more,
    a_token_of_a_disabled_account_is_dead_however_it_came_about,
    tokens_are_tried_so_often_from_one_address,
}

/// A token that `create-admin --token` prints.
async fn token(app: &AccountsApp, name: &str, existing: bool) -> String {
    let administrator = Administrator {
        username: Username::parse(name).unwrap(),
        email: Email::parse(&format!("{name}@example.com")).unwrap(),
        existing,
    };
    let (database, clock) = (&app.state.database, Arc::new(app.clock.clone()));
    let token = create_administrator(database, clock, administrator, AdministratorPassword::Token, None)
        .await
        .unwrap();
    token.unwrap().secret().expose_secret().to_owned()
}

/// Gives the token of one user to another, whose sessions and password stay as they are.
async fn give(app: &AccountsApp, name: &str) -> String {
    let token = token(app, &format!("{name}s-sponsor"), false).await;
    let user = format!("(select user_id from users where username = '{name}')");
    app.database.execute(&format!("update one_time_tokens set user_id = {user}")).await;
    token
}

fn request(token: &str, password: &str) -> Request<Body> {
    let body = json!({"token": token, "password": password});
    call(Method::POST, "/passwords/confirm", Some(body))
}

async fn confirm(app: &AccountsApp, token: &str, password: &str) -> Answer {
    app.send(request(token, password)).await
}

async fn whoever_has_the_token_sets_a_password_once(app: AccountsApp) {
    let token = token(&app, "ada", false).await;
    app.try_sign_in("ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
    let before = app.hashes();
    let answer = confirm(&app, &token, PASSWORD).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (204, ""));
    assert_eq!(app.hashes() - before, 1);
    let ada = app.sign_in("ada").await;
    assert_eq!(ada.get("/users/me/account").await.json()["roles"], json!(["admin"]));
    let used = confirm(&app, &token, OTHER_PASSWORD).await;
    used.assert_problem(401, "token_invalid");
    assert_eq!(used.header("www-authenticate"), "Bearer");
    for unknown in ["", "x", "uso_", &token[..token.len() - 1], &ada.access_token, &ada.refresh_token] {
        confirm(&app, unknown, OTHER_PASSWORD).await.assert_problem(401, "token_invalid");
    }
    assert_eq!(app.hashes() - before, 2, "an unknown token costs no hash");
    assert_eq!(ada.get("/users/me").await.status, 200);
}

async fn an_expired_token_is_an_unknown_one(app: AccountsApp) {
    let token = token(&app, "ada", false).await;
    app.clock.advance(TimeDelta::hours(1));
    confirm(&app, &token, PASSWORD).await.assert_problem(401, "token_invalid");
    app.clock.advance(TimeDelta::milliseconds(-1));
    assert_eq!(confirm(&app, &token, PASSWORD).await.status, 204);
}

async fn a_refused_password_leaves_the_token_as_good_as_it_was(app: AccountsApp) {
    let token = token(&app, "ada", false).await;
    for (password, rule) in [("short", "too_short"), ("ada@example.com", "is_email")] {
        confirm(&app, &token, password).await.assert_field_errors(&[("password", rule)]);
    }
    assert_eq!(confirm(&app, &token, PASSWORD).await.status, 204);
}

async fn all_sessions_end(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    let token = give(&app, "ada").await;
    assert_eq!(ada.get("/users/me").await.status, 200);
    assert_eq!(confirm(&app, &token, OTHER_PASSWORD).await.status, 204);
    ada.get("/users/me").await.assert_problem(401, "session_ended");
    app.try_sign_in("ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
    assert_eq!(app.try_sign_in("ada", OTHER_PASSWORD).await.status, 201);
    assert_eq!(root.get("/users/me").await.status, 200);
}

async fn of_many_at_once_one_wins(app: AccountsApp) {
    let token = token(&app, "ada", false).await;
    let passwords: Vec<String> = (0..10).map(|number| format!("{number} lanterns in the fog")).collect();
    let answers = app.at_once(passwords.iter().map(|password| request(&token, password))).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(204), count(401)), (1, 9), "{answers:?}");
    let mut right = 0;
    for (number, password) in (1..).zip(&passwords) {
        let answer = app.sign_in_from(Ipv4Addr::new(10, 0, 0, number).into(), "ada", password).await;
        right += u32::from(answer.status == 201);
    }
    assert_eq!(right, 1);
}

async fn a_newer_token_or_another_password_ends_an_older_token(app: AccountsApp) {
    let older = token(&app, "ada", false).await;
    let newer = token(&app, "ada", true).await;
    confirm(&app, &older, PASSWORD).await.assert_problem(401, "token_invalid");
    let root = app.root().await;
    let path = app.database.values("select cast(user_id as char) from users where username = 'ada'").await;
    let path = format!("/users/{}/password", path[0]);
    assert_eq!(root.put(&path, json!({"password": OTHER_PASSWORD})).await.status, 204);
    confirm(&app, &newer, PASSWORD).await.assert_problem(401, "token_invalid");
}

async fn whoever_is_disabled_has_no_token_any_more(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    let token = give(&app, "ada").await;
    assert_eq!(root.patch(&ada.path("/account"), json!({"status": "disabled"})).await.status, 200);
    confirm(&app, &token, OTHER_PASSWORD).await.assert_problem(401, "token_invalid");
    app.try_sign_in("ada", PASSWORD).await.assert_problem(403, "account_disabled");
}

async fn a_token_of_a_disabled_account_is_dead_however_it_came_about(app: AccountsApp) {
    app.person("ada", &[]).await;
    let token_of_another_program = give(&app, "ada").await;
    let user = "(select user_id from users where username = 'ada')";
    app.database.execute(&format!("update accounts set status = 'disabled' where user_id = {user}")).await;
    confirm(&app, &token_of_another_program, OTHER_PASSWORD).await.assert_problem(401, "token_invalid");
    app.try_sign_in("ada", PASSWORD).await.assert_problem(403, "account_disabled");
    // The command enables.
    let token = token(&app, "ada", true).await;
    assert_eq!(confirm(&app, &token, OTHER_PASSWORD).await.status, 204);
    assert_eq!(app.try_sign_in("ada", OTHER_PASSWORD).await.status, 201);
}

async fn tokens_are_tried_so_often_from_one_address(app: AccountsApp) {
    let token = token(&app, "ada", false).await;
    for _ in 0..60 {
        confirm(&app, "uso_unknown", PASSWORD).await.assert_problem(401, "token_invalid");
    }
    let refused = confirm(&app, &token, PASSWORD).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(refused.header("ratelimit-policy"), r#""confirm";q=60;w=3600"#);
    assert_eq!(refused.header("retry-after"), "60");
    let mut elsewhere = request(&token, PASSWORD);
    elsewhere.extensions_mut().insert(Peer(Ipv4Addr::new(192, 0, 2, 7).into()));
    assert_eq!(app.send(elsewhere).await.status, 204);
}
