//! Access tokens in requests: which are refused, and how that is told.

use aws_lc_rs::hmac;
use axum::http::{HeaderValue, Method, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use users_service::config::{Access, Application, Tokens};
use users_service::tokens::Grant;
use uuid::Uuid;

use crate::harness::accounts::{
    AccountsApp, ISSUER, PASSWORD, Person, call, refresh, with_accounts_on_every_database,
};
use crate::harness::test_app::Answer;

with_accounts_on_every_database! {
    a_token_is_good_for_fifteen_minutes,
    a_token_from_the_future_is_refused,
    a_token_for_another_service_is_refused,
    a_forged_token_is_refused,
    a_token_of_another_issuer_is_refused,
    a_token_with_the_session_of_another_user_is_refused,
    whoever_sends_something_else_is_told_what_to_send,
    an_audience_is_asked_for_at_sign_in_and_at_refresh,
    answers_with_tokens_are_not_stored,
}

async fn with(app: &AccountsApp, token: &str) -> Answer {
    let mut request = call(Method::GET, "/users/me", None);
    request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    app.send(request).await
}

/// A part of a token as JSON.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap()
}

#[track_caller]
fn assert_invalid(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text());
    answer.assert_problem(401, "token_invalid");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with(r#"Bearer error="invalid_token""#), "{challenge}");
}

async fn a_token_is_good_for_fifteen_minutes(app: AccountsApp) {
    let root = app.root().await;
    let minute = TimeDelta::minutes(1);
    app.clock.advance(minute * 16 - TimeDelta::seconds(1));
    assert_eq!(root.get("/users/me").await.status, 200, "clocks may differ by a minute");
    app.clock.advance(TimeDelta::seconds(1));
    let expired = root.get("/users/me").await;
    expired.assert_problem(401, "token_expired");
    let challenge = expired.header("www-authenticate");
    assert!(challenge.starts_with(r#"Bearer error="invalid_token""#), "{challenge}");
    assert_eq!(refresh(&app, &root.refresh_token).await.status, 200);
}

async fn a_token_from_the_future_is_refused(app: AccountsApp) {
    let root = app.root().await;
    app.clock.advance(TimeDelta::seconds(-60));
    assert_eq!(root.get("/users/me").await.status, 200, "clocks may differ by a minute");
    app.clock.advance(TimeDelta::seconds(-1));
    assert_invalid(&root.get("/users/me").await, "61 seconds");
}

async fn a_token_for_another_service_is_refused(app: AccountsApp) {
    let body = json!({"login": "root", "password": PASSWORD, "audience": "orders"});
    let root = app.call(Method::POST, "/sessions", Some(body)).await.json();
    assert_invalid(&with(&app, root["access_token"].as_str().unwrap()).await, "orders");
    let again = refresh(&app, root["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!(with(&app, again["access_token"].as_str().unwrap()).await.status, 200);
}

async fn a_forged_token_is_refused(app: AccountsApp) {
    let (root, ada) = (app.root().await, app.person("ada", &[]).await);
    let (signed, signature) = root.access_token.rsplit_once('.').unwrap();
    let (head, payload) = signed.split_once('.').unwrap();
    let (_, other_signature) = ada.access_token.rsplit_once('.').unwrap();
    let header = part(&root.access_token, 0);
    let encoded = |value: &Value| BASE64URL.encode(value.to_string());
    let with_header = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        encoded(&header)
    };
    let with_claim = |name: &str, value: Value| {
        let mut claims = part(&root.access_token, 1);
        claims[name] = value;
        encoded(&claims)
    };
    let published = app.call(Method::GET, "/.well-known/jwks.json", None).await.json();
    let modulus = published["keys"][0]["n"].as_str().unwrap();
    let by_public_key = |octets: &[u8]| {
        let signed = format!("{}.{payload}", with_header("alg", json!("HS256")));
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, octets), signed.as_bytes());
        format!("{signed}.{}", BASE64URL.encode(code.as_ref()))
    };
    for (what, token) in [
        ("another's signature", format!("{signed}.{other_signature}")),
        ("no signature", format!("{signed}.")),
        ("alg none", format!("{}.{payload}.", with_header("alg", json!("none")))),
        ("alg none, signed", format!("{}.{payload}.{signature}", with_header("alg", json!("none")))),
        ("an HMAC by the modulus", by_public_key(modulus.as_bytes())),
        ("an HMAC by the modulus' octets", by_public_key(&BASE64URL.decode(modulus).unwrap())),
        ("another typ", format!("{}.{payload}.{signature}", with_header("typ", json!("JWT")))),
        ("an unknown key", format!("{}.{payload}.{signature}", with_header("kid", json!("x".repeat(43))))),
        (
            "a key at a URL",
            format!("{}.{payload}.{signature}", with_header("jku", json!("https://evil.example"))),
        ),
        (
            "a key in the header",
            format!("{}.{payload}.{signature}", with_header("jwk", published["keys"][0].clone())),
        ),
        ("another user", format!("{head}.{}.{signature}", with_claim("sub", json!(ada.user_id.to_string())))),
        ("more time", format!("{head}.{}.{signature}", with_claim("exp", json!(i64::MAX)))),
        ("time of a wrong type", format!("{head}.{}.{signature}", with_claim("exp", json!("9999999999")))),
        ("padding", format!("{}=", root.access_token)),
        ("one more part", format!("{}.x", root.access_token)),
        ("a refresh token", root.refresh_token.clone()),
        ("much", "x".repeat(6000)),
    ] {
        assert_invalid(&with(&app, &token).await, what);
    }
    assert_eq!(with(&app, &root.access_token).await.status, 200);
}

async fn a_token_of_another_issuer_is_refused(app: AccountsApp) {
    let token = app.root().await.access_token;
    let another = |application: &mut Application| {
        let Access::Tokens(access) = &mut application.access else {
            panic!("the tests are of ACCESS=tokens")
        };
        let issuer = "http://localhost:8001";
        let audiences = vec![issuer.to_owned(), ISSUER.to_owned()];
        access.tokens = Tokens { issuer: issuer.to_owned(), audiences };
    };
    let app = app.configured(another).await;
    assert_invalid(&with(&app, &token).await, "the same key, and another issuer");
}

async fn a_token_with_the_session_of_another_user_is_refused(app: AccountsApp) {
    let (root, ada) = (app.root().await, app.person("ada", &[]).await);
    let tokens = app.state.accounts.as_ref().unwrap().tokens.clone();
    let issue = async |user: u64, session: Uuid| {
        let grant = Grant {
            user_id: user.try_into().unwrap(),
            session_id: session,
            auth_time: 1_705_314_600,
            roles: &[],
            scope: &[],
            audience: None,
        };
        let token = tokens.issue(&grant, users_service::clock::Clock::now(&app.clock)).await.unwrap();
        token.text.expose_secret().to_owned()
    };
    let (of_root, of_ada) = (root.session_id.parse().unwrap(), ada.session_id.parse().unwrap());
    assert_invalid(&with(&app, &issue(ada.user_id, of_root).await).await, "root's session");
    assert_invalid(&with(&app, &issue(root.user_id, of_ada).await).await, "Ada's session");
    assert_eq!(with(&app, &issue(ada.user_id, of_ada).await).await.status, 200);
    let unknown = issue(ada.user_id, Uuid::new_v4()).await;
    with(&app, &unknown).await.assert_problem(401, "session_ended");
}

async fn whoever_sends_something_else_is_told_what_to_send(app: AccountsApp) {
    let missing = app.call(Method::GET, "/users/me", None).await;
    missing.assert_problem(401, "unauthenticated");
    assert_eq!(missing.header("www-authenticate"), "Bearer");
    let root = app.root().await;
    for credentials in ["", "Bearer", "Bearer ", "bearer x", "Bearer a b"] {
        let mut request = call(Method::GET, "/users/me", None);
        request.headers_mut().insert(header::AUTHORIZATION, credentials.parse().unwrap());
        assert_invalid(&app.send(request).await, credentials);
    }
    let mut basic = call(Method::GET, "/users/me", None);
    basic.headers_mut().insert(header::AUTHORIZATION, "Basic cm9vdDpyb290".parse().unwrap());
    let basic = app.send(basic).await;
    basic.assert_problem(401, "unauthenticated");
    assert_eq!(basic.header("www-authenticate"), "Bearer");
    let mut twice = call(Method::GET, "/users/me", None);
    for _ in 0..2 {
        let credentials = HeaderValue::from_str(&format!("Bearer {}", root.access_token)).unwrap();
        twice.headers_mut().append(header::AUTHORIZATION, credentials);
    }
    assert_invalid(&app.send(twice).await, "twice");
    let mut elsewhere = call(Method::GET, &format!("/users/me?access_token={}", root.access_token), None);
    elsewhere.headers_mut().insert("cookie", format!("access_token={}", root.access_token).parse().unwrap());
    app.send(elsewhere).await.assert_problem(401, "unauthenticated");
}

async fn an_audience_is_asked_for_at_sign_in_and_at_refresh(app: AccountsApp) {
    let sign_in = |audience: Value| {
        let body = json!({"login": "root", "password": PASSWORD, "audience": audience});
        app.call(Method::POST, "/sessions", Some(body))
    };
    let audience = |answer: &Answer| part(answer.json()["access_token"].as_str().unwrap(), 1)["aud"].clone();
    assert_eq!(audience(&sign_in(json!("orders")).await), "orders");
    assert_eq!(audience(&sign_in(json!(ISSUER)).await), ISSUER);
    let before = app.hashes();
    for unknown in ["", "Orders", "orders ", "http://localhost:8000/"] {
        sign_in(json!(unknown)).await.assert_field_errors(&[("audience", "unknown_audience")]);
    }
    sign_in(json!(["orders"])).await.assert_field_errors(&[("audience", "wrong_type")]);
    assert_eq!(app.hashes(), before);
    let root = app.root().await;
    let refresh_for = |audience: &str| {
        let body = json!({"refresh_token": root.refresh_token, "audience": audience});
        app.call(Method::POST, "/sessions/refresh", Some(body))
    };
    refresh_for("nobody").await.assert_field_errors(&[("audience", "unknown_audience")]);
    let (orders, own) = (refresh_for("orders").await, refresh_for(ISSUER).await);
    assert_eq!((audience(&orders), audience(&own)), (json!("orders"), json!(ISSUER)));
    assert_eq!(orders.json()["refresh_token"], own.json()["refresh_token"], "the same successor");
}

async fn answers_with_tokens_are_not_stored(app: AccountsApp) {
    let body = json!({"login": "root", "password": PASSWORD});
    let signed_in = app.call(Method::POST, "/sessions", Some(body)).await;
    let root = Person::new(&app, &signed_in.json());
    let refreshed = refresh(&app, &root.refresh_token).await;
    for answer in [&signed_in, &refreshed] {
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    }
    for answer in [
        app.try_sign_in("root", "").await,
        refresh(&app, "x").await,
        root.get("/users/me/sessions").await,
        root.get("/users/me/account").await,
        with(&app, "x").await,
    ] {
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.text());
    }
}
