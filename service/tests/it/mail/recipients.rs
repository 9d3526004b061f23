//! How many mails a recipient gets.

use axum::http::Method;
use serde_json::json;

use crate::harness::accounts::{AccountsApp, PASSWORD, with_accounts_on_every_database};

with_accounts_on_every_database! {
    a_recipient_gets_three_mails_at_once_whoever_asks,
    asking_for_one_kind_of_link_leaves_room_for_the_others,
    whoever_invites_is_told_that_the_recipient_has_had_too_many,
    who_may_not_invite_uses_up_no_invitation,
    a_recipient_gets_ten_mails_at_once_and_ten_more_in_a_day,
    somebody_elses_mails_are_counted_apart,
    an_address_that_moves_to_another_account_is_the_same_recipient,
}

async fn a_recipient_gets_three_mails_at_once_whoever_asks(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada@example.com").await;
    app.ask_for_reset("ada").await;
    app.ask_for_reset("ADA@example.com").await;
    let fourth = app.ask_for_reset("ada").await;
    assert_eq!((fourth.status.as_u16(), fourth.text()), (202, ""));
    assert_eq!(app.deliver().await.len(), 3);
    app.minutes_pass(60);
    app.ask_for_reset("ada").await;
    assert_eq!(app.deliver().await.len(), 1);
}

async fn asking_for_one_kind_of_link_leaves_room_for_the_others(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    assert_eq!(app.confirm_email(app.mail().await.token()).await.status, 204);
    for _ in 0..12 {
        app.ask_for_verification("ada@example.com").await;
    }
    assert!(app.deliver().await.is_empty(), "the address is proved");
    app.ask_for_reset("ada").await;
    assert_eq!(app.root().await.call(Method::POST, &ada.path("/invitation"), None).await.status, 202);
    assert_eq!(app.deliver().await.len(), 2);
}

async fn whoever_invites_is_told_that_the_recipient_has_had_too_many(app: AccountsApp) {
    let root = app.root().await;
    let ada = app.person("ada", &[]).await;
    for _ in 0..3 {
        assert_eq!(root.call(Method::POST, &ada.path("/invitation"), None).await.status, 202);
    }
    let refused = root.call(Method::POST, &ada.path("/invitation"), None).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(app.deliver().await.len(), 3);
    let taken = json!({"username": "ada", "email": "grace@example.com", "invite": true});
    for _ in 0..4 {
        root.post("/users", taken.clone()).await.assert_problem(409, "username_taken");
    }
    let grace = json!({"username": "grace", "email": "grace@example.com", "invite": true});
    assert_eq!(root.post("/users", grace).await.status, 201, "who was not added counts as not invited");
}

async fn who_may_not_invite_uses_up_no_invitation(app: AccountsApp) {
    let clerk = app.person("clerk", &["accounts:write"]).await;
    for _ in 0..4 {
        clerk.call(Method::POST, "/users/1/invitation", None).await.assert_problem(403, "forbidden");
    }
    assert_eq!(app.root().await.call(Method::POST, "/users/1/invitation", None).await.status, 202);
}

async fn a_recipient_gets_ten_mails_at_once_and_ten_more_in_a_day(app: AccountsApp) {
    app.person("ada", &[]).await;
    let mut mails = 0;
    for _ in 0..15 {
        app.ask_for_reset("ada").await;
        mails += app.deliver().await.len();
        app.minutes_pass(20);
    }
    // Ten at once, and one more for each 2.4 hours.
    assert_eq!(mails, 11);
}

async fn somebody_elses_mails_are_counted_apart(app: AccountsApp) {
    for name in ["ada", "grace"] {
        app.person(name, &[]).await;
    }
    for _ in 0..4 {
        app.ask_for_reset("ada").await;
    }
    app.ask_for_reset("grace").await;
    assert_eq!(app.deliver().await.len(), 4);
}

async fn an_address_that_moves_to_another_account_is_the_same_recipient(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    for _ in 0..3 {
        app.ask_for_reset("ada").await;
    }
    assert_eq!(app.deliver().await.len(), 3);
    assert_eq!(ada.put("/users/me", json!({"email": "ada@example.org"})).await.status, 200);
    let body = json!({"username": "eve", "email": "ada@example.com", "password": PASSWORD});
    assert_eq!(app.root().await.post("/users", body).await.status, 201);
    app.ask_for_reset("eve").await;
    assert!(app.deliver().await.is_empty());
}
