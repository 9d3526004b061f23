//! Proving an address by a link.

use axum::http::Method;
use serde_json::json;

use crate::harness::accounts::{AccountsApp, PUBLIC_URL, with_accounts_on_every_database};

with_accounts_on_every_database! {
    whoever_opens_the_link_has_proved_the_address,
    the_proof_is_of_one_address,
    an_address_that_differs_in_case_is_the_same,
    a_token_works_once_of_many_at_once,
    asked_again_the_same_link_is_sent,
    a_link_is_good_for_a_day,
    a_link_proves_nothing_once_the_address_has_changed,
    a_token_for_something_else_proves_nothing,
    an_administrator_that_the_command_makes_counts_as_proved,
    an_address_with_an_international_domain_is_written_to,
    a_mail_is_in_the_language_that_was_asked_for,
}

async fn whoever_opens_the_link_has_proved_the_address(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    assert!(!app.is_verified(ada.user_id).await);
    let answer = app.ask_for_verification("ADA@example.com").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
    let mail = app.mail().await;
    assert_eq!(mail.header("To"), "ada@example.com");
    assert_eq!(mail.header("From"), "Users <no-reply@users.example>");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert!(mail.link().starts_with(&format!("{PUBLIC_URL}/verify-email#uso_")), "{}", mail.link());
    assert!(!mail.text.contains("Hello ada"), "it says nothing that its user chose: {}", mail.text);
    let answer = app.confirm_email(mail.token()).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (204, ""));
    assert!(app.is_verified(ada.user_id).await);
    assert_eq!(ada.get("/users/me").await.status, 200, "no session ends");
    app.confirm_email(mail.token()).await.assert_problem(401, "token_invalid");
    assert_eq!(app.ask_for_verification("ada@example.com").await.status, 202);
    assert!(app.deliver().await.is_empty(), "it is proved already");
}

async fn the_proof_is_of_one_address(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    app.confirm_email(app.mail().await.token()).await;
    for (email, is_verified) in [("ada@example.org", false), ("ada@example.com", true)] {
        assert_eq!(ada.put("/users/me", json!({"email": email})).await.status, 200);
        assert_eq!(app.is_verified(ada.user_id).await, is_verified, "{email}");
    }
    // By another program, too.
    app.database.execute("update users set email = 'adá@example.com' where username = 'ada'").await;
    assert!(!app.is_verified(ada.user_id).await);
}

async fn an_address_that_differs_in_case_is_the_same(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let mail = app.mail().await;
    assert_eq!(ada.put("/users/me", json!({"email": "Ada@Example.com"})).await.status, 200);
    assert_eq!(app.confirm_email(mail.token()).await.status, 204);
    assert!(app.is_verified(ada.user_id).await);
    assert_eq!(ada.put("/users/me", json!({"email": "ADA@example.com"})).await.status, 200);
    assert!(app.is_verified(ada.user_id).await);
}

async fn a_token_works_once_of_many_at_once(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let token = app.mail().await.token().to_owned();
    let request = || {
        let body = json!({"token": token});
        crate::harness::accounts::call(Method::POST, "/email-verifications/confirm", Some(body))
    };
    let answers = app.at_once((0..8).map(|_| request())).await;
    let good = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(good, 1);
    for answer in answers.iter().filter(|answer| answer.status != 204) {
        answer.assert_problem(401, "token_invalid");
    }
}

async fn asked_again_the_same_link_is_sent(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let first = app.mail().await;
    app.minutes_pass(23 * 60);
    app.ask_for_verification("ada@example.com").await;
    let second = app.mail().await;
    assert_eq!(first.link(), second.link());
    assert_ne!(first.header("Message-ID"), second.header("Message-ID"));
}

async fn a_link_is_good_for_a_day(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let old = app.mail().await;
    app.minutes_pass(24 * 60);
    app.confirm_email(old.token()).await.assert_problem(401, "token_invalid");
    app.ask_for_verification("ada@example.com").await;
    let new = app.mail().await;
    assert_ne!(old.link(), new.link());
    app.confirm_email(old.token()).await.assert_problem(401, "token_invalid");
    assert_eq!(app.confirm_email(new.token()).await.status, 204);
}

async fn a_link_proves_nothing_once_the_address_has_changed(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let mail = app.mail().await;
    for email in ["ada@example.org", "ada@example.com"] {
        assert_eq!(ada.put("/users/me", json!({"email": email})).await.status, 200);
        app.confirm_email(mail.token()).await.assert_problem(401, "token_invalid");
    }
    // Changed by another program, which ends no token. The two are equal under the collation.
    app.ask_for_verification("ada@example.com").await;
    let mail = app.mail().await;
    for email in ["eve@example.com", "adá@example.com"] {
        app.database.execute(&format!("update users set email = '{email}' where username = 'ada'")).await;
        app.confirm_email(mail.token()).await.assert_problem(401, "token_invalid");
    }
    assert!(!app.is_verified(ada.user_id).await);
}

async fn a_token_for_something_else_proves_nothing(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    let reset = app.mail().await;
    for token in [reset.token(), "uso_", "", "x"] {
        app.confirm_email(token).await.assert_problem(401, "token_invalid");
    }
    app.ask_for_verification("ada@example.com").await;
    let verification = app.mail().await;
    let answer = app.confirm_password(verification.token(), "seven lanterns in fog").await;
    answer.assert_problem(401, "token_invalid");
    assert_eq!(app.confirm_email(verification.token()).await.status, 204);
}

async fn an_administrator_that_the_command_makes_counts_as_proved(app: AccountsApp) {
    let root = app.root().await;
    assert!(app.is_verified(root.user_id).await);
    assert_eq!(app.ask_for_verification("root@example.com").await.status, 202);
    assert!(app.deliver().await.is_empty());
}

async fn an_address_with_an_international_domain_is_written_to(app: AccountsApp) {
    app.person("ada", &[]).await;
    // As another program may have written it.
    app.database.execute("update users set email = 'ada@münchen.de' where username = 'ada'").await;
    app.ask_for_verification("ada@xn--mnchen-3ya.de").await;
    let mail = app.mail().await;
    assert_eq!(mail.header("To"), "ada@xn--mnchen-3ya.de");
    assert_eq!(app.confirm_email(mail.token()).await.status, 204);
}

async fn a_mail_is_in_the_language_that_was_asked_for(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset_in("de-AT, en;q=0.5", "ada").await;
    let mail = app.mail().await;
    assert!(mail.text.contains("Neues Passwort festlegen"), "{}", mail.text);
    assert_eq!(app.confirm_password(mail.token(), "seven lanterns in fog").await.status, 204);
}
