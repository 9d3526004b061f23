//! A recipient whose server takes long holds up no other.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use users_service::clock::monotonic;
use users_service::delivery::send_due;

use crate::harness::accounts::{AccountsApp, with_accounts_on_every_database};
use crate::harness::eventually::eventually;
use crate::harness::smtp_server::SmtpServer;
use crate::mail::smtp::{app, invite, invite_at};

with_accounts_on_every_database! {
    a_slow_domain_holds_up_no_other,
    a_slow_domain_holds_up_no_other_if_strangers_ask_for_its_users,
    several_slow_domains_hold_up_no_other,
    what_was_not_begun_keeps_its_place_and_its_attempts,
}

/// More than are sent, or leased, at once.
const MANY: usize = 55;

/// The app with its mails going to a server.
async fn served(app: AccountsApp) -> (AccountsApp, SmtpServer) {
    let server = SmtpServer::start();
    let app = app.configured(|application| server.serve(application)).await;
    (app, server)
}

/// One run that ends before a slow server has answered.
async fn run(app: &AccountsApp) {
    send_due(app.state.clone(), monotonic() + Duration::from_secs(8)).await.unwrap();
}

/// How many mails have been taken for a domain.
fn taken_for(mails: &[Value], domain: &str) -> usize {
    mails.iter().filter(|mail| mail["recipients"][0].as_str().unwrap().ends_with(domain)).count()
}

async fn a_slow_domain_holds_up_no_other(app: AccountsApp) {
    let (app, server) = served(app).await;
    for number in 0..MANY {
        invite_at(&app, &format!("slow{number}"), "slow.example").await;
    }
    app.clock.advance(TimeDelta::seconds(1));
    invite(&app, "ada").await;
    run(&app).await;
    let mails = server.taken(13).await;
    assert_eq!(taken_for(&mails, "@example.com"), 1);
    assert_eq!(taken_for(&mails, "@slow.example"), 12, "half of what is sent at once");
    assert_eq!(app.outbox().await, MANY);
}

async fn a_slow_domain_holds_up_no_other_if_strangers_ask_for_its_users(app: AccountsApp) {
    let (app, server) = served(app).await;
    let root = app.root().await;
    for number in 0..MANY {
        let name = format!("slow{number}");
        let body = json!({"username": name, "email": format!("{name}@slow.example")});
        assert_eq!(root.post("/users", body).await.status, 201);
        // Whose name it is, and so which domain, is found out when the outbox is worked off.
        app.ask_for_reset(&name).await;
    }
    let body = json!({"username": "ada", "email": "ada@example.com"});
    assert_eq!(root.post("/users", body).await.status, 201);
    app.clock.advance(TimeDelta::seconds(1));
    app.ask_for_reset("ada").await;
    run(&app).await;
    let mails = server.taken(13).await;
    assert_eq!(taken_for(&mails, "@example.com"), 1);
    assert_eq!(taken_for(&mails, "@slow.example"), 12);
    assert_eq!(app.outbox().await, MANY);
}

async fn several_slow_domains_hold_up_no_other(app: AccountsApp) {
    let (app, server) = served(app).await;
    for number in 0..MANY {
        let domain = format!("{}.slow.example", number % 4);
        invite_at(&app, &format!("slow{number}"), &domain).await;
    }
    app.clock.advance(TimeDelta::seconds(1));
    invite(&app, "ada").await;
    run(&app).await;
    let mails = eventually("the mail to the fast domain", async || {
        let mails = server.mails();
        (taken_for(&mails, "@example.com") == 1).then_some(mails)
    })
    .await;
    for domain in 0..4 {
        assert!(taken_for(&mails, &format!("@{domain}.slow.example")) > 0, "each has some places");
    }
}

async fn what_was_not_begun_keeps_its_place_and_its_attempts(app: AccountsApp) {
    let (app, server) = served(app).await;
    for number in 0..MANY {
        invite_at(&app, &format!("slow{number}"), "slow.example").await;
    }
    app.minutes_pass(1);
    run(&app).await;
    let begun = server.mails().len();
    let left = "select recipient from mails where lease is null";
    assert_eq!(app.database.values(left).await.len(), MANY);
    let in_place = format!("{left} and attempts = 0 and next_attempt_at = created_at");
    assert_eq!(app.database.values(&in_place).await.len(), MANY - begun);
}

#[tokio::test]
async fn an_answer_that_was_not_waited_for_is_none_to_the_next_mail() {
    let (app, server) = app().await;
    invite(&app, "late").await;
    send_due(app.state.clone(), monotonic() + Duration::from_secs(4)).await.unwrap();
    server.taken(1).await;
    // Meanwhile the server answers.
    sleep(Duration::from_secs(2)).await;
    invite(&app, "unwanted").await;
    send_due(app.state.clone(), monotonic() + Duration::from_secs(8)).await.unwrap();
    server.taken(2).await;
    assert_eq!(app.outbox().await, 2, "the server has refused the second mail");
}

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
