//! With `ACCESS=tokens`, where a password may be in the request.

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;
use users_service::clock::monotonic;
use users_service::config::{Access, Application};
use users_service::jobs::{Ending, run_all};
use users_service::limits::Rate;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, Person, call, with_accounts_on_every_database,
};
use crate::harness::test_app::with;

with_accounts_on_every_database! {
    a_password_is_hashed_and_set_once,
    another_password_is_another_request,
    a_key_is_the_callers_own,
    an_invitation_is_sent_once,
    a_permission_that_is_lost_is_lost_for_requests_that_are_sent_again,
    people_may_send_their_sign_up_again,
    a_password_cannot_be_found_out_by_trying_with_a_key,
    a_request_is_remembered_for_a_day,
}

fn user(name: &str, more: &Value) -> Value {
    let mut user = json!({"username": name, "email": format!("{name}@example.com")});
    user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    user
}

fn create(person: &Person<'_>, key: &str, body: &Value) -> Request<Body> {
    with("idempotency-key", key, person.request(Method::POST, "/users", Some(body.clone())))
}

fn sign_up(key: &str, body: &Value) -> Request<Body> {
    with("idempotency-key", key, call(Method::POST, "/users", Some(body.clone())))
}

async fn a_password_is_hashed_and_set_once(app: AccountsApp) {
    let root = app.root().await;
    let body = user("ada", &json!({"password": PASSWORD}));
    let before = app.hashes();
    let first = app.send(create(&root, "k", &body)).await;
    assert_eq!((first.status.as_u16(), app.hashes() - before), (201, 1));
    let again = app.send(create(&root, "k", &body)).await;
    assert_eq!((again.status.as_u16(), again.text()), (201, first.text()));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(app.hashes() - before, 1);
    app.sign_in("ada").await;
    for body in [
        user("bob", &json!({})),
        user(
            "eve",
            &json!({"password_hash": "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"}),
        ),
    ] {
        let key = body["username"].as_str().unwrap();
        let first = app.send(create(&root, key, &body)).await;
        assert_eq!(
            (first.status.as_u16(), app.send(create(&root, key, &body)).await.text()),
            (201, first.text())
        );
    }
}

async fn another_password_is_another_request(app: AccountsApp) {
    let root = app.root().await;
    app.send(create(&root, "k", &user("ada", &json!({"password": PASSWORD})))).await;
    for more in [json!({"password": OTHER_PASSWORD}), json!({}), json!({"invite": true})] {
        let answer = app.send(create(&root, "k", &user("ada", &more))).await;
        answer.assert_problem(422, "idempotency_key_reused");
    }
    app.sign_in("ada").await;
}

async fn a_key_is_the_callers_own(app: AccountsApp) {
    let (root, writer) = (app.root().await, app.person("writer", &["users:write"]).await);
    assert_eq!(app.send(create(&root, "k", &user("ada", &json!({})))).await.status, 201);
    let same = app.send(create(&writer, "k", &user("ada", &json!({})))).await;
    same.assert_problem(409, "username_taken");
    assert_eq!(app.send(create(&writer, "k", &user("bob", &json!({})))).await.status, 201);
}

async fn an_invitation_is_sent_once(app: AccountsApp) {
    let root = app.root().await;
    let body = user("ada", &json!({"invite": true}));
    let first = app.send(create(&root, "k", &body)).await;
    let again = app.send(create(&root, "k", &body)).await;
    assert_eq!((first.status.as_u16(), again.text()), (201, first.text()));
    let mails = "select cast(count(*) as char) from mails where kind = 'invitation'";
    let kinds = app.database.values("select kind from mails").await;
    assert_eq!(app.database.values(mails).await, ["1"], "{kinds:?}");
}

async fn a_permission_that_is_lost_is_lost_for_requests_that_are_sent_again(app: AccountsApp) {
    let (root, writer) = (app.root().await, app.person("writer", &["users:write"]).await);
    let body = user("ada", &json!({}));
    assert_eq!(app.send(create(&writer, "k", &body)).await.status, 201);
    assert_eq!(root.put(&writer.path("/roles"), json!({"roles": []})).await.status, 200);
    app.send(create(&writer, "k", &body)).await.assert_problem(403, "forbidden");
}

/// People may sign up, so often from one address.
fn open(application: &mut Application, limit: &str) {
    let Access::Tokens(tokens) = &mut application.access else { panic!("the tests are of ACCESS=tokens") };
    tokens.sign_up_is_open = true;
    application.limits.sign_up = limit.parse::<Rate>().unwrap().named("sign-up");
}

async fn people_may_send_their_sign_up_again(app: AccountsApp) {
    let app = app.configured(|application| open(application, "2/24h")).await;
    let body = user("ada", &json!({"password": PASSWORD}));
    let first = app.send(sign_up("k", &body)).await;
    for _ in 0..5 {
        let again = app.send(sign_up("k", &body)).await;
        assert_eq!((again.status.as_u16(), again.text()), (201, first.text()), "it does not count");
    }
    assert_eq!(app.send(sign_up("l", &user("bob", &json!({"password": PASSWORD})))).await.status, 201);
    let next = user("eve", &json!({"password": PASSWORD}));
    app.send(sign_up("m", &next)).await.assert_problem(429, "too_many_attempts");
}

async fn a_password_cannot_be_found_out_by_trying_with_a_key(app: AccountsApp) {
    let app = app.configured(|application| open(application, "3/24h")).await;
    let right = user("ada", &json!({"password": PASSWORD}));
    let wrong = user("ada", &json!({"password": OTHER_PASSWORD}));
    assert_eq!(app.send(sign_up("k", &right)).await.status, 201);
    let before = app.hashes();
    for _ in 0..2 {
        app.send(sign_up("k", &wrong)).await.assert_problem(422, "idempotency_key_reused");
    }
    app.send(sign_up("k", &wrong)).await.assert_problem(429, "too_many_attempts");
    app.send(sign_up("k", &right)).await.assert_problem(429, "too_many_attempts");
    assert_eq!(app.hashes(), before);
}

async fn a_request_is_remembered_for_a_day(app: AccountsApp) {
    let (root, body) = (app.root().await, user("ada", &json!({})));
    assert_eq!(app.send(create(&root, "k", &body)).await.status, 201);
    for (hours, remembered) in [(23, 1), (2, 0)] {
        app.clock.advance(TimeDelta::hours(hours));
        let reports = run_all(&app.state, monotonic() + Duration::from_mins(1)).await;
        assert!(reports.iter().all(|report| report.ending == Ending::Done), "{reports:?}");
        let count = app.database.values("select cast(count(*) as char) from idempotency_keys").await;
        assert_eq!(count, [remembered.to_string()]);
    }
    let root = app.root().await;
    app.send(create(&root, "k", &body)).await.assert_problem(409, "username_taken");
}
