//! Mails through a server of another make, which reads them with a library of another make.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::accounts::AccountsApp;
use crate::harness::smtp_server::SmtpServer;

/// An app whose mails go to a server.
pub(super) async fn app() -> (AccountsApp, SmtpServer) {
    let server = SmtpServer::start();
    let app = AccountsApp::on_sqlite().await.configured(|application| server.serve(application)).await;
    (app, server)
}

/// Adds a user and sends an invitation.
pub(super) async fn invite(app: &AccountsApp, name: &str) {
    invite_at(app, name, "example.com").await;
}

/// The same of somebody with an address of a domain.
pub(super) async fn invite_at(app: &AccountsApp, name: &str, domain: &str) {
    let body = json!({"username": name, "email": format!("{name}@{domain}"), "invite": true});
    let answer = app.root().await.post("/users", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

fn recipients(mails: &[Value]) -> Vec<&str> {
    let mut recipients: Vec<_> = mails.iter().map(|mail| mail["recipients"][0].as_str().unwrap()).collect();
    recipients.sort_unstable();
    recipients
}

#[tokio::test]
async fn another_library_reads_what_was_written() {
    let (app, server) = app().await;
    app.person("ada", &[]).await;
    app.ask_for_reset_in("de", "ada").await;
    app.deliver().await;
    let mails = server.taken(1).await;
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail["defects"], json!([]));
    assert_eq!(
        (&mail["sender"], &mail["recipients"]),
        (&json!("no-reply@users.example"), &json!(["ada@example.com"]))
    );
    let headers = &mail["headers"];
    assert_eq!(headers["subject"], "Neues Passwort festlegen");
    assert_eq!(headers["from"], "Users <no-reply@users.example>");
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert!(headers["content-type"].as_str().unwrap().starts_with("multipart/alternative"));
    let text = mail["plain"].as_str().unwrap();
    assert!(text.contains("Für Ihr Konto bei users.example"), "{text}");
    let link = text.lines().find(|line| line.contains("#uso_")).unwrap();
    assert!(mail["html"].as_str().unwrap().contains(link));
    let token = link.split_once('#').unwrap().1;
    assert_eq!(app.confirm_password(token, "seven lanterns in fog").await.status, 204);
}

#[tokio::test]
async fn a_subject_that_is_not_ascii_arrives_as_it_is() {
    let (app, server) = app().await;
    app.person("ada", &[]).await;
    let mut request = crate::harness::accounts::call(
        "POST".parse().unwrap(),
        "/email-verifications",
        Some(json!({"email": "ada@example.com"})),
    );
    request.headers_mut().insert("accept-language", "de".parse().unwrap());
    assert_eq!(app.send(request).await.status, 202);
    app.deliver().await;
    assert_eq!(server.taken(1).await[0]["headers"]["subject"], "Bestätigen Sie Ihre E-Mail-Adresse");
}

#[tokio::test]
async fn a_server_that_wants_to_be_asked_again_is_asked_again() {
    let (app, server) = app().await;
    invite(&app, "greylisted").await;
    app.deliver().await;
    assert_eq!((server.mails().len(), app.outbox().await), (0, 1));
    app.clock.advance(TimeDelta::seconds(15));
    app.deliver().await;
    assert_eq!((server.taken(1).await.len(), app.outbox().await), (1, 0));
}

#[tokio::test]
async fn what_the_server_puts_off_for_a_day_is_given_up_and_holds_up_no_other() {
    let (app, server) = app().await;
    for name in ["deferred", "ada"] {
        invite(&app, name).await;
    }
    app.deliver().await;
    assert_eq!(recipients(&server.taken(1).await), ["ada@example.com"]);
    let mut attempts = 1;
    while app.outbox().await > 0 {
        app.minutes_pass(60);
        app.deliver().await;
        attempts += 1;
    }
    assert_eq!((attempts, server.mails().len()), (25, 1));
}

#[tokio::test]
async fn what_the_server_refuses_is_given_up_and_holds_up_no_other() {
    let (app, server) = app().await;
    for name in ["refused", "ada", "refused2", "grace"] {
        invite(&app, name).await;
    }
    app.deliver().await;
    assert_eq!(recipients(&server.taken(2).await), ["ada@example.com", "grace@example.com"]);
    assert_eq!(app.outbox().await, 0);
}

#[tokio::test]
async fn mails_that_a_server_refuses_keep_no_link_alive() {
    let (app, _server) = app().await;
    app.person("refused", &[]).await;
    let expires_at = "select cast(expires_at as char) from one_time_tokens where purpose = 'reset'";
    let mut ends = Vec::new();
    for _ in 0..5 {
        app.ask_for_reset("refused").await;
        app.deliver().await;
        ends.extend(app.database.values(expires_at).await);
        app.minutes_pass(16);
    }
    assert!(ends[..4].is_sorted_by(|earlier, later| earlier < later), "{ends:?}");
    assert_eq!(ends[3], ends[4], "as many as there may be mails in an hour have made it longer");
}

#[tokio::test]
async fn a_mail_whose_acknowledgement_is_lost_comes_again_and_is_the_same() {
    let (app, server) = app().await;
    invite(&app, "dropped").await;
    app.deliver().await;
    assert_eq!(app.outbox().await, 1);
    app.clock.advance(TimeDelta::seconds(15));
    app.deliver().await;
    let mails = server.taken(2).await;
    let [first, second] = &mails[..] else { panic!("{mails:?}") };
    for name in ["message-id", "date", "subject"] {
        assert_eq!(first["headers"][name], second["headers"][name]);
    }
    assert_eq!(first["plain"], second["plain"]);
}

#[tokio::test]
async fn without_a_server_the_mail_waits() {
    let (app, server) = app().await;
    drop(server);
    invite(&app, "ada").await;
    app.deliver().await;
    assert_eq!(app.outbox().await, 1);
}
