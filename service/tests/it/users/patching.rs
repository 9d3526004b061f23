//! Changing users by a JSON Merge Patch: `null` removes, what is left out stays.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::harness::accounts::AccountsApp;
use crate::harness::test_app::{Answer, TestApp, json_request, on_every_database, request, with};

on_every_database! {
    a_patch_changes_what_it_names,
    null_removes_what_may_be_absent,
    a_patch_without_changes_shows_the_user,
    what_the_service_gives_stays,
    only_an_object_can_be_a_patch_of_a_user,
    a_name_of_another_user_is_a_conflict,
    a_patch_is_sent_as_one,
    options_list_methods_and_patch_types,
}

fn patch(content_type: &str, body: &'static str) -> Request<Body> {
    let request = Request::builder().method(Method::PATCH).uri("/users/1");
    request.header("content-type", content_type).body(Body::from(body)).unwrap()
}

async fn a_patch_changes_what_it_names(app: TestApp) {
    let path = app.user("ada").await;
    let changed = app.send(patch("application/merge-patch+json", r#"{"full_name":"Ada Lovelace"}"#)).await;
    assert_eq!(changed.status, 200);
    assert_eq!(
        changed.text(),
        r#"{"user_id":1,"username":"ada","email":"ada@example.com","full_name":"Ada Lovelace","created_at":"2024-01-15T10:30:00"}"#
    );
    assert_eq!(app.get(&path).await.text(), changed.text());
    let body = json!({"username": "Countess", "email": "c@example.org"});
    let user = app.patch("/users/1/", body).await.json();
    assert_eq!(
        (&user["username"], &user["email"], &user["full_name"]),
        (&json!("Countess"), &json!("c@example.org"), &json!("Ada Lovelace"))
    );
}

async fn null_removes_what_may_be_absent(app: TestApp) {
    let path = app.user("ada").await;
    app.patch(&path, json!({"full_name": "Ada"})).await;
    let refused = app.patch(&path, json!({"username": null, "email": null, "full_name": null})).await;
    refused.assert_field_errors(&[("username", "null"), ("email", "null")]);
    assert_eq!(app.get(&path).await.json()["full_name"], "Ada", "all or nothing");
    assert_eq!(app.patch(&path, json!({"full_name": null})).await.json()["full_name"], json!(null));
}

async fn a_patch_without_changes_shows_the_user(app: TestApp) {
    let path = app.user("ada").await;
    let shown = app.get(&path).await;
    let patched = app.patch(&path, json!({})).await;
    assert_eq!((patched.text(), patched.header("etag")), (shown.text(), shown.header("etag")));
    app.patch("/users/9", json!({})).await.assert_problem(404, "user_not_found");
    app.patch("/users/9", json!({"full_name": "x"})).await.assert_problem(404, "user_not_found");
}

async fn what_the_service_gives_stays(app: TestApp) {
    let path = app.user("ada").await;
    let before = app.get(&path).await;
    let given = json!({"user_id": 7, "created_at": "1999-01-01T00:00:00", "nickname": {"a": null}});
    assert_eq!(app.patch(&path, given).await.text(), before.text());
}

async fn only_an_object_can_be_a_patch_of_a_user(app: TestApp) {
    app.user("ada").await;
    for body in ["null", "[]", r#""ada""#, "1"] {
        let refused = app.send(patch("application/merge-patch+json", body)).await;
        refused.assert_field_errors(&[("body", "wrong_type")]);
    }
    app.send(patch("application/merge-patch+json", "{")).await.assert_problem(400, "malformed_json");
    let nested = app.patch("/users/1", json!({"full_name": {"first": "Ada"}})).await;
    nested.assert_field_errors(&[("full_name", "wrong_type")]);
}

async fn a_name_of_another_user_is_a_conflict(app: TestApp) {
    app.user("ada").await;
    let path = app.user("bob").await;
    app.patch(&path, json!({"username": "ADA"})).await.assert_problem(409, "username_taken");
}

async fn a_patch_is_sent_as_one(app: TestApp) {
    let path = app.user("ada").await;
    let assert_refused = |answer: Answer| {
        answer.assert_problem(415, "unsupported_media_type");
        assert_eq!(answer.header("accept-patch"), "application/merge-patch+json, application/json");
    };
    for other in ["application/json-patch+json", "application/x+json", "text/json", "application/xml", ""] {
        assert_refused(app.send(patch(other, "{}")).await);
    }
    let compressed = with("content-encoding", "gzip", patch("application/json", "{}"));
    assert_refused(app.send(compressed).await);
    assert_refused(app.send(request(Method::PATCH, &path)).await);
    for known in ["application/merge-patch+json", "Application/JSON; charset=utf-8"] {
        assert_eq!(app.send(patch(known, "{}")).await.status, 200, "{known}");
    }
    let put = json_request(Method::PUT, &path, "{}");
    assert_eq!(app.send(put).await.header("accept-patch"), "");
}

async fn options_list_methods_and_patch_types(app: TestApp) {
    let path = app.user("ada").await;
    for path in [&*path, "/users/99", "/users/me"] {
        let options = app.send(request(Method::OPTIONS, path)).await;
        assert_eq!((options.status.as_u16(), options.text()), (204, ""));
        assert_eq!(options.header("accept-patch"), "application/merge-patch+json, application/json");
        let methods = |answer: &Answer| {
            let mut methods: Vec<_> = answer.header("allow").split(',').map(str::to_owned).collect();
            methods.sort_unstable();
            methods
        };
        assert_eq!(methods(&options), methods(&app.post(path, json!({})).await));
    }
    app.send(request(Method::OPTIONS, "/users/x"))
        .await
        .assert_field_errors(&[("user_id", "invalid_format")]);
}

#[tokio::test]
async fn a_patch_may_do_what_a_put_may() {
    let app = AccountsApp::on_sqlite().await;
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    let writer = app.person("writer", &["users:write"]).await;
    assert_eq!(ada.patch("/users/me", json!({"full_name": "Ada"})).await.json()["full_name"], "Ada");
    assert_eq!(writer.patch(&ada.path(""), json!({"full_name": null})).await.status, 200);
    for body in [json!({"full_name": "x"}), json!({"email": "x@example.com"}), json!({})] {
        ada.patch(&root.path(""), body.clone()).await.assert_problem(403, "forbidden");
        writer.patch(&root.path(""), body.clone()).await.assert_problem(403, "forbidden");
        app.call(Method::PATCH, "/users/1", Some(body)).await.assert_problem(401, "unauthenticated");
    }
    let address = writer.patch(&ada.path(""), json!({"email": "x@example.com"})).await;
    assert!(address.assert_problem(403, "forbidden")["detail"].as_str().unwrap().contains("accounts:write"));
}
