//! Introspection: other services ask whether a token is valid now, and what its user may do now (RFC 7662).

use axum::http::{Method, header};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::accounts::{
    AccountsApp, ISSUER, PASSWORD, Person, call, with_accounts_on_every_database,
};
use crate::harness::test_app::Answer;

with_accounts_on_every_database! {
    a_valid_token_is_introspected_in_full,
    a_token_for_another_service_is_valid_too,
    roles_and_permissions_are_those_of_now,
    an_invalid_token_is_only_inactive,
    whoever_asks_needs_the_permission_and_sends_a_form,
}

async fn ask(asker: &Person<'_>, app: &AccountsApp, form: &str) -> Answer {
    let mut request = call(Method::POST, "/tokens/introspect", None);
    *request.body_mut() = form.to_owned().into();
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    headers.insert(header::AUTHORIZATION, format!("Bearer {}", asker.access_token).parse().unwrap());
    app.send(request).await
}

async fn introspect(app: &AccountsApp, token: &str) -> Value {
    let asker = app.root().await;
    let answer = ask(&asker, app, &format!("token={token}&token_type_hint=access_token")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    answer.json()
}

async fn a_valid_token_is_introspected_in_full(app: AccountsApp) {
    let ada = app.person("ada", &["users:read", "invoices:pay"]).await;
    app.clock.advance(TimeDelta::minutes(10));
    let mut told = introspect(&app, &ada.access_token).await;
    assert!(told["jti"].as_str().is_some_and(|id| id.len() == 22), "{told}");
    told["jti"] = "any".into();
    assert_eq!(
        told,
        json!({
            "active": true, "scope": "invoices:pay users:read", "client_id": "users-service",
            "token_type": "Bearer", "iat": 1_705_314_600, "exp": 1_705_314_600 + 900,
            "auth_time": 1_705_314_600, "sub": ada.user_id.to_string(), "sid": ada.session_id,
            "aud": ISSUER, "iss": ISSUER, "jti": "any", "roles": ["role-of-ada"],
        })
    );
    let root = app.root().await;
    let scope = introspect(&app, &root.access_token).await["scope"].as_str().unwrap().to_owned();
    for permission in ["accounts:write", "invoices:pay", "roles:write", "users:delete"] {
        assert!(scope.split(' ').any(|held| held == permission), "{scope}: an administrator holds every one");
    }
}

async fn a_token_for_another_service_is_valid_too(app: AccountsApp) {
    let body = json!({"login": "root", "password": PASSWORD, "audience": "orders"});
    let answer = app.call(Method::POST, "/sessions", Some(body)).await;
    let root = Person::new(&app, &answer.json());
    let told = introspect(&app, &root.access_token).await;
    assert_eq!((&told["active"], &told["aud"]), (&json!(true), &json!("orders")));
    ask(&root, &app, "token=x").await.assert_problem(401, "token_invalid");
}

async fn roles_and_permissions_are_those_of_now(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &["invoices:pay"]).await, app.root().await);
    let role = json!({"description": "", "permissions": ["invoices:read"]});
    assert_eq!(root.put("/roles/role-of-ada", role).await.status, 200);
    assert_eq!(introspect(&app, &ada.access_token).await["scope"], "invoices:read");
    assert_eq!(root.put(&ada.path("/roles"), json!({"roles": []})).await.status, 200);
    let told = introspect(&app, &ada.access_token).await;
    assert_eq!((&told["active"], &told["scope"], &told["roles"]), (&json!(true), &json!(""), &json!([])));
}

async fn an_invalid_token_is_only_inactive(app: AccountsApp) {
    let inactive = json!({"active": false});
    let (ended, disabled, removed) =
        (app.person("ada", &[]).await, app.person("bob", &[]).await, app.person("eve", &[]).await);
    assert_eq!(ended.delete("/sessions/current").await.status, 204);
    let root = app.root().await;
    assert_eq!(root.patch(&disabled.path("/account"), json!({"status": "disabled"})).await.status, 200);
    assert_eq!(root.delete(&removed.path("")).await.status, 204);
    for token in [&ended.access_token, &disabled.access_token, &removed.access_token] {
        assert_eq!(introspect(&app, token).await, inactive);
    }
    for token in ["", "x", "a.b.c", &root.refresh_token, &root.access_token[..root.access_token.len() - 4]] {
        assert_eq!(introspect(&app, token).await, inactive, "{token}");
    }
    app.clock.advance(TimeDelta::minutes(16));
    assert_eq!(introspect(&app, &root.access_token).await, inactive, "it has expired");
}

async fn whoever_asks_needs_the_permission_and_sends_a_form(app: AccountsApp) {
    let ada = app.person("ada", &["users:read", "sessions:write"]).await;
    ask(&ada, &app, &format!("token={}", ada.access_token)).await.assert_problem(403, "forbidden");
    let service = app.person("orders", &["sessions:read"]).await;
    let told = ask(&service, &app, &format!("token={}", ada.access_token)).await;
    assert_eq!(told.json()["sub"], ada.user_id.to_string());
    ask(&service, &app, "").await.assert_field_errors(&[("token", "missing")]);
    ask(&service, &app, "token=a&token=b").await.assert_field_errors(&[("token", "repeated")]);
    let json = service.post("/tokens/introspect", json!({"token": ada.access_token})).await;
    json.assert_problem(415, "unsupported_media_type");
    app.call(Method::POST, "/tokens/introspect", None).await.assert_problem(401, "unauthenticated");
}
