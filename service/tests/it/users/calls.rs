//! Adding, showing and removing users.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::test_app::{TestApp, on_every_database};

on_every_database! {
    a_new_user_is_answered_with_all_fields_in_order,
    a_full_name_may_be_left_out_or_be_null,
    a_user_is_shown,
    a_deleted_user_is_gone,
    an_id_is_never_given_twice,
    a_username_keeps_its_case,
    an_email_keeps_its_local_part,
    an_international_domain_is_stored_in_ascii,
    a_full_name_of_any_script_survives,
    outer_blanks_of_a_full_name_are_trimmed,
    the_longest_values_fit,
    the_client_cannot_choose_what_the_service_gives,
    a_taken_username_is_a_conflict,
    a_taken_email_is_a_conflict,
    of_two_taken_values_the_username_is_named,
    case_makes_no_second_user,
    one_domain_in_two_spellings_is_one_domain,
    of_sixteen_equal_creates_at_once_one_wins,
    of_sixteen_creates_with_one_email_one_wins,
    a_name_is_free_again_once_its_user_is_deleted,
    an_unknown_id_is_not_found,
}

async fn a_new_user_is_answered_with_all_fields_in_order(app: TestApp) {
    let body = json!({"username": "john_doe", "email": "john@example.com", "full_name": "John Doe"});
    let created = app.post("/users", body).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), "/users/1");
    assert_eq!(created.header("content-type"), "application/json");
    assert_eq!(
        created.text(),
        r#"{"user_id":1,"username":"john_doe","email":"john@example.com","full_name":"John Doe","created_at":"2024-01-15T10:30:00"}"#
    );
    assert_eq!(app.get("/users/1").await.text(), created.text());
}

async fn a_full_name_may_be_left_out_or_be_null(app: TestApp) {
    let left_out = app.post("/users", json!({"username": "ada", "email": "ada@example.com"})).await;
    let null =
        app.post("/users", json!({"username": "bob", "email": "bob@example.com", "full_name": null})).await;
    assert_eq!(
        left_out.text(),
        r#"{"user_id":1,"username":"ada","email":"ada@example.com","full_name":null,"created_at":"2024-01-15T10:30:00"}"#
    );
    assert_eq!(null.status, 201);
    assert_eq!(app.get("/users/2").await.json()["full_name"], json!(null));
}

async fn a_user_is_shown(app: TestApp) {
    let path = app.user("ada").await;
    let shown = app.get(&path).await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.header("content-type"), "application/json");
    assert_eq!(app.get(&format!("{path}/")).await.text(), shown.text());
}

async fn a_deleted_user_is_gone(app: TestApp) {
    let path = app.user("ada").await;
    let deleted = app.delete(&path).await;
    assert_eq!(deleted.status, 204);
    assert!(deleted.body.is_empty());
    assert_eq!(deleted.header("content-type"), "");
    app.get(&path).await.assert_problem(404, "user_not_found");
    app.delete(&path).await.assert_problem(404, "user_not_found");
    assert_eq!(app.listed("/users").await, (vec![], 0));
}

async fn an_id_is_never_given_twice(app: TestApp) {
    let first = app.user("ada").await;
    app.delete(&first).await;
    assert_ne!(app.user("ada").await, first);
}

async fn a_username_keeps_its_case(app: TestApp) {
    let path = app.user("Ada_Lovelace").await;
    assert_eq!(app.get(&path).await.json()["username"], "Ada_Lovelace");
}

async fn an_email_keeps_its_local_part(app: TestApp) {
    let body = json!({"username": "ada", "email": "Ada.L+news@Example.COM"});
    assert_eq!(app.post("/users", body).await.json()["email"], "Ada.L+news@example.com");
}

async fn an_international_domain_is_stored_in_ascii(app: TestApp) {
    let created = app.post("/users", json!({"username": "ada", "email": "ada@MÜNCHEN.de"})).await;
    assert_eq!(created.json()["email"], "ada@xn--mnchen-3ya.de");
    assert_eq!(app.get("/users/1").await.json()["email"], "ada@xn--mnchen-3ya.de");
}

async fn a_full_name_of_any_script_survives(app: TestApp) {
    let names = ["O'Brien \"Bob\" \\ %s", "李小龙", "محمد", "👩‍🚀 Ada 🏳️‍🌈", "Ame\u{301}lie", "𝒜𝒹𝒶"];
    for (number, name) in names.iter().enumerate() {
        let username = format!("user{number}");
        let body =
            json!({"username": username, "email": format!("{username}@example.com"), "full_name": name});
        let created = app.post("/users", body).await;
        assert_eq!(created.status, 201, "{}", created.text());
        assert_eq!(app.get(created.header("location")).await.json()["full_name"], *name);
    }
}

async fn outer_blanks_of_a_full_name_are_trimmed(app: TestApp) {
    let body = json!({"username": "ada", "email": "ada@example.com", "full_name": "  Ada  Lovelace\u{a0}"});
    app.post("/users", body).await;
    assert_eq!(app.get("/users/1").await.json()["full_name"], "Ada  Lovelace");
}

async fn the_longest_values_fit(app: TestApp) {
    let username = "u".repeat(50);
    let email = format!("{}@{}.example.com", "e".repeat(64), "d".repeat(23));
    assert_eq!(email.len(), 100);
    let full_name = "😀".repeat(100);
    let body = json!({"username": username, "email": email, "full_name": full_name});
    assert_eq!(app.post("/users", body).await.status, 201);
    let user = app.get("/users/1").await.json();
    assert_eq!(user["username"], username);
    assert_eq!(user["email"], email);
    assert_eq!(user["full_name"], full_name);
}

async fn the_client_cannot_choose_what_the_service_gives(app: TestApp) {
    let body = json!({"username": "ada", "email": "ada@example.com", "user_id": 77,
                      "created_at": "1999-01-01T00:00:00", "is_admin": true});
    let created = app.post("/users", body).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        app.get("/users/1").await.text(),
        r#"{"user_id":1,"username":"ada","email":"ada@example.com","full_name":null,"created_at":"2024-01-15T10:30:00"}"#
    );
}

async fn a_taken_username_is_a_conflict(app: TestApp) {
    app.user("ada").await;
    let refused = app.post("/users", json!({"username": "ada", "email": "other@example.com"})).await;
    let problem = refused.assert_problem(409, "username_taken");
    assert_eq!(problem["detail"], "Username already exists");
    assert_eq!(problem["errors"][0]["field"], "username");
    assert_eq!(problem["errors"][0]["code"], "taken");
}

async fn a_taken_email_is_a_conflict(app: TestApp) {
    app.user("ada").await;
    let refused = app.post("/users", json!({"username": "other", "email": "ada@example.com"})).await;
    let problem = refused.assert_problem(409, "email_taken");
    assert_eq!(problem["detail"], "Email already exists");
    assert_eq!(problem["errors"][0]["field"], "email");
}

async fn of_two_taken_values_the_username_is_named(app: TestApp) {
    app.user("ada").await;
    app.user("bob").await;
    let both = json!({"username": "ada", "email": "ada@example.com"});
    app.post("/users", both.clone()).await.assert_problem(409, "username_taken");
    app.put("/users/2", both).await.assert_problem(409, "username_taken");
}

async fn case_makes_no_second_user(app: TestApp) {
    app.user("ada").await;
    let body = json!({"username": "ADA", "email": "other@example.com"});
    app.post("/users", body).await.assert_problem(409, "username_taken");
    let body = json!({"username": "other", "email": "ADA@EXAMPLE.com"});
    app.post("/users", body).await.assert_problem(409, "email_taken");
}

async fn one_domain_in_two_spellings_is_one_domain(app: TestApp) {
    app.post("/users", json!({"username": "ada", "email": "ada@xn--mnchen-3ya.de"})).await;
    for email in ["ada@münchen.de", "ada@MÜNCHEN.DE", "ada@mu\u{308}nchen.de", "ada@ｍünchen。de"] {
        let refused = app.post("/users", json!({"username": "other", "email": email})).await;
        refused.assert_problem(409, "email_taken");
    }
}

/// Sends sixteen creates at once and counts the answers by status and code.
async fn race(app: TestApp, body: impl Fn(u8) -> serde_json::Value) -> (usize, HashSet<String>) {
    let app = Arc::new(app);
    let mut requests = JoinSet::new();
    for number in 0..16 {
        let (app, body) = (Arc::clone(&app), body(number));
        requests.spawn(async move { app.post("/users", body).await });
    }
    let answers = requests.join_all().await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 201).collect();
    let codes = refused
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 409, "{}", answer.text());
            answer.json()["code"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(app.listed("/users").await.1, 1);
    (answers.len() - refused.len(), codes)
}

async fn of_sixteen_equal_creates_at_once_one_wins(app: TestApp) {
    let (created, codes) = race(app, |_| json!({"username": "ada", "email": "ada@example.com"})).await;
    assert_eq!(created, 1);
    assert!(codes.iter().all(|code| code == "username_taken" || code == "email_taken"), "{codes:?}");
}

async fn of_sixteen_creates_with_one_email_one_wins(app: TestApp) {
    let body = |number| json!({"username": format!("ada{number}"), "email": "ada@example.com"});
    assert_eq!(race(app, body).await, (1, HashSet::from(["email_taken".to_owned()])));
}

async fn a_name_is_free_again_once_its_user_is_deleted(app: TestApp) {
    let path = app.user("ada").await;
    app.delete(&path).await;
    app.user("ADA").await;
}

async fn an_unknown_id_is_not_found(app: TestApp) {
    for id in ["1", "2147483647", "2147483648", "4294967295", "4294967296", "99999999999999999999999"] {
        let path = format!("/users/{id}");
        assert_eq!(app.get(&path).await.assert_problem(404, "user_not_found")["detail"], "User not found");
        app.put(&path, json!({"full_name": "Ada"})).await.assert_problem(404, "user_not_found");
        app.put(&path, json!({})).await.assert_problem(404, "user_not_found");
        app.delete(&path).await.assert_problem(404, "user_not_found");
    }
}
