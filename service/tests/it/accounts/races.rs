//! What is revoked at the same moment as it is used: nothing of it survives.

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use users_service::http::Peer;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, Person, call, refresh, with_accounts_on_every_database,
};
use crate::harness::test_app::Answer;

with_accounts_on_every_database! {
    no_sign_in_survives_a_change_of_the_password,
    no_sign_in_survives_that_the_user_is_disabled,
    no_refresh_survives_a_change_of_the_password,
    no_refresh_survives_that_the_user_is_disabled,
    no_refresh_survives_the_end_of_the_session,
    of_many_sign_ins_at_once_a_hundred_sessions_are_left,
    of_many_sign_ins_at_once_one_replaces_an_outdated_hash_and_all_succeed,
}

/// A hash of [`PASSWORD`] as another service made it.
const OUTDATED_HASH: &str =
    "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$JUES8cBRIGizMYY605n7tJ6yfQI+uUN4rl1/brCsaOA";

const ROUNDS: u8 = 5;
const AT_ONCE: u8 = 8;

fn with_token(person: &Person<'_>, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    let mut request = call(method, path, body);
    let credentials = format!("Bearer {}", person.access_token).parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, credentials);
    request
}

/// Sign-ins of Ada with her first password, each from an address of its own.
fn sign_ins(round: u8, number: u8) -> impl Iterator<Item = Request<Body>> {
    (0..number).map(move |host| {
        let body = json!({"login": "ada", "password": PASSWORD});
        let mut request = call(Method::POST, "/sessions", Some(body));
        request.extensions_mut().insert(Peer(Ipv4Addr::new(10, 1, round, host).into()));
        request
    })
}

fn refreshes(person: &Person<'_>) -> impl Iterator<Item = Request<Body>> + use<> {
    let body = json!({"refresh_token": person.refresh_token});
    (0..AT_ONCE).map(move |_| call(Method::POST, "/sessions/refresh", Some(body.clone())))
}

/// Puts a request in the middle of others.
fn amid(
    others: impl Iterator<Item = Request<Body>>,
    one: Request<Body>,
) -> std::vec::IntoIter<Request<Body>> {
    let mut all: Vec<_> = others.collect();
    all.insert(all.len() / 2, one);
    all.into_iter()
}

/// Checks that whatever tokens were given are refused, and that the one other request succeeded.
async fn assert_nothing_survives(app: &AccountsApp, answers: &[Answer], done: u16, refusals: &[u16]) {
    assert_eq!(answers.iter().filter(|answer| answer.status == done).count(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != done) {
        let status = answer.status.as_u16();
        let tokens = answer.json();
        if tokens.get("access_token").is_none() {
            assert!(refusals.contains(&status), "{}", answer.text());
            continue;
        }
        let person = Person::new(app, &tokens);
        person.get("/users/me").await.assert_problem(401, "session_ended");
        refresh(app, &person.refresh_token).await.assert_problem(401, "session_ended");
    }
}

async fn no_sign_in_survives_a_change_of_the_password(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    for round in 0..ROUNDS {
        let change =
            with_token(&root, Method::PUT, &ada.path("/password"), Some(json!({"password": OTHER_PASSWORD})));
        let answers = app.at_once(amid(sign_ins(round, AT_ONCE), change)).await;
        assert_nothing_survives(&app, &answers, 204, &[401]).await;
        let back = root.put(&ada.path("/password"), json!({"password": PASSWORD})).await;
        assert_eq!(back.status, 204);
    }
}

async fn no_sign_in_survives_that_the_user_is_disabled(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    for round in 0..ROUNDS {
        let disable =
            with_token(&root, Method::PATCH, &ada.path("/account"), Some(json!({"status": "disabled"})));
        let answers = app.at_once(amid(sign_ins(round, AT_ONCE), disable)).await;
        let enabled = root.patch(&ada.path("/account"), json!({"status": "active"})).await;
        assert_eq!(enabled.status, 200);
        assert_nothing_survives(&app, &answers, 200, &[403]).await;
    }
}

async fn no_refresh_survives_a_change_of_the_password(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    for _ in 0..ROUNDS {
        let session = app.sign_in("ada").await;
        let change =
            with_token(&root, Method::PUT, &ada.path("/password"), Some(json!({"password": PASSWORD})));
        let answers = app.at_once(amid(refreshes(&session), change)).await;
        assert_nothing_survives(&app, &answers, 204, &[401]).await;
    }
}

async fn no_refresh_survives_that_the_user_is_disabled(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    for _ in 0..ROUNDS {
        let session = app.sign_in("ada").await;
        let disable =
            with_token(&root, Method::PATCH, &ada.path("/account"), Some(json!({"status": "disabled"})));
        let mut answers = app.at_once(amid(refreshes(&session), disable)).await;
        assert_eq!(root.patch(&ada.path("/account"), json!({"status": "active"})).await.status, 200);
        let is_refresh = |answer: &Answer| answer.json()["status"] != "disabled";
        answers.retain(is_refresh);
        assert_eq!(answers.len(), usize::from(AT_ONCE));
        for answer in answers {
            if answer.status == 200 {
                let refreshed = Person::new(&app, &answer.json());
                refreshed.get("/users/me").await.assert_problem(401, "session_ended");
            } else {
                answer.assert_problem(401, "session_ended");
            }
        }
        refresh(&app, &session.refresh_token).await.assert_problem(401, "session_ended");
    }
}

async fn no_refresh_survives_the_end_of_the_session(app: AccountsApp) {
    for _ in 0..ROUNDS {
        let root = app.root().await;
        let end = with_token(&root, Method::DELETE, "/sessions/current", None);
        let answers = app.at_once(amid(refreshes(&root), end)).await;
        assert_nothing_survives(&app, &answers, 204, &[401]).await;
    }
}

async fn of_many_sign_ins_at_once_a_hundred_sessions_are_left(app: AccountsApp) {
    app.person("ada", &[]).await;
    let mut begun = Vec::new();
    for round in 0..12 {
        begun.extend(app.at_once(sign_ins(round, 10)).await);
    }
    assert!(begun.iter().all(|answer| answer.status == 201));
    let root = app.root().await;
    let user = begun[0].json()["user_id"].clone();
    let left = root.get(&format!("/users/{user}/sessions")).await.json();
    assert_eq!(left["sessions"].as_array().unwrap().len(), 100);
}

async fn of_many_sign_ins_at_once_one_replaces_an_outdated_hash_and_all_succeed(app: AccountsApp) {
    app.person("ada", &[]).await;
    for round in 0..ROUNDS {
        // Of the same password, with other parameters than those of this service.
        app.database.execute(&format!("update accounts set password_hash = '{OUTDATED_HASH}'")).await;
        for answer in app.at_once(sign_ins(round, 4)).await {
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
    }
}
