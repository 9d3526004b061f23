//! Addresses that mails have come back from: no further mail goes there.

use axum::http::Method;
use serde_json::{Value, json};
use users_service::clock::Clock;
use users_service::worker::{Outcome, handle};

use crate::harness::accounts::{AccountsApp, PASSWORD, with_accounts_on_every_database};

with_accounts_on_every_database! {
    after_a_bounce_for_good_no_mail_goes_there,
    after_a_complaint_no_mail_goes_there,
    a_bounce_that_passes_stops_nothing,
    the_case_of_ascii_letters_makes_no_other_address,
    an_address_is_none_of_somebody_like_it,
    the_mark_is_of_the_address_whosever_it_comes_to_be,
    another_address_is_another_matter,
    notices_are_stopped_too,
    whoever_proves_the_address_gets_mails_again,
    a_late_event_of_a_mail_before_the_proof_stops_nothing,
    whoever_is_invited_gets_mails_again,
    the_mark_outlives_the_user,
}

/// What the database holds of ada@example.com.
pub(crate) const SHA256_OF_ADA: &str = "b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72";

/// An event of Amazon SES that a mail has come back.
pub(crate) fn bounce(kind: &str, address: &str) -> Value {
    let recipient = json!({"emailAddress": address, "action": "failed", "status": "5.1.1"});
    let bounce = json!({"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": [recipient]});
    json!({"version": "0", "detail-type": "Email Bounced", "source": "aws.ses", "account": "123456789012",
           "detail": {"eventType": "Bounce", "bounce": bounce,
                      "mail": {"messageId": "0100018c", "destination": [address]}}})
}

/// An event of Amazon SES that somebody has complained.
fn complaint(address: &str) -> Value {
    let complaint =
        json!({"complainedRecipients": [{"emailAddress": address}], "complaintFeedbackType": "abuse"});
    json!({"version": "0", "detail-type": "Email Complaint Received", "source": "aws.ses",
           "detail": {"eventType": "Complaint", "complaint": complaint, "mail": {"destination": [address]}}})
}

/// Lets the worker know, and returns how many addresses were marked.
async fn tell(app: &AccountsApp, event: Value) -> usize {
    match handle(&app.state, event, None).await.unwrap() {
        Outcome::Undeliverable { undeliverable } => undeliverable,
        jobs @ Outcome::Jobs { .. } => panic!("{jobs:?}"),
    }
}

/// Whether a link to set a password is sent; the answer is the same.
async fn gets_mail(app: &AccountsApp, login: &str) -> bool {
    assert_eq!(app.ask_for_reset(login).await.status, 202);
    let mails = app.deliver().await;
    assert_eq!(app.outbox().await, 0);
    !mails.is_empty()
}

async fn after_a_bounce_for_good_no_mail_goes_there(app: AccountsApp) {
    for name in ["ada", "grace"] {
        app.person(name, &[]).await;
    }
    assert!(gets_mail(&app, "ada").await);
    assert_eq!(tell(&app, bounce("Permanent", "ada@example.com")).await, 1);
    assert!(!gets_mail(&app, "ada").await);
    assert!(gets_mail(&app, "grace").await);
    assert_eq!(tell(&app, bounce("Permanent", "ada@example.com")).await, 1, "again");
}

async fn after_a_complaint_no_mail_goes_there(app: AccountsApp) {
    app.person("ada", &[]).await;
    assert_eq!(tell(&app, complaint("ada@example.com")).await, 1);
    assert!(!gets_mail(&app, "ada").await);
    let marked = "select concat(lower(hex(address_hash)), ' ', reason) from undeliverable_address_hashes";
    assert_eq!(app.database.values(marked).await, [format!("{SHA256_OF_ADA} complaint")]);
}

async fn a_bounce_that_passes_stops_nothing(app: AccountsApp) {
    app.person("ada", &[]).await;
    for kind in ["Transient", "Undetermined"] {
        assert_eq!(tell(&app, bounce(kind, "ada@example.com")).await, 0);
    }
    assert!(gets_mail(&app, "ada").await);
}

async fn the_case_of_ascii_letters_makes_no_other_address(app: AccountsApp) {
    app.person("ada", &[]).await;
    assert_eq!(tell(&app, bounce("Permanent", "ADA@Example.COM")).await, 1);
    assert!(!gets_mail(&app, "ada").await);
}

async fn an_address_is_none_of_somebody_like_it(app: AccountsApp) {
    app.person("ada", &[]).await;
    // A name, and no addresses at all.
    for address in ["ada", "", &"x@".repeat(500)] {
        assert_eq!(tell(&app, bounce("Permanent", address)).await, 0, "{address}");
    }
    // Equal by the collation of the server.
    tell(&app, bounce("Permanent", "àda@example.com")).await;
    assert!(gets_mail(&app, "ada").await);
}

async fn the_mark_is_of_the_address_whosever_it_comes_to_be(app: AccountsApp) {
    assert_eq!(tell(&app, bounce("Permanent", "ada@bücher.example")).await, 1);
    let (root, grace) = (app.root().await, app.person("grace", &[]).await);
    let changed = root.put(&grace.path(""), json!({"email": "Ada@xn--bcher-kva.example"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert!(!gets_mail(&app, "grace").await);
    let linus = json!({"username": "linus", "email": "linus@example.com", "password": PASSWORD});
    tell(&app, bounce("Permanent", "linus@example.com")).await;
    assert_eq!(root.post("/users", linus).await.status, 201);
    assert!(!gets_mail(&app, "linus").await);
}

async fn another_address_is_another_matter(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    tell(&app, bounce("Permanent", "ada@example.com")).await;
    for (email, expected) in [("ada@new.example", true), ("ada@example.com", false)] {
        let changed = app.root().await.put(&ada.path(""), json!({"email": email})).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert_eq!(gets_mail(&app, "ada").await, expected, "{email}");
        // Past the limits of a recipient.
        app.minutes_pass(60);
    }
}

async fn notices_are_stopped_too(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let token = app.mail().await.token().to_owned();
    assert_eq!(app.confirm_email(&token).await.status, 204);
    app.minutes_pass(1);
    tell(&app, bounce("Permanent", "ada@example.com")).await;
    let body = json!({"current_password": PASSWORD, "password": "seven lanterns in fog"});
    let changed = ada.put(&ada.path("/password"), body).await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    assert_eq!(app.outbox().await, 1);
    assert!(app.deliver().await.is_empty());
    assert_eq!(app.outbox().await, 0);
}

async fn whoever_proves_the_address_gets_mails_again(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let token = app.mail().await.token().to_owned();
    tell(&app, bounce("Permanent", "ada@example.com")).await;
    assert!(!gets_mail(&app, "ada").await);
    app.minutes_pass(1);
    assert_eq!(app.confirm_email(&token).await.status, 204);
    assert!(gets_mail(&app, "ada").await);
    app.minutes_pass(1);
    tell(&app, bounce("Permanent", "ada@example.com")).await;
    assert!(!gets_mail(&app, "ada").await, "it came back after it was proved");
}

async fn a_late_event_of_a_mail_before_the_proof_stops_nothing(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let token = app.mail().await.token().to_owned();
    let mut event = bounce("Permanent", "ada@example.com");
    event["detail"]["mail"]["timestamp"] = json!(app.clock.now().to_rfc3339());
    app.minutes_pass(1);
    assert_eq!(app.confirm_email(&token).await.status, 204);
    app.minutes_pass(1);
    tell(&app, event.clone()).await;
    assert!(gets_mail(&app, "ada").await);
    for timestamp in ["2999-01-01T00:00:00.000Z", "yesterday"] {
        event["detail"]["mail"]["timestamp"] = json!(timestamp);
        tell(&app, event.clone()).await;
        assert!(!gets_mail(&app, "ada").await, "{timestamp}");
    }
}

async fn whoever_is_invited_gets_mails_again(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    tell(&app, bounce("Permanent", "ada@example.com")).await;
    let invited = app.root().await.call(Method::POST, &ada.path("/invitation"), None).await;
    assert_eq!(invited.status, 202, "{}", invited.text());
    assert_eq!(app.mail().await.header("To"), "ada@example.com");
    assert!(gets_mail(&app, "ada").await);
}

async fn the_mark_outlives_the_user(app: AccountsApp) {
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    tell(&app, bounce("Permanent", "ada@example.com")).await;
    assert_eq!(root.delete(&ada.path("")).await.status, 204);
    let again = app.person("ada", &[]).await;
    assert!(!gets_mail(&app, "ada").await);
    assert_eq!(root.call(Method::POST, &again.path("/invitation"), None).await.status, 202);
    assert_eq!(app.mail().await.header("To"), "ada@example.com");
    assert!(gets_mail(&app, "ada").await);
}
