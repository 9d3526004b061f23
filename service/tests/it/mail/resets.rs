//! Setting a forgotten password by a link.

use std::net::Ipv4Addr;

use serde_json::json;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, PUBLIC_URL, with_accounts_on_every_database,
};

with_accounts_on_every_database! {
    whoever_opens_the_link_sets_a_password_and_proves_the_address,
    a_name_and_an_address_get_the_same_link,
    a_link_is_good_for_half_an_hour,
    asked_again_late_the_same_link_is_good_for_as_long_as_a_new_one,
    asked_again_early_the_link_is_good_for_as_long_as_it_was,
    whoever_gets_no_more_mails_has_no_link_that_lasts_longer,
    a_link_that_lasts_longer_works_once_and_ends_like_any_other,
    a_refused_password_leaves_the_link_as_good_as_it_was,
    somebody_without_a_password_gets_one,
    whoever_signed_up_with_anothers_address_keeps_no_way_in,
    the_call_takes_the_token_and_no_session,
}

async fn whoever_opens_the_link_sets_a_password_and_proves_the_address(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let answer = app.ask_for_reset("ADA").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
    let mail = app.mail().await;
    assert!(mail.link().starts_with(&format!("{PUBLIC_URL}/reset-password#uso_")), "{}", mail.link());
    assert_eq!(app.confirm_password(mail.token(), OTHER_PASSWORD).await.status, 204);
    ada.get("/users/me").await.assert_problem(401, "session_ended");
    app.try_sign_in("ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
    assert_eq!(app.try_sign_in("ada", OTHER_PASSWORD).await.status, 201);
    assert!(app.is_verified(ada.user_id).await);
    app.confirm_password(mail.token(), PASSWORD).await.assert_problem(401, "token_invalid");
    assert_eq!(app.mail().await.header("Subject"), "Your password was changed");
    // To an address that is proved, a mail may say the name.
    app.ask_for_reset("ada").await;
    assert!(app.mail().await.text.contains("Hello ada,"));
}

async fn a_name_and_an_address_get_the_same_link(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    let first = app.mail().await;
    app.ask_for_reset("Ada@Example.COM").await;
    assert_eq!(app.mail().await.link(), first.link());
}

async fn a_link_is_good_for_half_an_hour(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    let mail = app.mail().await;
    app.minutes_pass(30);
    app.confirm_password(mail.token(), OTHER_PASSWORD).await.assert_problem(401, "token_invalid");
}

async fn asked_again_late_the_same_link_is_good_for_as_long_as_a_new_one(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    let first = app.mail().await;
    app.minutes_pass(16);
    app.ask_for_reset("ada").await;
    let second = app.mail().await;
    assert_eq!(second.link(), first.link());
    assert!(second.text.contains("until 15 January 2024, 11:16 UTC"), "{}", second.text);
    app.minutes_pass(29);
    assert_eq!(app.confirm_password(first.token(), OTHER_PASSWORD).await.status, 204);
}

async fn asked_again_early_the_link_is_good_for_as_long_as_it_was(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    let first = app.mail().await;
    app.minutes_pass(14);
    app.ask_for_reset("ada").await;
    let second = app.mail().await;
    assert_eq!(second.link(), first.link());
    assert!(second.text.contains("until 15 January 2024, 11:00 UTC"), "{}", second.text);
    app.minutes_pass(16);
    app.confirm_password(first.token(), OTHER_PASSWORD).await.assert_problem(401, "token_invalid");
}

async fn whoever_gets_no_more_mails_has_no_link_that_lasts_longer(app: AccountsApp) {
    app.person("ada", &[]).await;
    for _ in 0..3 {
        app.ask_for_reset("ada").await;
    }
    let mails = app.deliver().await;
    app.minutes_pass(16);
    app.ask_for_reset("ada").await;
    assert!(app.deliver().await.is_empty());
    app.minutes_pass(14);
    app.confirm_password(mails[0].token(), OTHER_PASSWORD).await.assert_problem(401, "token_invalid");
}

async fn a_link_that_lasts_longer_works_once_and_ends_like_any_other(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let prolonged = async || {
        app.ask_for_reset("ada").await;
        app.mail().await;
        app.minutes_pass(20);
        app.ask_for_reset("ada").await;
        let mail = app.mail().await;
        app.minutes_pass(20);
        mail
    };
    let mail = prolonged().await;
    let token = mail.token();
    assert_eq!(app.confirm_password(token, OTHER_PASSWORD).await.status, 204);
    app.confirm_password(token, PASSWORD).await.assert_problem(401, "token_invalid");
    app.deliver().await;
    app.minutes_pass(60);
    let mail = prolonged().await;
    let body = json!({"email": "ada@example.org"});
    assert_eq!(app.root().await.put(&ada.path(""), body).await.status, 200);
    app.confirm_password(mail.token(), PASSWORD).await.assert_problem(401, "token_invalid");
}

async fn a_refused_password_leaves_the_link_as_good_as_it_was(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_reset("ada").await;
    let mail = app.mail().await;
    app.confirm_password(mail.token(), "short").await.assert_field_errors(&[("password", "too_short")]);
    assert_eq!(app.confirm_password(mail.token(), OTHER_PASSWORD).await.status, 204);
}

async fn somebody_without_a_password_gets_one(app: AccountsApp) {
    let body = json!({"username": "ada", "email": "ada@example.com"});
    assert_eq!(app.root().await.post("/users", body).await.status, 201);
    app.ask_for_reset("ada").await;
    assert_eq!(app.confirm_password(app.mail().await.token(), PASSWORD).await.status, 204);
    app.sign_in("ada").await;
}

async fn whoever_signed_up_with_anothers_address_keeps_no_way_in(app: AccountsApp) {
    // A stranger signs in, and asks for links and reads none of them.
    let stranger = app.person("ada", &[]).await;
    let elsewhere = Ipv4Addr::new(192, 0, 2, 66).into();
    assert_eq!(app.sign_in_from(elsewhere, "ada", PASSWORD).await.status, 201);
    app.ask_for_verification("ada@example.com").await;
    let verification = app.mail().await;
    assert_eq!(
        app.database
            .values("select cast(user_id as char) from known_addresses where user_id = 2")
            .await
            .len(),
        2
    );
    // The owner of the address does.
    app.ask_for_reset("ada@example.com").await;
    let reset = app.mail().await;
    assert_eq!(app.confirm_password(reset.token(), OTHER_PASSWORD).await.status, 204);
    stranger.get("/users/me").await.assert_problem(401, "session_ended");
    let refreshed = crate::harness::accounts::refresh(&app, &stranger.refresh_token).await;
    refreshed.assert_problem(401, "session_ended");
    app.try_sign_in("ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
    app.confirm_email(verification.token()).await.assert_problem(401, "token_invalid");
    let left = app.database.values("select purpose from one_time_tokens where user_id = 2").await;
    assert!(left.is_empty(), "{left:?}");
    let known =
        app.database.values("select cast(user_id as char) from known_addresses where user_id = 2").await;
    assert_eq!(known.len(), 1, "that of the owner is known, and that of the stranger no more");
}

async fn the_call_takes_the_token_and_no_session(app: AccountsApp) {
    app.person("ada", &[]).await;
    let eve = app.person("eve", &[]).await;
    app.ask_for_reset("ada").await;
    let mail = app.mail().await;
    let body = json!({"token": mail.token(), "password": OTHER_PASSWORD});
    assert_eq!(eve.post("/passwords/confirm", body).await.status, 204);
    assert_eq!(eve.get("/users/me").await.status, 200);
    app.sign_in("eve").await;
    assert_eq!(app.try_sign_in("ada", OTHER_PASSWORD).await.status, 201);
}
