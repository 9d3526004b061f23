//! The outbox: what is sent, when, and how often.

use std::fs;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use users_service::clock::{Clock, monotonic};
use users_service::delivery::send_due;

use crate::harness::accounts::{AccountsApp, PASSWORD, with_accounts_on_every_database};

with_accounts_on_every_database! {
    an_expired_link_is_not_sent,
    what_cannot_be_sent_is_tried_again_after_growing_pauses,
    what_cannot_be_sent_for_a_day_is_given_up,
    what_can_never_be_sent_holds_up_no_other,
    of_many_workers_at_once_one_sends_a_mail,
    a_mail_that_a_dead_worker_held_is_sent_after_its_lease,
    a_token_whose_key_is_gone_is_made_anew,
    a_kind_of_another_release_is_left_for_that_release,
    a_kind_that_no_release_knows_is_given_up_after_a_day,
    a_row_that_cannot_be_read_is_dropped_and_holds_up_no_other,
    without_time_nothing_is_begun,
}

/// Makes the folder of the mails a file, in which none can be kept.
fn block(app: &AccountsApp) {
    fs::create_dir_all(app.mails.parent().unwrap()).unwrap();
    fs::write(&app.mails, "").unwrap();
}

async fn due_in_seconds(app: &AccountsApp) -> i64 {
    let due = app.database.values("select cast(next_attempt_at as char) from mails").await;
    let due: i64 = due[0].parse().unwrap();
    (due - app.clock.now().timestamp_millis()) / 1000
}

async fn an_expired_link_is_not_sent(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    app.minutes_pass(30);
    assert!(app.deliver().await.is_empty());
    assert_eq!(app.outbox().await, 0);
}

async fn what_cannot_be_sent_is_tried_again_after_growing_pauses(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    block(&app);
    for pause in [15, 30, 60] {
        assert!(send(&app).await);
        assert_eq!(due_in_seconds(&app).await, pause);
        app.clock.advance(TimeDelta::seconds(pause - 1));
        assert!(send(&app).await);
        assert_eq!(due_in_seconds(&app).await, 1, "it is not due yet");
        app.clock.advance(TimeDelta::seconds(1));
    }
    fs::remove_file(&app.mails).unwrap();
    assert_eq!(app.mail().await.header("To"), "ada@example.com");
}

async fn send(app: &AccountsApp) -> bool {
    send_due(app.state.clone(), monotonic() + Duration::from_secs(30)).await.is_ok()
}

async fn what_cannot_be_sent_for_a_day_is_given_up(app: AccountsApp) {
    let body = json!({"username": "ada", "email": "ada@example.com", "invite": true});
    assert_eq!(app.root().await.post("/users", body).await.status, 201);
    block(&app);
    let mut attempts = 0;
    while app.outbox().await > 0 {
        assert!(send(&app).await);
        attempts += 1;
        app.minutes_pass(60);
    }
    assert_eq!(attempts, 25);
}

async fn what_can_never_be_sent_holds_up_no_other(app: AccountsApp) {
    for name in ["ada", "grace"] {
        app.person(name, &[]).await;
    }
    // No mail can go there, and an older program may have written it.
    app.database.execute("update users set email = '\"a b\"@example.com' where username = 'ada'").await;
    app.ask_for_reset("ada").await;
    app.ask_for_reset("grace").await;
    assert_eq!(app.mail().await.header("To"), "grace@example.com");
    assert_eq!(app.outbox().await, 0);
}

async fn of_many_workers_at_once_one_sends_a_mail(app: AccountsApp) {
    for number in 0..40 {
        let body = json!({"username": format!("user{number}"), "email": format!("user{number}@example.com"), "invite": true});
        assert_eq!(app.root().await.post("/users", body).await.status, 201);
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        workers.spawn(send_due(app.state.clone(), monotonic() + Duration::from_secs(30)));
    }
    for done in workers.join_all().await {
        done.unwrap();
    }
    // A mail that was sent twice would be one file, hence the attempts: each row was taken once.
    assert_eq!(app.outbox().await, 0);
    assert_eq!(app.deliver().await.len(), 40);
}

async fn a_mail_that_a_dead_worker_held_is_sent_after_its_lease(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let until = app.clock.now().timestamp_millis() + 60_000;
    let lease = "lease = x'00112233445566778899aabbccddeeff', attempts = 1";
    app.database.execute(&format!("update mails set next_attempt_at = {until}, {lease}")).await;
    assert!(app.deliver().await.is_empty());
    app.minutes_pass(1);
    let mail = app.mail().await;
    assert_eq!(app.confirm_email(mail.token()).await.status, 204);
}

async fn a_token_whose_key_is_gone_is_made_anew(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    // As if it had been computed with another key.
    let hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    app.database.execute(&format!("update one_time_tokens set token_hash = x'{hash}'")).await;
    let mail = app.mail().await;
    assert_eq!(app.confirm_password(mail.token(), PASSWORD).await.status, 204);
}

async fn a_kind_of_another_release_is_left_for_that_release(app: AccountsApp) {
    for name in ["ada", "grace"] {
        app.person(name, &[]).await;
        app.ask_for_reset(name).await;
    }
    let ada = "where recipient = 'ada'";
    app.database.execute(&format!("update mails set kind = 'newsletter', language = 'xx' {ada}")).await;
    assert_eq!(app.mail().await.header("To"), "grace@example.com");
    assert_eq!(app.outbox().await, 1);
    // That release knows it.
    app.database.execute(&format!("update mails set kind = 'asked_reset' {ada}")).await;
    app.minutes_pass(1);
    assert_eq!(app.mail().await.header("To"), "ada@example.com");
    assert_eq!(app.outbox().await, 0);
}

async fn a_kind_that_no_release_knows_is_given_up_after_a_day(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    app.database.execute("update mails set kind = 'newsletter'").await;
    for (minutes, left) in [(24 * 60 - 1, 1), (60, 0)] {
        app.minutes_pass(minutes);
        assert!(app.deliver().await.is_empty());
        assert_eq!(app.outbox().await, left, "{minutes}");
    }
}

async fn a_row_that_cannot_be_read_is_dropped_and_holds_up_no_other(app: AccountsApp) {
    for name in ["ada", "grace"] {
        app.person(name, &[]).await;
        app.ask_for_reset(name).await;
    }
    let ada = "where recipient = 'ada'";
    app.database.execute(&format!("update mails set created_at = 9000000000000000000 {ada}")).await;
    assert_eq!(app.mail().await.header("To"), "grace@example.com");
    assert_eq!(app.outbox().await, 0);
}

#[tokio::test]
async fn a_text_that_is_no_utf_8_is_a_row_that_cannot_be_read() {
    let app = AccountsApp::on_sqlite().await;
    for name in ["ada", "grace"] {
        app.person(name, &[]).await;
        app.ask_for_reset(name).await;
    }
    let ada = "where recipient = 'ada'";
    app.database.execute(&format!("update mails set recipient = cast(x'ff' as text) {ada}")).await;
    assert_eq!(app.mail().await.header("To"), "grace@example.com");
    assert_eq!(app.outbox().await, 0);
}

async fn without_time_nothing_is_begun(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    send_due(app.state.clone(), monotonic() + Duration::from_secs(1)).await.unwrap();
    assert_eq!((app.outbox().await, due_in_seconds(&app).await), (1, 0));
    assert_eq!(app.deliver().await.len(), 1);
}
