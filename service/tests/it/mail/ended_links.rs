//! What ends a link.

use axum::http::Method;
use serde_json::json;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, Person, with_accounts_on_every_database,
};
use crate::harness::mail::Mail;

with_accounts_on_every_database! {
    a_changed_password_ends_them,
    a_password_that_was_set_for_the_user_ends_them,
    a_changed_address_ends_them_whoever_changes_it,
    another_change_leaves_them,
    a_removed_user_has_none,
    a_disabled_user_has_none_afterwards,
    a_link_that_outlived_the_disabling_is_dead_until_the_account_is_enabled,
}

/// Somebody with a link of each kind.
async fn with_links(app: &AccountsApp) -> (Person<'_>, [Mail; 3]) {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let verification = app.mail().await;
    app.ask_for_reset("ada").await;
    let reset = app.mail().await;
    let answer = app.root().await.call(Method::POST, &ada.path("/invitation"), None).await;
    assert_eq!(answer.status, 202);
    let invitation = app.mail().await;
    (ada, [verification, reset, invitation])
}

async fn assert_ended(app: &AccountsApp, [verification, reset, invitation]: &[Mail; 3]) {
    app.confirm_email(verification.token()).await.assert_problem(401, "token_invalid");
    for mail in [reset, invitation] {
        app.confirm_password(mail.token(), PASSWORD).await.assert_problem(401, "token_invalid");
    }
}

async fn a_changed_password_ends_them(app: AccountsApp) {
    let (ada, links) = with_links(&app).await;
    let body = json!({"current_password": PASSWORD, "password": OTHER_PASSWORD});
    assert_eq!(ada.put("/users/me/password", body).await.status, 204);
    assert_ended(&app, &links).await;
}

async fn a_password_that_was_set_for_the_user_ends_them(app: AccountsApp) {
    let (ada, links) = with_links(&app).await;
    let body = json!({"password": OTHER_PASSWORD});
    assert_eq!(app.root().await.put(&ada.path("/password"), body).await.status, 204);
    assert_ended(&app, &links).await;
}

async fn a_changed_address_ends_them_whoever_changes_it(app: AccountsApp) {
    let (ada, links) = with_links(&app).await;
    for email in ["ada@example.org", "ada@example.com"] {
        let body = json!({"email": email});
        assert_eq!(app.root().await.put(&ada.path(""), body).await.status, 200);
        assert_ended(&app, &links).await;
    }
}

async fn another_change_leaves_them(app: AccountsApp) {
    let (ada, [verification, reset, _]) = with_links(&app).await;
    let body = json!({"username": "countess", "email": "Ada@example.com", "full_name": "Ada"});
    assert_eq!(ada.put("/users/me", body).await.status, 200);
    assert_eq!(app.confirm_email(verification.token()).await.status, 204);
    assert_eq!(app.confirm_password(reset.token(), OTHER_PASSWORD).await.status, 204);
}

async fn a_disabled_user_has_none_afterwards(app: AccountsApp) {
    let (ada, links) = with_links(&app).await;
    for status in ["disabled", "active"] {
        let answer = app.root().await.patch(&ada.path("/account"), json!({"status": status})).await;
        assert_eq!(answer.status, 200);
        assert_ended(&app, &links).await;
    }
}

async fn a_link_that_outlived_the_disabling_is_dead_until_the_account_is_enabled(app: AccountsApp) {
    let (_, links) = with_links(&app).await;
    let user = "(select user_id from users where username = 'ada')";
    app.database.execute(&format!("update accounts set status = 'disabled' where user_id = {user}")).await;
    assert_ended(&app, &links).await;
    app.database.execute(&format!("update accounts set status = 'active' where user_id = {user}")).await;
    let [verification, ..] = &links;
    assert_eq!(app.confirm_email(verification.token()).await.status, 204);
}

async fn a_removed_user_has_none(app: AccountsApp) {
    let (ada, links) = with_links(&app).await;
    app.ask_for_reset("ada").await;
    assert_eq!(app.root().await.delete(&ada.path("")).await.status, 204);
    assert_ended(&app, &links).await;
    assert!(app.deliver().await.is_empty());
    assert_eq!(app.outbox().await, 0);
}
