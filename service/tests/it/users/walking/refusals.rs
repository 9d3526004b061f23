//! What is refused: cursors of other lists, parameters that make no sense, callers who may not.

use axum::http::Method;
use users_service::http::StrictQuery;

use super::{names, next};
use crate::harness::accounts::{AccountsApp, with_accounts_on_every_database};
use crate::harness::test_app::{TestApp, request};

with_accounts_on_every_database! { a_caller_needs_to_see_accounts }

async fn a_caller_needs_to_see_accounts(app: AccountsApp) {
    let reader = app.person("reader", &["users:read"]).await;
    let first = reader.get("/users?after=&page_size=1").await;
    assert_eq!(names(&first), ["root"]);
    for query in ["status=active", "role=admin", "email_verified=true"] {
        let refused = reader.get(&format!("/users?after=&{query}")).await.assert_problem(403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("accounts:read"), "{refused}");
    }
    assert_eq!(app.call(Method::GET, "/users?after=", None).await.status, 401);
    // A cursor of a service without keys is none here.
    let open = TestApp::on_sqlite().await;
    open.user("ada").await;
    open.user("bob").await;
    let cursor = open.get("/users?after=&page_size=1").await.json()["next"].as_str().unwrap().to_owned();
    reader.get(&format!("/users?after={cursor}")).await.assert_field_errors(&[("after", "invalid_cursor")]);
}

#[tokio::test]
async fn a_cursor_that_is_not_of_this_list_is_refused() {
    let app = TestApp::on_sqlite().await;
    app.user("ada").await;
    app.user("bob").await;
    let cursor = app.get("/users?after=&page_size=1&q=a&sort=email").await;
    assert_eq!(next(&cursor), None);
    let first = app.get("/users?after=&page_size=1&sort=email").await;
    let cursor = first.json()["next"].as_str().unwrap().to_owned();
    for query in ["", "sort=-email", "sort=email&q=a", "sort=email&ids=1"] {
        app.get(&format!("/users?{query}&after={cursor}"))
            .await
            .assert_field_errors(&[("after", "cursor_mismatch")]);
    }
    assert_eq!(names(&app.get(&format!("/users?sort=email&page_size=50&after={cursor}")).await), ["bob"]);
    let damaged = format!("{}A", &cursor[..cursor.len() - 2]);
    for cursor in ["x", "AAAA", "%00", &damaged, &"A".repeat(5_000)] {
        app.get(&format!("/users?sort=email&after={cursor}"))
            .await
            .assert_field_errors(&[("after", "invalid_cursor")]);
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let app = TestApp::on_sqlite().await;
    let query =
        "after=x&page=1&username=ada&page_size=0&q=&ids=0&created_after=x&created_before=y&sort=z&total=1";
    app.get(&format!("/users?{query}")).await.assert_field_errors(&[
        ("after", "invalid_cursor"),
        ("page", "not_with_after"),
        ("username", "not_with_after"),
        ("page_size", "out_of_range"),
        ("q", "too_short"),
        ("ids", "invalid_format"),
        ("created_after", "invalid_format"),
        ("created_before", "invalid_format"),
        ("sort", "invalid_format"),
        ("total", "invalid_format"),
    ]);
    app.get("/users?after=&q=a%00&ids=1,")
        .await
        .assert_field_errors(&[("q", "invalid_characters"), ("ids", "invalid_format")]);
    app.get("/users?after=&status=active&role=admin&email_verified=true").await.assert_field_errors(&[
        ("status", "accounts_off"),
        ("role", "accounts_off"),
        ("email_verified", "accounts_off"),
    ]);
}

#[tokio::test]
async fn without_after_a_filter_is_ignored_as_any_unknown_parameter() {
    let app = TestApp::on_sqlite().await;
    app.user("ada").await;
    let plain = app.get("/users").await;
    let same = app.get("/users?q=nobody&sort=x&ids=y&total=z&status=w").await;
    assert_eq!((same.text(), same.header("link")), (plain.text(), ""));
}

#[tokio::test]
async fn a_strict_service_refuses_unknown_and_repeated_parameters_by_name() {
    let app = TestApp::on_sqlite().await.configured(|state| state.strict_query = StrictQuery(true)).await;
    assert_eq!(app.get("/users?page=1&page_size=5").await.status, 200);
    assert_eq!(app.get("/users?after=&sort=email&q=a").await.status, 200);
    app.get("/users?q=a&Page=2&filter=x&page=0").await.assert_field_errors(&[
        ("q", "needs_after"),
        ("page", "out_of_range"),
        ("Page", "unknown"),
        ("filter", "unknown"),
    ]);
    app.get("/users?after=&ids=1&ids=2").await.assert_field_errors(&[("ids", "repeated")]);
    app.get("/users?after=&nonsense").await.assert_field_errors(&[("nonsense", "unknown")]);
    assert_eq!(app.send(request(Method::HEAD, "/users?nonsense")).await.status, 422);
}
