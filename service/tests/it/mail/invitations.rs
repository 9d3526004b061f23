//! Inviting somebody to set a first password.

use axum::http::{Method, header};
use serde_json::json;

use crate::harness::accounts::{AccountsApp, PASSWORD, PUBLIC_URL, call, with_accounts_on_every_database};

with_accounts_on_every_database! {
    whoever_is_invited_sets_a_password_and_has_proved_the_address,
    a_user_is_added_and_invited_at_once,
    who_is_not_added_is_not_invited,
    inviting_at_once_needs_the_permission_for_accounts,
    an_invitation_and_a_password_conflict,
    a_link_is_good_for_a_week,
    nobody_invites_somebody_who_holds_more,
    nobody_invites_somebody_who_is_disabled,
}

async fn whoever_is_invited_sets_a_password_and_has_proved_the_address(app: AccountsApp) {
    let root = app.root().await;
    let body = json!({"username": "ada", "email": "ada@example.com"});
    let ada = root.post("/users", body).await.json()["user_id"].as_u64().unwrap();
    let answer = root.call(Method::POST, &format!("/users/{ada}/invitation"), None).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
    let mail = app.mail().await;
    assert!(mail.link().starts_with(&format!("{PUBLIC_URL}/accept-invitation#uso_")), "{}", mail.link());
    assert_eq!(app.confirm_password(mail.token(), PASSWORD).await.status, 204);
    app.sign_in("ada").await;
    assert!(app.is_verified(ada).await);
    root.call(Method::POST, "/users/999999/invitation", None).await.assert_problem(404, "user_not_found");
}

async fn a_user_is_added_and_invited_at_once(app: AccountsApp) {
    let body = json!({"username": "ada", "email": "ada@example.com", "invite": true});
    let root = app.root().await;
    let mut request = root.request(Method::POST, "/users", Some(body));
    request.headers_mut().insert(header::ACCEPT_LANGUAGE, "de".parse().unwrap());
    assert_eq!(app.send(request).await.status, 201);
    let mail = app.mail().await;
    assert!(mail.text.contains("Sie wurden eingeladen"), "{}", mail.text);
    assert_eq!(app.confirm_password(mail.token(), PASSWORD).await.status, 204);
    app.sign_in("ada").await;
}

async fn who_is_not_added_is_not_invited(app: AccountsApp) {
    let body = json!({"username": "root", "email": "ada@example.com", "invite": true});
    app.root().await.post("/users", body).await.assert_problem(409, "username_taken");
    assert_eq!(app.outbox().await, 0);
    let body = json!({"username": "ada", "email": "ada@example.com", "invite": false});
    assert_eq!(app.root().await.post("/users", body).await.status, 201);
    assert_eq!(app.outbox().await, 0);
}

async fn inviting_at_once_needs_the_permission_for_accounts(app: AccountsApp) {
    let body = json!({"username": "eve", "email": "eve@example.com", "invite": true});
    let clerk = app.person("clerk", &["users:write"]).await;
    clerk.post("/users", body.clone()).await.assert_problem(403, "forbidden");
    let app = app.configured(|application| {
        let users_service::config::Access::Tokens(access) = &mut application.access else { unreachable!() };
        access.sign_up_is_open = true;
    });
    let app = app.await;
    app.call(Method::POST, "/users", Some(body)).await.assert_problem(403, "forbidden");
    assert_eq!(app.outbox().await, 0);
}

async fn an_invitation_and_a_password_conflict(app: AccountsApp) {
    let root = app.root().await;
    let hash = "$2b$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK";
    for other in [("password", PASSWORD), ("password_hash", hash)] {
        let mut body = json!({"username": "ada", "email": "ada@example.com", "invite": true});
        body[other.0] = other.1.into();
        root.post("/users", body).await.assert_field_errors(&[("invite", "conflicting")]);
    }
    let body = json!({"username": "ada", "email": "ada@example.com", "invite": "yes"});
    root.post("/users", body).await.assert_field_errors(&[("invite", "wrong_type")]);
}

async fn a_link_is_good_for_a_week(app: AccountsApp) {
    let body = json!({"username": "ada", "email": "ada@example.com", "invite": true});
    assert_eq!(app.root().await.post("/users", body).await.status, 201);
    let mail = app.mail().await;
    app.minutes_pass(7 * 24 * 60 - 1);
    app.confirm_password(mail.token(), "short").await.assert_field_errors(&[("password", "too_short")]);
    app.minutes_pass(1);
    app.confirm_password(mail.token(), PASSWORD).await.assert_problem(401, "token_invalid");
}

async fn nobody_invites_somebody_who_holds_more(app: AccountsApp) {
    let clerk = app.person("clerk", &["accounts:write"]).await;
    let ada = app.person("ada", &["users:delete"]).await;
    for path in [ada.path("/invitation"), "/users/1/invitation".to_owned()] {
        clerk.call(Method::POST, &path, None).await.assert_problem(403, "forbidden");
    }
    app.send(call(Method::POST, "/users/1/invitation", None)).await.assert_problem(401, "unauthenticated");
    assert_eq!(app.outbox().await, 0);
}

async fn nobody_invites_somebody_who_is_disabled(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    let set = async |status: &str| {
        let answer = root.patch(&ada.path("/account"), json!({"status": status})).await;
        assert_eq!(answer.status, 200);
    };
    let invite = async || root.call(Method::POST, &ada.path("/invitation"), None).await;
    set("disabled").await;
    for _ in 0..4 {
        invite().await.assert_problem(409, "account_disabled");
    }
    assert_eq!(app.outbox().await, 0);
    set("active").await;
    assert_eq!(invite().await.status, 202, "refusals count on no limit");
    assert_eq!(app.confirm_password(app.mail().await.token(), PASSWORD).await.status, 204);
}
