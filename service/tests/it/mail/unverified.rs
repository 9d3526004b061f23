//! `SIGN_IN_UNVERIFIED=refuse`: signing in takes a proved address.

use users_service::config::Access;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, refresh, with_accounts_on_every_database,
};

with_accounts_on_every_database! {
    whoever_has_not_proved_the_address_is_told_so_after_the_right_password,
    a_session_that_was_begun_goes_on,
    a_reset_proves_the_address,
    the_administrator_of_the_command_signs_in,
}

/// The same app where one has to prove the address.
async fn refusing(app: AccountsApp) -> AccountsApp {
    app.configured(|application| {
        let Access::Tokens(access) = &mut application.access else { unreachable!() };
        access.sign_in_unverified = false;
    })
    .await
}

async fn whoever_has_not_proved_the_address_is_told_so_after_the_right_password(app: AccountsApp) {
    app.person("ada", &[]).await;
    let app = refusing(app).await;
    app.try_sign_in("ada", OTHER_PASSWORD).await.assert_problem(401, "invalid_credentials");
    app.try_sign_in("ada", PASSWORD).await.assert_problem(403, "email_not_verified");
    app.ask_for_verification("ada@example.com").await;
    assert_eq!(app.confirm_email(app.mail().await.token()).await.status, 204);
    app.sign_in("ada").await;
}

async fn a_session_that_was_begun_goes_on(app: AccountsApp) {
    let token = app.person("ada", &[]).await.refresh_token;
    let app = refusing(app).await;
    assert_eq!(refresh(&app, &token).await.status, 200);
}

async fn a_reset_proves_the_address(app: AccountsApp) {
    app.person("ada", &[]).await;
    let app = refusing(app).await;
    app.ask_for_reset("ada").await;
    assert_eq!(app.confirm_password(app.mail().await.token(), OTHER_PASSWORD).await.status, 204);
    assert_eq!(app.try_sign_in("ada", OTHER_PASSWORD).await.status, 201);
}

async fn the_administrator_of_the_command_signs_in(app: AccountsApp) {
    refusing(app).await.root().await;
}
