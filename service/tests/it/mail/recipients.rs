//! How many mails a recipient gets.

use axum::http::Method;
use serde_json::json;

use crate::harness::accounts::{AccountsApp, with_accounts_on_every_database};

with_accounts_on_every_database! {
    a_recipient_gets_three_mails_at_once_whoever_asks_and_for_what,
    a_recipient_gets_ten_mails_a_day,
    somebody_elses_mails_are_counted_apart,
    an_address_that_moves_to_another_account_is_the_same_recipient,
}

async fn a_recipient_gets_three_mails_at_once_whoever_asks_and_for_what(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    app.ask_for_reset("ada").await;
    app.ask_for_reset("ADA@example.com").await;
    let fourth = app.ask_for_reset("ada").await;
    assert_eq!((fourth.status.as_u16(), fourth.text()), (202, ""));
    let fifth = app.root().await.call(Method::POST, &ada.path("/invitation"), None).await;
    assert_eq!((fifth.status.as_u16(), fifth.text()), (202, ""));
    assert_eq!(app.deliver().await.len(), 3);
    app.minutes_pass(60);
    app.ask_for_reset("ada").await;
    assert_eq!(app.deliver().await.len(), 1);
}

async fn a_recipient_gets_ten_mails_a_day(app: AccountsApp) {
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
    let body = json!({"username": "eve", "email": "ada@example.com", "invite": true});
    assert_eq!(app.root().await.post("/users", body).await.status, 201);
    assert!(app.deliver().await.is_empty());
}
