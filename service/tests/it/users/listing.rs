//! Pages of users, and the search for one.

use axum::http::Method;
use serde_json::json;

use crate::harness::test_app::{TestApp, on_every_database, request};

on_every_database! {
    no_users_are_an_empty_page,
    the_first_ten_are_the_default,
    pages_follow_one_another,
    a_page_past_the_end_is_empty_with_the_right_total,
    users_are_ordered_by_id,
    a_trailing_slash_lists_too,
    of_a_repeated_parameter_the_last_counts,
    unknown_parameters_are_ignored,
    a_username_is_looked_up_ignoring_case,
    an_email_is_looked_up_ignoring_case,
    an_international_email_is_looked_up_in_any_spelling,
    accents_and_blanks_are_not_ignored,
    wildcards_have_no_meaning,
    both_filters_must_match,
    the_second_page_of_a_lookup_is_empty,
    an_empty_filter_finds_no_user,
}

async fn fifteen_users(app: &TestApp) -> Vec<String> {
    let names: Vec<String> = (1..=15).map(|number| format!("user{number:02}")).collect();
    for name in &names {
        app.user(name).await;
    }
    names
}

async fn no_users_are_an_empty_page(app: TestApp) {
    let listing = app.get("/users").await;
    assert_eq!(listing.status, 200);
    assert_eq!(listing.text(), r#"{"users":[],"total":0,"page":1,"page_size":10}"#);
}

async fn the_first_ten_are_the_default(app: TestApp) {
    let names = fifteen_users(&app).await;
    assert_eq!(app.listed("/users").await, (names[..10].to_vec(), 15));
    let listing = app.get("/users?page=1&page_size=1").await;
    assert_eq!(
        listing.text(),
        r#"{"users":[{"user_id":1,"username":"user01","email":"user01@example.com","full_name":null,"created_at":"2024-01-15T10:30:00"}],"total":15,"page":1,"page_size":1}"#
    );
}

async fn pages_follow_one_another(app: TestApp) {
    let names = fifteen_users(&app).await;
    assert_eq!(app.listed("/users?page=2").await, (names[10..].to_vec(), 15));
    assert_eq!(app.listed("/users?page=3&page_size=4").await, (names[8..12].to_vec(), 15));
    assert_eq!(app.listed("/users?page=4&page_size=4").await, (names[12..].to_vec(), 15));
    assert_eq!(app.listed("/users?page_size=100").await, (names, 15));
}

async fn a_page_past_the_end_is_empty_with_the_right_total(app: TestApp) {
    app.user("ada").await;
    for page in ["2", "1000000", "9223372036854775807"] {
        let listing = app.get(&format!("/users?page={page}&page_size=100")).await;
        assert_eq!(listing.text(), format!(r#"{{"users":[],"total":1,"page":{page},"page_size":100}}"#));
    }
}

async fn users_are_ordered_by_id(app: TestApp) {
    for name in ["zoe", "ada", "Mia"] {
        app.user(name).await;
    }
    app.put("/users/1", json!({"full_name": "Zoë"})).await;
    assert_eq!(app.listed("/users").await.0, ["zoe", "ada", "Mia"]);
}

async fn a_trailing_slash_lists_too(app: TestApp) {
    app.user("ada").await;
    assert_eq!(app.listed("/users/").await.1, 1);
    assert_eq!(app.listed("/users/?page=1&page_size=5").await.1, 1);
    assert_eq!(app.post("/users/", json!({"username": "bob", "email": "bob@example.com"})).await.status, 201);
}

async fn of_a_repeated_parameter_the_last_counts(app: TestApp) {
    let listing = app.get("/users?page=7&page=2&page_size=1&page_size=3").await.json();
    assert_eq!((listing["page"].as_u64(), listing["page_size"].as_u64()), (Some(2), Some(3)));
}

async fn unknown_parameters_are_ignored(app: TestApp) {
    app.user("ada").await;
    assert_eq!(app.listed("/users?sort=email&PAGE=0&&=&%ff=%ff").await.1, 1);
}

async fn a_username_is_looked_up_ignoring_case(app: TestApp) {
    app.user("john_doe").await;
    app.user("johnxdoe").await;
    let found = app.get("/users?username=JOHN_doe").await;
    assert_eq!(
        found.text(),
        r#"{"users":[{"user_id":1,"username":"john_doe","email":"john_doe@example.com","full_name":null,"created_at":"2024-01-15T10:30:00"}],"total":1,"page":1,"page_size":10}"#
    );
    assert_eq!(
        app.get("/users?username=nobody&page_size=5").await.text(),
        r#"{"users":[],"total":0,"page":1,"page_size":5}"#
    );
}

async fn an_email_is_looked_up_ignoring_case(app: TestApp) {
    app.post("/users", json!({"username": "ada", "email": "Ada+Tag@example.com"})).await;
    for email in ["Ada%2BTag@example.com", "ada%2btag%40EXAMPLE.com", "ADA%2BTAG@EXAMPLE.COM"] {
        assert_eq!(
            app.listed(&format!("/users?email={email}")).await,
            (vec!["ada".to_owned()], 1),
            "{email}"
        );
    }
    // In a query string a plus is a blank.
    assert_eq!(app.listed("/users?email=Ada+Tag@example.com").await.1, 0);
}

async fn an_international_email_is_looked_up_in_any_spelling(app: TestApp) {
    app.post("/users", json!({"username": "ada", "email": "ada@münchen.de"})).await;
    for email in
        ["ada@m%C3%BCnchen.de", "ADA@M%C3%9CNCHEN.DE", "ada@xn--mnchen-3ya.de", "ada@XN--MNCHEN-3YA.de"]
    {
        assert_eq!(app.listed(&format!("/users?email={email}")).await.1, 1, "{email}");
    }
}

async fn accents_and_blanks_are_not_ignored(app: TestApp) {
    app.user("jose").await;
    for name in ["jos%C3%A9", "jose%20", "%20jose", "jose%00", "jose%0A", "%EF%BD%8Aose"] {
        assert_eq!(app.listed(&format!("/users?username={name}")).await.1, 0, "{name}");
        assert_eq!(app.listed(&format!("/users?email={name}@example.com")).await.1, 0, "{name}");
    }
    assert_eq!(app.listed("/users?email=jose@example.com%20").await.1, 0);
}

async fn wildcards_have_no_meaning(app: TestApp) {
    app.user("ada").await;
    for name in ["a%25", "%25", "___", "'%20or%201=1%20--%20", "ad\\"] {
        assert_eq!(app.listed(&format!("/users?username={name}")).await.1, 0, "{name}");
    }
}

async fn both_filters_must_match(app: TestApp) {
    app.user("ada").await;
    app.user("bob").await;
    assert_eq!(app.listed("/users?username=ada&email=ada@example.com").await.1, 1);
    assert_eq!(app.listed("/users?username=ada&email=bob@example.com").await.1, 0);
    assert_eq!(app.listed("/users?username=ada&email=").await.1, 0);
}

async fn the_second_page_of_a_lookup_is_empty(app: TestApp) {
    app.user("ada").await;
    assert_eq!(app.listed("/users?username=ada&page=2").await, (vec![], 1));
}

async fn an_empty_filter_finds_no_user(app: TestApp) {
    app.user("ada").await;
    assert_eq!(app.listed("/users?username=").await, (vec![], 0));
    assert_eq!(app.listed("/users?email=").await, (vec![], 0));
}

#[tokio::test]
async fn a_bad_page_is_refused() {
    let app = TestApp::on_sqlite().await;
    for page in [
        "0",
        "-1",
        "1.5",
        "abc",
        "",
        "%20",
        "1e3",
        "+1",
        "%2B1",
        "01",
        "0x1",
        "%D9%A1",
        "9223372036854775808",
        "99999999999999999999999",
    ] {
        app.get(&format!("/users?page={page}")).await.assert_field_errors(&[("page", "out_of_range")]);
    }
    for size in ["0", "101", "007", "00", "-5", "ten", "", "10%00", "99999999999999999999999"] {
        app.get(&format!("/users?page_size={size}"))
            .await
            .assert_field_errors(&[("page_size", "out_of_range")]);
    }
}

#[tokio::test]
async fn all_invalid_parameters_are_reported_together() {
    let app = TestApp::on_sqlite().await;
    let refused = app.get("/users?page=0&page_size=101").await;
    refused.assert_field_errors(&[("page", "out_of_range"), ("page_size", "out_of_range")]);
    assert_eq!(
        refused.json()["detail"],
        "page must be an integer from 1 to 9223372036854775807; page_size must be an integer from 1 to 100"
    );
    // A lookup does not excuse a bad page.
    app.get("/users?username=ada&page=x").await.assert_field_errors(&[("page", "out_of_range")]);
}

#[tokio::test]
async fn a_head_request_has_the_headers_of_a_get() {
    let app = TestApp::on_sqlite().await;
    let head = app.send(request(Method::HEAD, "/users")).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), "application/json");
    assert!(head.body.is_empty());
}
