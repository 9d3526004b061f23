//! Signing in: who gets in, and what is told to whom does not.

use serde_json::json;

use crate::harness::accounts::{AccountsApp, OTHER_PASSWORD, PASSWORD, with_accounts_on_every_database};

with_accounts_on_every_database! {
    whoever_knows_the_password_gets_tokens,
    the_login_is_a_name_or_an_address_in_any_case,
    wrong_credentials_are_all_alike,
    a_disabled_user_is_told_so_after_the_right_password_only,
}

async fn whoever_knows_the_password_gets_tokens(app: AccountsApp) {
    let answer = app.try_sign_in("root", PASSWORD).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 900);
    assert_eq!(tokens["refresh_expires_in"], 14 * 24 * 3600);
    let path = format!("/users/{}/sessions/{}", tokens["user_id"], tokens["session_id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    let root = app.root().await;
    let account = root.get("/users/me/account").await.json();
    assert_eq!(
        account,
        json!({
            "user_id": root.user_id, "status": "active", "email_verified": true, "has_password": true, "roles": ["admin"],
            "password_changed_at": "2024-01-15T10:30:00", "last_signed_in_at": "2024-01-15T10:30:00",
        })
    );
}

async fn the_login_is_a_name_or_an_address_in_any_case(app: AccountsApp) {
    for login in ["root", "ROOT", "root@example.com", "Root@EXAMPLE.com"] {
        assert_eq!(app.try_sign_in(login, PASSWORD).await.status, 201, "{login}");
    }
    for login in ["röot", "root ", "root@example.com.", "root\u{300}"] {
        app.try_sign_in(login, PASSWORD).await.assert_problem(401, "invalid_credentials");
    }
}

async fn wrong_credentials_are_all_alike(app: AccountsApp) {
    let root = app.root().await;
    let body = json!({"username": "ada", "email": "ada@example.com"});
    assert_eq!(root.post("/users", body).await.status, 201);
    let mut answers = Vec::new();
    for (login, password) in
        [("root", OTHER_PASSWORD), ("nobody", OTHER_PASSWORD), ("ada", OTHER_PASSWORD), ("ada", "")]
    {
        let before = app.hashes();
        let answer = app.try_sign_in(login, password).await;
        assert_eq!(app.hashes() - before, 1, "{login}: one hash, whoever it is");
        let mut problem = answer.assert_problem(401, "invalid_credentials");
        problem["request_id"] = "any".into();
        answers.push(problem);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

async fn a_disabled_user_is_told_so_after_the_right_password_only(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let root = app.root().await;
    let path = ada.path("/account");
    let disabled = root.patch(&path, json!({"status": "disabled"})).await;
    assert_eq!((disabled.status.as_u16(), &disabled.json()["status"]), (200, &json!("disabled")));
    app.try_sign_in("ada", PASSWORD).await.assert_problem(403, "account_disabled");
    app.try_sign_in("ada", OTHER_PASSWORD).await.assert_problem(401, "invalid_credentials");
    ada.get("/users/me").await.assert_problem(401, "session_ended");
    assert_eq!(root.patch(&path, json!({"status": "active"})).await.status, 200);
    assert_eq!(app.try_sign_in("ada", PASSWORD).await.status, 201);
    ada.get("/users/me").await.assert_problem(401, "session_ended");
}
