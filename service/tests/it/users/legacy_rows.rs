//! Rows that the Python service accepted and the rules for input would refuse: always served, found and updated.

use serde_json::json;

use crate::harness::test_app::{TestApp, on_every_database};

const ROWS: &str = "
    insert into users (user_id, username, email, full_name, created_at) values
        (7, 'john doe', 'josé@exämple.com', null, '2020-02-29 23:59:59'),
        (8, 'x', 'ADA@münchen.de', 'Ada', '2019-01-01 00:00:00'),
        (9, '_ünal_', 'no address', '', '2038-01-19 03:14:07')";

on_every_database! {
    an_old_row_is_shown_as_it_is,
    an_old_row_is_listed,
    rows_of_others_are_walked_through_in_the_order_of_their_times,
    an_old_row_is_found_by_its_values,
    an_old_row_can_be_updated_in_its_other_fields,
    an_old_row_can_be_brought_under_the_rules,
    an_old_row_can_be_deleted,
    an_old_international_address_is_taken_in_its_new_spelling,
    an_old_international_address_is_found_in_its_new_spelling,
    an_old_international_address_can_be_respelled_by_its_own_user,
}

async fn with_old_rows(app: TestApp) -> TestApp {
    app.database.execute(ROWS).await;
    app
}

async fn an_old_row_is_shown_as_it_is(app: TestApp) {
    let app = with_old_rows(app).await;
    assert_eq!(
        app.get("/users/7").await.text(),
        r#"{"user_id":7,"username":"john doe","email":"josé@exämple.com","full_name":null,"created_at":"2020-02-29T23:59:59"}"#
    );
    assert_eq!(
        app.get("/users/9").await.text(),
        r#"{"user_id":9,"username":"_ünal_","email":"no address","full_name":"","created_at":"2038-01-19T03:14:07"}"#
    );
}

async fn an_old_row_is_listed(app: TestApp) {
    let app = with_old_rows(app).await;
    app.user("ada").await;
    assert_eq!(app.listed("/users").await.0, ["john doe", "x", "_ünal_", "ada"]);
    assert_eq!(app.listed("/users?page=2&page_size=2").await.0, ["_ünal_", "ada"]);
}

async fn an_old_row_is_found_by_its_values(app: TestApp) {
    let app = with_old_rows(app).await;
    for query in [
        "username=john%20doe",
        "username=JOHN+Doe",
        "username=x",
        "username=_%C3%BCnal_",
        "email=jos%C3%A9@ex%C3%A4mple.com",
        "email=ada@m%C3%BCnchen.de",
        "email=ADA@m%C3%BCnchen.de",
        "email=no%20address",
        "username=x&email=ADA@m%C3%BCnchen.de",
    ] {
        assert_eq!(app.listed(&format!("/users?{query}")).await.1, 1, "{query}");
    }
    for query in
        ["username=john%20doe%20", "email=jose@example.com", "email=jose@ex%C3%A4mple.com", "username=_unal_"]
    {
        assert_eq!(app.listed(&format!("/users?{query}")).await.1, 0, "{query}");
    }
}

async fn an_old_row_can_be_updated_in_its_other_fields(app: TestApp) {
    let app = with_old_rows(app).await;
    assert_eq!(
        app.put("/users/7", json!({"full_name": "John Doe"})).await.text(),
        r#"{"user_id":7,"username":"john doe","email":"josé@exämple.com","full_name":"John Doe","created_at":"2020-02-29T23:59:59"}"#
    );
    let changed = app.put("/users/7", json!({"email": "john@example.com"})).await;
    assert_eq!(changed.json()["username"], "john doe");
    let changed = app.put("/users/9", json!({"username": "unal"})).await;
    assert_eq!(changed.json()["email"], "no address");
    app.put("/users/8", json!({"username": "x"})).await.assert_field_errors(&[("username", "too_short")]);
}

async fn an_old_row_can_be_brought_under_the_rules(app: TestApp) {
    let app = with_old_rows(app).await;
    let changes = json!({"username": "john_doe", "email": "jose@example.com"});
    assert_eq!(app.put("/users/7", changes).await.status, 200);
    assert_eq!(app.listed("/users?username=john_doe").await.1, 1);
}

async fn an_old_row_can_be_deleted(app: TestApp) {
    let app = with_old_rows(app).await;
    assert_eq!(app.delete("/users/7").await.status, 204);
    app.get("/users/7").await.assert_problem(404, "user_not_found");
}

async fn an_old_international_address_is_taken_in_its_new_spelling(app: TestApp) {
    let app = with_old_rows(app).await;
    let path = app.user("bob").await;
    for email in ["ada@münchen.de", "Ada@MÜNCHEN.de", "ada@xn--mnchen-3ya.de"] {
        let body = json!({"username": "eve", "email": email});
        app.post("/users", body).await.assert_problem(409, "email_taken");
        app.put(&path, json!({"email": email})).await.assert_problem(409, "email_taken");
    }
}

/// What a create calls taken, a lookup finds.
async fn an_old_international_address_is_found_in_its_new_spelling(app: TestApp) {
    let app = with_old_rows(app).await;
    for email in ["ada@xn--mnchen-3ya.de", "ADA@M%C3%9CNCHEN.de"] {
        assert_eq!(app.listed(&format!("/users?email={email}")).await, (vec!["x".to_owned()], 1), "{email}");
    }
}

async fn an_old_international_address_can_be_respelled_by_its_own_user(app: TestApp) {
    let app = with_old_rows(app).await;
    let changed = app.put("/users/8", json!({"email": "ada@münchen.de"})).await;
    assert_eq!(changed.json()["email"], "ada@xn--mnchen-3ya.de");
    assert_eq!(app.listed("/users?email=ada@m%C3%BCnchen.de").await.1, 1);
}

async fn rows_of_others_are_walked_through_in_the_order_of_their_times(app: TestApp) {
    let app = with_old_rows(app).await;
    for name in ["ada", "eve"] {
        let row = format!("insert into users (username, email) values ('{name}', '{name}@example.com')");
        app.database.execute(&row).await;
    }
    app.database
        .execute("update users set created_at = '2019-06-01 12:00:00.250000' where username = 'ada'")
        .await;
    for (sort, expected) in [
        ("created_at", ["x", "ada", "john doe", "eve", "_ünal_"]),
        ("-created_at", ["_ünal_", "eve", "john doe", "ada", "x"]),
    ] {
        let (mut found, mut after) = (Vec::new(), Some(String::new()));
        while let Some(cursor) = after {
            let page = app.get(&format!("/users?sort={sort}&page_size=1&after={cursor}")).await.json();
            after = page["next"].as_str().map(ToOwned::to_owned);
            found.extend(
                page["users"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|user| user["username"].as_str().unwrap().to_owned()),
            );
            assert!(found.len() <= expected.len(), "{found:?}");
        }
        assert_eq!(found, expected);
    }
    let before = app.get("/users?after=&created_before=2019-06-01T12:00:01Z").await.json();
    assert_eq!(before["users"].as_array().unwrap().len(), 2, "{before}");
}
