//! Mails that tell what was done to an account.

use serde_json::json;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, Person, with_accounts_on_every_database,
};

with_accounts_on_every_database! {
    the_old_address_is_told_of_the_new_one,
    the_address_is_told_of_a_new_password,
    an_address_that_is_not_proved_is_told_nothing,
    whoever_is_let_back_in_by_the_command_is_told,
    a_first_password_is_no_change,
    what_is_refused_is_not_told,
    a_user_who_is_removed_is_told_what_was_done_before,
    a_notice_older_than_a_day_is_not_sent,
}

/// Somebody who has proved the address.
async fn proved(app: &AccountsApp) -> Person<'_> {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    assert_eq!(app.confirm_email(app.mail().await.token()).await.status, 204);
    ada
}

async fn the_old_address_is_told_of_the_new_one(app: AccountsApp) {
    let ada = proved(&app).await;
    assert_eq!(ada.put("/users/me", json!({"email": "Ada@example.com"})).await.status, 200);
    assert!(app.deliver().await.is_empty(), "it is the same address");
    let body = json!({"email": "eve@example.org"});
    assert_eq!(app.root().await.put(&ada.path(""), body).await.status, 200);
    let mail = app.mail().await;
    assert_eq!(mail.header("To"), "Ada@example.com");
    assert_eq!(mail.header("Subject"), "Your e-mail address was changed");
    assert!(!mail.text.contains("eve"), "it does not tell the new one: {}", mail.text);
}

async fn the_address_is_told_of_a_new_password(app: AccountsApp) {
    let ada = proved(&app).await;
    let body = json!({"current_password": PASSWORD, "password": OTHER_PASSWORD});
    assert_eq!(ada.put("/users/me/password", body).await.status, 204);
    let own = app.mail().await;
    assert_eq!((own.header("To"), own.header("Subject")), ("ada@example.com", "Your password was changed"));
    let body = json!({"password": PASSWORD});
    assert_eq!(app.root().await.put(&ada.path("/password"), body).await.status, 204);
    assert_eq!(app.mail().await.header("Subject"), "Your password was changed");
    app.ask_for_reset("ada").await;
    let reset = app.mail().await;
    assert_eq!(app.confirm_password(reset.token(), OTHER_PASSWORD).await.status, 204);
    assert_eq!(app.mail().await.header("Subject"), "Your password was changed");
}

async fn an_address_that_is_not_proved_is_told_nothing(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let body = json!({"current_password": PASSWORD, "password": OTHER_PASSWORD});
    assert_eq!(ada.put("/users/me/password", body).await.status, 204);
    assert_eq!(ada.put("/users/me", json!({"email": "ada@example.org"})).await.status, 200);
    assert!(app.deliver().await.is_empty());
}

async fn whoever_is_let_back_in_by_the_command_is_told(app: AccountsApp) {
    let ada = proved(&app).await;
    app.restore_administrator("ada", "ada@example.com").await.unwrap();
    let mail = app.mail().await;
    assert_eq!((mail.header("To"), mail.header("Subject")), ("ada@example.com", "Your password was changed"));
    // Whoever has an address that is not proved is told nothing, as ever.
    assert_eq!(ada.get("/users/me").await.status, 401);
    app.person("grace", &[]).await;
    app.restore_administrator("grace", "grace@example.com").await.unwrap();
    assert!(app.deliver().await.is_empty());
}

async fn a_first_password_is_no_change(app: AccountsApp) {
    let body = json!({"username": "ada", "email": "ada@example.com", "invite": true});
    assert_eq!(app.root().await.post("/users", body).await.status, 201);
    let invitation = app.mail().await;
    assert_eq!(app.confirm_password(invitation.token(), PASSWORD).await.status, 204);
    assert!(app.deliver().await.is_empty());
}

async fn what_is_refused_is_not_told(app: AccountsApp) {
    let ada = proved(&app).await;
    ada.put("/users/me", json!({"email": "root@example.com"})).await.assert_problem(409, "email_taken");
    let body = json!({"current_password": "a wrong one", "password": OTHER_PASSWORD});
    ada.put("/users/me/password", body).await.assert_problem(403, "wrong_password");
    assert_eq!(app.outbox().await, 0);
}

async fn a_user_who_is_removed_is_told_what_was_done_before(app: AccountsApp) {
    let ada = proved(&app).await;
    let body = json!({"password": OTHER_PASSWORD});
    assert_eq!(app.root().await.put(&ada.path("/password"), body).await.status, 204);
    app.ask_for_reset("ada").await;
    assert_eq!(app.root().await.delete(&ada.path("")).await.status, 204);
    let mail = app.mail().await;
    assert_eq!((mail.header("To"), mail.header("Subject")), ("ada@example.com", "Your password was changed"));
    assert_eq!(app.outbox().await, 0, "the link has ended");
}

async fn a_notice_older_than_a_day_is_not_sent(app: AccountsApp) {
    let ada = proved(&app).await;
    for (minutes, mails) in [(24 * 60 - 1, 1), (24 * 60, 0)] {
        let body = json!({"password": OTHER_PASSWORD});
        assert_eq!(app.root().await.put(&ada.path("/password"), body).await.status, 204);
        app.minutes_pass(minutes);
        assert_eq!((app.deliver().await.len(), app.outbox().await), (mails, 0), "{minutes}");
    }
}
