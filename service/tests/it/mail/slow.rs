//! A recipient whose server takes long holds up no other.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::task::JoinHandle;
use users_service::clock::monotonic;
use users_service::mail::send_due;

use crate::harness::accounts::AccountsApp;
use crate::harness::eventually::eventually;
use crate::harness::smtp_server::SmtpServer;
use crate::mail::smtp::{app, invite};

#[tokio::test]
async fn a_slow_recipient_holds_up_no_other() {
    let (app, server) = app().await;
    invite(&app, "slow").await;
    for number in 0..20 {
        invite(&app, &format!("user{number}")).await;
    }
    send_due(app.state.clone(), monotonic() + Duration::from_secs(8)).await.unwrap();
    assert_eq!(server.taken(21).await.len(), 21);
    let left = app.database.values("select recipient from mails").await;
    assert_eq!(left, ["slow@example.com"], "it is tried again");
}

/// An app whose job is busy with the mail to somebody slow, for longer than a test takes.
async fn busy() -> (AccountsApp, SmtpServer, JoinHandle<()>) {
    let (app, server) = app().await;
    invite(&app, "slow").await;
    let state = app.state.clone();
    let run = tokio::spawn(async move {
        send_due(state, monotonic() + Duration::from_secs(30)).await.unwrap();
    });
    assert_eq!(server.taken(1).await.len(), 1);
    (app, server, run)
}

#[tokio::test]
async fn a_mail_that_comes_meanwhile_is_sent_at_once() {
    let (app, server, run) = busy().await;
    invite(&app, "ada").await;
    assert_eq!(server.taken(2).await[1]["recipients"][0], "ada@example.com");
    assert!(!run.is_finished());
    run.abort();
}

#[tokio::test]
async fn a_mail_that_becomes_due_meanwhile_is_sent_then() {
    let (app, server, run) = busy().await;
    invite(&app, "greylisted").await;
    let postponed = "select recipient from mails where lease is null and attempts = 1";
    eventually("postponed mail", async || app.database.values(postponed).await.pop()).await;
    app.clock.advance(TimeDelta::seconds(15));
    assert_eq!(server.taken(2).await[1]["recipients"][0], "greylisted@example.com");
    assert!(!run.is_finished());
    run.abort();
}
