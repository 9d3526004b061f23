//! What somebody cannot do who has stolen a token.

use std::net::Ipv4Addr;

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;
use users_service::clock::Clock;
use users_service::http::Peer;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, refresh, with_accounts_on_every_database,
};

with_accounts_on_every_database! {
    a_stolen_token_guesses_no_more_passwords_by_renaming_the_user,
    whoever_signs_in_anew_can_change_the_password_whatever_a_thief_has_tried,
    the_row_of_an_ended_session_is_kept_for_a_day,
}

async fn a_stolen_token_guesses_no_more_passwords_by_renaming_the_user(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let guess = json!({"current_password": "not the password of ada", "password": OTHER_PASSWORD});
    for round in 0..10 {
        assert_eq!(ada.put("/users/me", json!({"username": format!("ada{round}")})).await.status, 200);
        ada.put("/users/me/password", guess.clone()).await.assert_problem(403, "wrong_password");
    }
    assert_eq!(ada.put("/users/me", json!({"username": "ada"})).await.status, 200);
    ada.put("/users/me/password", guess).await.assert_problem(429, "too_many_attempts");
    app.clock.advance(TimeDelta::minutes(14));
    let mut ada = ada;
    ada.refresh().await;
    let right = json!({"current_password": PASSWORD, "password": OTHER_PASSWORD});
    assert_eq!(ada.put("/users/me/password", right).await.status, 204);
}

/// The thief is elsewhere: what is tried from one address counts for the account there, whatever its name.
async fn whoever_signs_in_anew_can_change_the_password_whatever_a_thief_has_tried(app: AccountsApp) {
    let thief = app.person("ada", &[]).await;
    let guess = async || {
        let body = json!({"current_password": "not the password of ada", "password": OTHER_PASSWORD});
        let mut request = thief.request(Method::PUT, "/users/me/password", Some(body));
        request.extensions_mut().insert(Peer(Ipv4Addr::new(198, 51, 100, 7).into()));
        app.send(request).await
    };
    for round in (0..10).rev() {
        assert_eq!(thief.put("/users/me", json!({"username": format!("ada{round}")})).await.status, 200);
        guess().await.assert_problem(403, "wrong_password");
    }
    guess().await.assert_problem(429, "too_many_attempts");
    let owner = app.sign_in("ada@example.com").await;
    let right = json!({"current_password": PASSWORD, "password": OTHER_PASSWORD});
    assert_eq!(owner.put("/users/me/password", right).await.status, 204);
    thief.get("/users/me").await.assert_problem(401, "session_ended");
}

async fn the_row_of_an_ended_session_is_kept_for_a_day(app: AccountsApp) {
    let root = app.root().await;
    assert_eq!(root.delete("/sessions/current").await.status, 204);
    app.clock.advance(TimeDelta::hours(24));
    users_service::sessions::delete_expired(&app.state.database, app.clock.now()).await.unwrap();
    refresh(&app, &root.refresh_token).await.assert_problem(401, "session_ended");
    app.clock.advance(TimeDelta::seconds(1));
    users_service::sessions::delete_expired(&app.state.database, app.clock.now()).await.unwrap();
    refresh(&app, &root.refresh_token).await.assert_problem(401, "token_invalid");
}
