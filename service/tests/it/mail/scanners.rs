//! What a program does that opens every link of a mail before its reader.

use axum::http::Method;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, PUBLIC_URL, with_accounts_on_every_database,
};
use crate::harness::mail::Mail;

with_accounts_on_every_database! {
    a_link_works_after_a_scanner_has_opened_it,
}

/// Opens the link, as it is and with the token where a server sees it, and whatever the page leads to.
async fn scan(app: &AccountsApp, mail: &Mail, call: &str) {
    let link = mail.link().strip_prefix(PUBLIC_URL).unwrap();
    let (page, token) = link.split_once('#').unwrap();
    for path in [
        page.to_owned(),
        format!("{page}?{token}"),
        format!("{page}?token={token}"),
        format!("{page}/{token}"),
        "/link-page/script.js".to_owned(),
        format!("/{call}"),
        format!("/{call}?token={token}&password=a%20scanner%20guesses%20it"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            app.call(method, &path, None).await;
        }
    }
}

async fn a_link_works_after_a_scanner_has_opened_it(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let verification = app.mail().await;
    scan(&app, &verification, "email-verifications/confirm").await;
    assert!(!app.is_verified(ada.user_id).await);
    assert_eq!(app.confirm_email(verification.token()).await.status, 204);
    app.ask_for_reset("ada").await;
    let reset = app.mail().await;
    scan(&app, &reset, "passwords/confirm").await;
    assert_eq!(app.try_sign_in("ada", PASSWORD).await.status, 201);
    assert_eq!(ada.get("/users/me").await.status, 200, "no session has ended");
    assert_eq!(app.confirm_password(reset.token(), OTHER_PASSWORD).await.status, 204);
}
