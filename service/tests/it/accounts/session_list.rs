//! The sessions of a user: who sees and ends them, and from where they are.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request};
use chrono::TimeDelta;
use serde_json::{Value, json};
use users_service::clock::Clock;
use users_service::config::Application;
use users_service::http::Peer;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, Person, call, refresh, with_accounts_on_every_database,
};

with_accounts_on_every_database! {
    the_latest_comes_first_and_the_current_one_is_told,
    one_is_ended_and_the_others_go_on,
    all_are_ended_at_once,
    a_hundred_and_first_ends_the_longest_unused,
    of_those_that_have_ended_a_hundred_are_kept,
    those_of_others_are_seen_and_ended_with_a_permission,
    nobody_ends_a_session_of_somebody_who_may_more,
    the_user_agent_is_cut_and_may_be_anything,
    the_address_is_that_before_the_trusted_proxies,
}

async fn listed(person: &Person<'_>) -> Vec<Value> {
    let answer = person.get("/users/me/sessions").await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    answer.json()["sessions"].as_array().unwrap().clone()
}

fn ids(sessions: &[Value]) -> Vec<&str> {
    sessions.iter().map(|session| session["session_id"].as_str().unwrap()).collect()
}

fn sign_in(address: IpAddr, user_agent: Option<&[u8]>) -> Request<Body> {
    let body = json!({"login": "root", "password": PASSWORD});
    let mut request = call(Method::POST, "/sessions", Some(body));
    request.extensions_mut().insert(Peer(address));
    if let Some(user_agent) = user_agent {
        request.headers_mut().insert("user-agent", HeaderValue::from_bytes(user_agent).unwrap());
    }
    request
}

async fn the_latest_comes_first_and_the_current_one_is_told(app: AccountsApp) {
    let first = app.root().await;
    app.clock.advance(TimeDelta::seconds(1));
    let request = sign_in(Ipv4Addr::new(192, 0, 2, 7).into(), Some(b"Mozilla/5.0"));
    let second = Person::new(&app, &app.send(request).await.json());
    let sessions = listed(&second).await;
    assert_eq!(
        sessions[0],
        json!({
            "session_id": second.session_id, "created_at": "2024-01-15T10:30:01",
            "last_used_at": "2024-01-15T10:30:01", "expires_at": "2024-01-29T10:30:01",
            "ip_address": "192.0.2.7", "user_agent": "Mozilla/5.0", "current": true,
        })
    );
    assert_eq!(ids(&sessions), [&*second.session_id, &*first.session_id]);
    assert_eq!((&sessions[1]["current"], &sessions[1]["user_agent"]), (&json!(false), &json!("")));
    app.clock.advance(TimeDelta::days(14) - TimeDelta::milliseconds(500));
    let third = app.root().await;
    assert_eq!(ids(&listed(&third).await), [&*third.session_id, &*second.session_id], "the first is over");
}

async fn one_is_ended_and_the_others_go_on(app: AccountsApp) {
    let (one, other, ada) = (app.root().await, app.root().await, app.person("ada", &[]).await);
    let path = |id: &str| format!("/users/me/sessions/{id}");
    let ended = one.delete(&path(&other.session_id)).await;
    assert_eq!((ended.status.as_u16(), ended.text()), (204, ""));
    other.get("/users/me").await.assert_problem(401, "session_ended");
    refresh(&app, &other.refresh_token).await.assert_problem(401, "session_ended");
    one.delete(&path(&other.session_id)).await.assert_problem(404, "session_not_found");
    one.delete(&path("6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51")).await.assert_problem(404, "session_not_found");
    one.delete(&path("x")).await.assert_field_errors(&[("session_id", "invalid_format")]);
    one.delete(&path(&ada.session_id)).await.assert_problem(404, "session_not_found");
    ada.delete(&path(&one.session_id)).await.assert_problem(404, "session_not_found");
    assert_eq!(
        (ada.get("/users/me").await.status, one.get("/users/me").await.status),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    assert_eq!(one.delete(&path(&one.session_id)).await.status, 204, "also the one that asks");
    one.get("/users/me").await.assert_problem(401, "session_ended");
}

async fn all_are_ended_at_once(app: AccountsApp) {
    let (one, other, ada) = (app.root().await, app.root().await, app.person("ada", &[]).await);
    assert_eq!(one.delete("/users/me/sessions").await.status, 204);
    for root in [&one, &other] {
        root.get("/users/me").await.assert_problem(401, "session_ended");
        refresh(&app, &root.refresh_token).await.assert_problem(401, "session_ended");
    }
    assert_eq!(ada.get("/users/me").await.status, 200);
    assert_eq!(listed(&app.root().await).await.len(), 1);
}

async fn a_hundred_and_first_ends_the_longest_unused(app: AccountsApp) {
    let (mut first, second) = (app.root().await, app.root().await);
    app.clock.advance(TimeDelta::minutes(1));
    first.refresh().await;
    for _ in 0..98 {
        app.root().await;
    }
    assert_eq!(second.get("/users/me").await.status, 200);
    assert_eq!(listed(&first).await.len(), 100);
    let last = app.root().await;
    second.get("/users/me").await.assert_problem(401, "session_ended");
    refresh(&app, &second.refresh_token).await.assert_problem(401, "session_ended");
    assert_eq!(listed(&last).await.len(), 100);
    assert_eq!(first.get("/users/me").await.status, 200);
}

async fn of_those_that_have_ended_a_hundred_are_kept(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let ended = Clock::now(&app.clock).timestamp_millis();
    for number in 0..250 {
        let (id, user, at) = (format!("{number:032x}"), ada.user_id, ended - number);
        let secret = "00".repeat(32);
        app.database
            .execute(&format!(
                "insert into sessions (session_id, user_id, secret, generation, signed_in_at, refreshed_at, expires_at, absolute_expiry,
                     ended_at, ip_address, user_agent)
                 values (x'{id}', {user}, x'{secret}', 0, {at}, {at}, {at}, {at}, {at}, '', '')"
            ))
            .await;
    }
    app.sign_in("ada").await;
    let of_ada = format!("select user_agent from sessions where user_id = {}", ada.user_id);
    assert_eq!(app.database.values(&of_ada).await.len(), 200);
    assert_eq!(
        app.database.values(&format!("{of_ada} and session_id = x'{:032x}'", 0)).await.len(),
        1,
        "the latest"
    );
    assert_eq!(app.database.values(&format!("{of_ada} and ended_at is null")).await.len(), 2);
}

async fn those_of_others_are_seen_and_ended_with_a_permission(app: AccountsApp) {
    let (ada, bob) = (app.person("ada", &[]).await, app.person("bob", &["users:read"]).await);
    let (path, one) = (ada.path("/sessions"), ada.path(&format!("/sessions/{}", ada.session_id)));
    for (method, path) in [(Method::GET, &path), (Method::DELETE, &path), (Method::DELETE, &one)] {
        bob.call(method, path, None).await.assert_problem(403, "forbidden");
    }
    let reader = app.person("reader", &["sessions:read"]).await;
    let sessions = reader.get(&path).await.json();
    assert_eq!(sessions["sessions"][0]["session_id"], ada.session_id);
    assert_eq!(sessions["sessions"][0]["current"], false);
    reader.get("/users/999999/sessions").await.assert_problem(404, "user_not_found");
    reader.delete(&one).await.assert_problem(403, "forbidden");
    let writer = app.person("writer", &["sessions:write"]).await;
    writer.get(&path).await.assert_problem(403, "forbidden");
    assert_eq!(writer.delete(&one).await.status, 204);
    ada.get("/users/me").await.assert_problem(401, "session_ended");
    let again = app.sign_in("ada").await;
    assert_eq!(writer.delete(&path).await.status, 204);
    again.get("/users/me").await.assert_problem(401, "session_ended");
    writer.delete("/users/999999/sessions").await.assert_problem(404, "user_not_found");
    assert_eq!(writer.get("/users/me").await.status, 200);
}

async fn nobody_ends_a_session_of_somebody_who_may_more(app: AccountsApp) {
    let (root, writer) = (app.root().await, app.person("writer", &["sessions:write"]).await);
    let one = root.path(&format!("/sessions/{}", root.session_id));
    for path in [one, root.path("/sessions"), root.path("/sessions/6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51")] {
        writer.delete(&path).await.assert_problem(403, "forbidden");
    }
    assert_eq!(root.get("/users/me").await.status, 200);
}

async fn the_user_agent_is_cut_and_may_be_anything(app: AccountsApp) {
    let long = "\u{1f9a2}".repeat(300);
    for (sent, kept) in [
        (&b"curl/8.1"[..], "curl/8.1".to_owned()),
        (b"", String::new()),
        (b"caf\xe9", "caf\u{fffd}".to_owned()),
        (b"a\tb", "ab".to_owned()),
        (long.as_bytes(), "\u{1f9a2}".repeat(255)),
    ] {
        let answer = app.send(sign_in(Ipv4Addr::LOCALHOST.into(), Some(sent))).await;
        assert_eq!(answer.status, 201, "{sent:?}: {}", answer.text());
        let person = Person::new(&app, &answer.json());
        let sessions = listed(&person).await;
        let own = sessions.iter().find(|session| session["current"] == true).unwrap();
        assert_eq!(own["user_agent"], kept);
    }
}

async fn the_address_is_that_before_the_trusted_proxies(app: AccountsApp) {
    let trusting = |application: &mut Application| {
        application.trusted_proxies = "10.0.0.0/8".parse().unwrap();
    };
    let app = app.configured(trusting).await;
    let said = "203.0.113.9, 198.51.100.7, 10.0.0.2";
    let from = |peer: [u8; 4], password: &str| {
        let body = json!({"login": "root", "password": password});
        let mut request = call(Method::POST, "/sessions", Some(body));
        request.extensions_mut().insert(Peer(peer.into()));
        request.headers_mut().insert("x-forwarded-for", HeaderValue::from_str(said).unwrap());
        request
    };
    for (peer, told) in [([10, 0, 0, 1], "198.51.100.7"), ([192, 0, 2, 1], "192.0.2.1")] {
        let answer = app.send(from(peer, PASSWORD)).await;
        let sessions = listed(&Person::new(&app, &answer.json())).await;
        let own = sessions.iter().find(|session| session["current"] == true).unwrap();
        assert_eq!(own["ip_address"], told);
    }
    for _ in 0..10 {
        app.send(from([10, 0, 0, 1], OTHER_PASSWORD)).await.assert_problem(401, "invalid_credentials");
    }
    app.send(from([10, 0, 0, 3], PASSWORD)).await.assert_problem(429, "too_many_attempts");
    let client = Ipv4Addr::new(198, 51, 100, 7).into();
    app.sign_in_from(client, "root", PASSWORD).await.assert_problem(429, "too_many_attempts");
    assert_eq!(app.send(from([192, 0, 2, 1], PASSWORD)).await.status, 201);
}
