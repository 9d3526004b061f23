//! How many mails a recipient gets.

use axum::http::Method;
use serde_json::json;
use users_service::worker::handle;

use crate::harness::accounts::{AccountsApp, PASSWORD, with_accounts_on_every_database};
use crate::mail::undeliverable::bounce;

with_accounts_on_every_database! {
    a_recipient_gets_three_mails_in_any_hour_whoever_asks,
    a_recipient_gets_ten_mails_in_any_day,
    links_of_every_kind_are_counted_together,
    a_mail_that_comes_late_is_one_of_the_hour_that_it_comes_in,
    a_mail_that_does_not_arrive_uses_up_nothing,
    asking_for_what_is_not_sent_uses_up_nothing,
    no_invitation_is_sent_past_the_limit_and_the_answer_is_the_same,
    a_user_who_is_not_added_counts_as_not_invited,
    who_may_not_invite_uses_up_no_invitation,
    somebody_elses_mails_are_counted_apart,
    an_address_that_moves_to_another_account_is_the_same_recipient,
}

/// How many mails somebody gets who asks for a reset so often.
async fn mails_for(app: &AccountsApp, times: usize) -> usize {
    for _ in 0..times {
        let answer = app.ask_for_reset("ada").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
    }
    app.deliver().await.len()
}

async fn a_recipient_gets_three_mails_in_any_hour_whoever_asks(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada@example.com").await;
    app.ask_for_reset("ADA@example.com").await;
    assert_eq!(app.deliver().await.len(), 2);
    app.minutes_pass(40);
    assert_eq!(mails_for(&app, 3).await, 1);
    app.minutes_pass(19);
    assert_eq!(mails_for(&app, 3).await, 0);
    app.minutes_pass(1);
    assert_eq!(mails_for(&app, 3).await, 2, "two were an hour ago, and one was not");
    app.minutes_pass(59);
    assert_eq!(mails_for(&app, 3).await, 1);
}

async fn a_recipient_gets_ten_mails_in_any_day(app: AccountsApp) {
    app.person("ada", &[]).await;
    let mut mails = 0;
    // Until a minute before the first of them is a day ago.
    for _ in 0..24 * 3 - 1 {
        mails += mails_for(&app, 1).await;
        app.minutes_pass(20);
    }
    app.minutes_pass(19);
    assert_eq!((mails, mails_for(&app, 1).await), (10, 0));
    app.minutes_pass(1);
    assert_eq!(mails_for(&app, 3).await, 1);
}

async fn links_of_every_kind_are_counted_together(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    let ask_for_all = async || {
        app.ask_for_verification("ada@example.com").await;
        app.ask_for_reset("ada").await;
        assert_eq!(root.call(Method::POST, &ada.path("/invitation"), None).await.status, 202);
    };
    ask_for_all().await;
    assert_eq!(app.deliver().await.len(), 3);
    ask_for_all().await;
    assert!(app.deliver().await.is_empty());
}

async fn a_mail_that_comes_late_is_one_of_the_hour_that_it_comes_in(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    for _ in 0..2 {
        let root = app.root().await;
        for _ in 0..3 {
            assert_eq!(root.call(Method::POST, &ada.path("/invitation"), None).await.status, 202);
        }
        app.minutes_pass(60);
    }
    assert_eq!(app.deliver().await.len(), 3);
    assert_eq!(app.outbox().await, 0);
}

async fn a_mail_that_does_not_arrive_uses_up_nothing(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    handle(&app.state, bounce("Permanent", "ada@example.com"), None).await.unwrap();
    assert_eq!(mails_for(&app, 12).await, 0, "mails have come back from there");
    let root = app.root().await;
    for _ in 0..4 {
        assert_eq!(root.call(Method::POST, &ada.path("/invitation"), None).await.status, 202);
    }
    assert_eq!(app.deliver().await.len(), 3);
}

async fn asking_for_what_is_not_sent_uses_up_nothing(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    assert_eq!(app.confirm_email(app.mail().await.token()).await.status, 204);
    for _ in 0..12 {
        app.ask_for_verification("ada@example.com").await;
        app.ask_for_reset("grace@example.com").await;
    }
    assert!(app.deliver().await.is_empty(), "one address is proved, the other is nobody's");
    assert_eq!(mails_for(&app, 3).await, 2);
    let grace = json!({"username": "grace", "email": "grace@example.com", "invite": true});
    assert_eq!(app.root().await.post("/users", grace).await.status, 201);
    assert_eq!(app.deliver().await.len(), 1);
}

async fn no_invitation_is_sent_past_the_limit_and_the_answer_is_the_same(app: AccountsApp) {
    let root = app.root().await;
    let ada = app.person("ada", &[]).await;
    assert_eq!(mails_for(&app, 3).await, 3);
    let invited = root.call(Method::POST, &ada.path("/invitation"), None).await;
    assert_eq!((invited.status.as_u16(), invited.text()), (202, ""));
    assert_eq!(root.delete(&ada.path("")).await.status, 204);
    let again = json!({"username": "ada", "email": "ada@example.com", "invite": true});
    let added = root.post("/users", again).await;
    assert_eq!(added.status, 201);
    assert!(app.deliver().await.is_empty());
    app.minutes_pass(60);
    let path = format!("/users/{}/invitation", added.json()["user_id"]);
    // The first token has expired by then.
    assert_eq!(app.root().await.call(Method::POST, &path, None).await.status, 202);
    assert_eq!(app.confirm_password(app.mail().await.token(), PASSWORD).await.status, 204);
}

async fn a_user_who_is_not_added_counts_as_not_invited(app: AccountsApp) {
    let root = app.root().await;
    let taken = json!({"username": "root", "email": "grace@example.com", "invite": true});
    for _ in 0..4 {
        root.post("/users", taken.clone()).await.assert_problem(409, "username_taken");
    }
    let grace = json!({"username": "grace", "email": "grace@example.com", "invite": true});
    assert_eq!(root.post("/users", grace).await.status, 201);
    assert_eq!(app.deliver().await.len(), 1);
}

async fn who_may_not_invite_uses_up_no_invitation(app: AccountsApp) {
    let clerk = app.person("clerk", &["accounts:write"]).await;
    for _ in 0..4 {
        clerk.call(Method::POST, "/users/1/invitation", None).await.assert_problem(403, "forbidden");
    }
    assert_eq!(app.root().await.call(Method::POST, "/users/1/invitation", None).await.status, 202);
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
