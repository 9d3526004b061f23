//! Updating users: a field that is left out keeps its value, `null` clears it, a value replaces it.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::test_app::{TestApp, on_every_database};

on_every_database! {
    every_field_can_be_changed,
    a_field_that_is_left_out_keeps_its_value,
    null_clears_the_full_name,
    a_cleared_full_name_can_be_set_again,
    null_is_refused_where_a_value_must_be,
    an_update_without_changes_shows_the_user,
    an_update_to_the_same_values_succeeds,
    a_user_may_change_the_case_of_its_own_name,
    a_name_of_another_user_is_a_conflict,
    a_refused_update_changes_nothing,
    the_client_cannot_change_what_the_service_gives,
    of_sixteen_updates_to_one_name_one_wins,
    updates_of_one_user_at_once_all_succeed,
}

async fn every_field_can_be_changed(app: TestApp) {
    let path = app.user("ada").await;
    let body = json!({"username": "Countess", "email": "c@example.org", "full_name": "Ada Lovelace"});
    let changed = app.put(&path, body).await;
    assert_eq!(changed.status, 200);
    assert_eq!(
        changed.text(),
        r#"{"user_id":1,"username":"Countess","email":"c@example.org","full_name":"Ada Lovelace","created_at":"2024-01-15T10:30:00"}"#
    );
    assert_eq!(app.get(&path).await.text(), changed.text());
    assert_eq!(app.put("/users/1/", json!({"full_name": "Ada"})).await.status, 200);
}

async fn a_field_that_is_left_out_keeps_its_value(app: TestApp) {
    let path = app.user("ada").await;
    app.put(&path, json!({"full_name": "Ada"})).await;
    app.put(&path, json!({"email": "new@example.com"})).await;
    let user = app.put(&path, json!({"username": "adele"})).await.json();
    assert_eq!(user["username"], "adele");
    assert_eq!(user["email"], "new@example.com");
    assert_eq!(user["full_name"], "Ada");
}

async fn null_clears_the_full_name(app: TestApp) {
    let path = app.user("ada").await;
    app.put(&path, json!({"full_name": "Ada"})).await;
    assert_eq!(app.put(&path, json!({"full_name": null})).await.json()["full_name"], json!(null));
    assert_eq!(app.get(&path).await.json()["full_name"], json!(null));
}

async fn a_cleared_full_name_can_be_set_again(app: TestApp) {
    let path = app.user("ada").await;
    app.put(&path, json!({"full_name": null})).await;
    assert_eq!(app.put(&path, json!({"full_name": "Ada 😀"})).await.json()["full_name"], "Ada 😀");
}

async fn null_is_refused_where_a_value_must_be(app: TestApp) {
    let path = app.user("ada").await;
    let refused = app.put(&path, json!({"username": null, "email": null, "full_name": null})).await;
    refused.assert_field_errors(&[("username", "null"), ("email", "null")]);
}

async fn an_update_without_changes_shows_the_user(app: TestApp) {
    let path = app.user("ada").await;
    let shown = app.get(&path).await;
    assert_eq!(app.put(&path, json!({})).await.text(), shown.text());
    assert_eq!(app.put(&path, json!({"nickname": "x"})).await.text(), shown.text());
}

async fn an_update_to_the_same_values_succeeds(app: TestApp) {
    let path = app.user("ada").await;
    let same = json!({"username": "ada", "email": "ada@example.com", "full_name": null});
    assert_eq!(app.put(&path, same).await.text(), app.get(&path).await.text());
}

async fn a_user_may_change_the_case_of_its_own_name(app: TestApp) {
    let path = app.user("ada").await;
    let changed = app.put(&path, json!({"username": "ADA", "email": "ADA@example.com"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let user = app.get(&path).await.json();
    assert_eq!((user["username"].as_str(), user["email"].as_str()), (Some("ADA"), Some("ADA@example.com")));
}

async fn a_name_of_another_user_is_a_conflict(app: TestApp) {
    app.user("ada").await;
    let path = app.user("bob").await;
    for (changes, field) in [
        (json!({"username": "ada"}), "username"),
        (json!({"username": "ADA"}), "username"),
        (json!({"email": "ada@example.com"}), "email"),
        (json!({"email": "ADA@EXAMPLE.COM"}), "email"),
    ] {
        let problem = app.put(&path, changes).await.assert_problem(409, &format!("{field}_taken"));
        assert_eq!(problem["errors"][0]["field"], field);
    }
}

async fn a_refused_update_changes_nothing(app: TestApp) {
    app.user("ada").await;
    let path = app.user("bob").await;
    let before = app.get(&path).await;
    app.put(&path, json!({"full_name": "Bob", "username": "ada"}))
        .await
        .assert_problem(409, "username_taken");
    app.put(&path, json!({"full_name": "Bob", "email": "x"}))
        .await
        .assert_field_errors(&[("email", "invalid_format")]);
    assert_eq!(app.get(&path).await.text(), before.text());
}

async fn the_client_cannot_change_what_the_service_gives(app: TestApp) {
    let path = app.user("ada").await;
    let changes = json!({"user_id": 9, "created_at": "1999-01-01T00:00:00", "full_name": "Ada"});
    assert_eq!(
        app.put(&path, changes).await.text(),
        r#"{"user_id":1,"username":"ada","email":"ada@example.com","full_name":"Ada","created_at":"2024-01-15T10:30:00"}"#
    );
}

async fn of_sixteen_updates_to_one_name_one_wins(app: TestApp) {
    let app = Arc::new(app);
    let mut requests = JoinSet::new();
    for number in 0..16 {
        let path = app.user(&format!("user{number}")).await;
        let app = Arc::clone(&app);
        requests.spawn(async move { app.put(&path, json!({"username": "winner"})).await });
    }
    let answers = requests.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.assert_problem(409, "username_taken");
    }
}

async fn updates_of_one_user_at_once_all_succeed(app: TestApp) {
    let path = app.user("ada").await;
    let app = Arc::new(app);
    let mut requests = JoinSet::new();
    for number in 0..16 {
        let (app, path) = (Arc::clone(&app), path.clone());
        requests.spawn(async move {
            let name = format!("Ada {number}");
            let changed = app.put(&path, json!({"full_name": name})).await;
            assert_eq!(changed.status, 200, "{}", changed.text());
            // An answer shows the user as its own request left it.
            assert_eq!(changed.json()["full_name"], *name);
        });
    }
    requests.join_all().await;
}
