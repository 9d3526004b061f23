//! Entity tags: what a client has seen is not sent again, and what it has not seen is not changed.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tokio::task::JoinSet;
use users_service::http::RequireIfMatch;

use crate::harness::accounts::AccountsApp;
use crate::harness::test_app::{Answer, TestApp, json_request, on_every_database, request, with};

on_every_database! {
    every_answer_with_one_user_has_the_tag_of_its_state,
    a_state_that_the_client_has_is_not_sent_again,
    a_list_of_tags_that_is_malformed_says_nothing_of_what_the_client_has,
    only_the_state_that_was_seen_is_changed,
    only_the_state_that_was_seen_is_removed,
    a_change_may_be_made_unless_the_state_is_known,
    a_condition_is_refused_if_nobody_can_tell_what_it_says,
    a_condition_says_nothing_of_a_user_who_is_not_there,
    what_is_invalid_is_told_before_what_has_changed,
    of_a_hundred_writers_who_have_seen_the_same_one_wins,
    of_writers_and_removers_who_have_seen_the_same_one_wins,
    where_it_is_required_no_change_is_blind,
}

fn put(condition: &str, body: &serde_json::Value) -> Request<Body> {
    with("if-match", condition, json_request(Method::PUT, "/users/1", body.to_string()))
}

async fn tag(app: &TestApp) -> String {
    app.get("/users/1").await.header("etag").to_owned()
}

async fn every_answer_with_one_user_has_the_tag_of_its_state(app: TestApp) {
    let created = app.post("/users", json!({"username": "ada", "email": "ada@example.com"})).await;
    let first = created.header("etag");
    assert!(first.len() == 34 && first.starts_with('"') && first.ends_with('"'), "{first}");
    assert_eq!(tag(&app).await, first);
    assert_eq!(app.send(request(Method::HEAD, "/users/1")).await.header("etag"), first);
    assert_eq!(app.put("/users/1", json!({})).await.header("etag"), first);
    let changed = app.patch("/users/1", json!({"full_name": "Ada"})).await;
    assert_ne!(changed.header("etag"), first);
    assert_eq!(tag(&app).await, changed.header("etag"));
    let restored = app.put("/users/1", json!({"full_name": null})).await;
    assert_eq!(restored.header("etag"), first, "the same state has the same tag");
    for answer in [app.get("/users").await, app.get("/users/9").await, app.delete("/users/1").await] {
        assert_eq!(answer.header("etag"), "");
    }
}

async fn a_state_that_the_client_has_is_not_sent_again(app: TestApp) {
    app.user("ada").await;
    let whole = app.get("/users/1").await;
    let tag = whole.header("etag");
    let get = |known: &str| with("if-none-match", known, request(Method::GET, "/users/1"));
    for known in [tag, "*", &format!("W/{tag}"), &format!("\"x\", {tag}")] {
        let answer = app.send(get(known)).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (304, ""), "{known}");
        assert_eq!(answer.header("etag"), tag);
        assert_eq!(answer.header("cache-control"), "no-store");
        // Of the answer that is not sent.
        assert_eq!(answer.header("content-length"), whole.body.len().to_string());
        assert_eq!(answer.header("content-type"), "");
    }
    let head = with("if-none-match", tag, request(Method::HEAD, "/users/1"));
    assert_eq!(app.send(head).await.status, 304);
    assert_eq!(app.send(with("if-none-match", tag, get("\"x\""))).await.status, 304, "in another line");
    app.put("/users/1", json!({"full_name": "Ada"})).await;
    let changed = app.send(get(tag)).await;
    assert_eq!((changed.status.as_u16(), changed.json()["full_name"].as_str()), (200, Some("Ada")));
    app.delete("/users/1").await;
    app.send(get("*")).await.assert_problem(404, "user_not_found");
}

async fn a_list_of_tags_that_is_malformed_says_nothing_of_what_the_client_has(app: TestApp) {
    app.user("ada").await;
    let tag = tag(&app).await;
    for malformed in ["", "x", tag.trim_matches('"'), &format!("{tag} {tag}"), "*, *"] {
        let get = with("if-none-match", malformed, request(Method::GET, "/users/1"));
        assert_eq!(app.send(get).await.status, 200, "{malformed}");
    }
}

async fn only_the_state_that_was_seen_is_changed(app: TestApp) {
    app.user("ada").await;
    let seen = tag(&app).await;
    let changed = app.send(put(&seen, &json!({"full_name": "first"}))).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let again = put(&seen, &json!({"full_name": "second"}));
    app.send(again).await.assert_problem(412, "changed_meanwhile");
    app.send(put(&seen, &json!({}))).await.assert_problem(412, "changed_meanwhile");
    let patch = json_request(Method::PATCH, "/users/1", r#"{"full_name":"third"}"#);
    app.send(with("if-match", &seen, patch)).await.assert_problem(412, "changed_meanwhile");
    let now = changed.header("etag");
    app.send(put(&format!("W/{now}"), &json!({}))).await.assert_problem(412, "changed_meanwhile");
    assert_eq!(app.get("/users/1").await.json()["full_name"], "first");
    for condition in [now, "*", &format!("{seen}, {now}")] {
        let answer = app.send(put(condition, &json!({"full_name": "first"}))).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, now), "{condition}");
        assert_eq!(app.send(put(condition, &json!({}))).await.status, 200, "{condition}");
    }
}

async fn only_the_state_that_was_seen_is_removed(app: TestApp) {
    app.user("ada").await;
    let delete = |condition: &str| with("if-match", condition, request(Method::DELETE, "/users/1"));
    app.send(delete("\"x\"")).await.assert_problem(412, "changed_meanwhile");
    let seen = tag(&app).await;
    assert_eq!(app.send(delete(&seen)).await.status, 204);
    app.send(delete(&seen)).await.assert_problem(404, "user_not_found");
    app.send(delete("*")).await.assert_problem(404, "user_not_found");
}

async fn a_change_may_be_made_unless_the_state_is_known(app: TestApp) {
    app.user("ada").await;
    let tag = tag(&app).await;
    let unless = |known: &str| {
        with("if-none-match", known, json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#))
    };
    app.send(unless("*")).await.assert_problem(412, "changed_meanwhile");
    app.send(unless(&format!("W/{tag}"))).await.assert_problem(412, "changed_meanwhile");
    assert_eq!(app.send(unless("\"x\"")).await.status, 200);
}

async fn a_condition_is_refused_if_nobody_can_tell_what_it_says(app: TestApp) {
    app.user("ada").await;
    let tag = tag(&app).await;
    for malformed in ["", "x", tag.trim_matches('"'), "\"x", "*, \"x\""] {
        let refused = app.send(put(malformed, &json!({"full_name": "x"}))).await;
        refused.assert_field_errors(&[("If-Match", "invalid_format")]);
        let delete = with("if-none-match", malformed, request(Method::DELETE, "/users/1"));
        app.send(delete).await.assert_field_errors(&[("If-None-Match", "invalid_format")]);
    }
    assert_eq!(app.get("/users/1").await.header("etag"), tag);
}

async fn a_condition_says_nothing_of_a_user_who_is_not_there(app: TestApp) {
    for condition in ["*", "\"x\""] {
        for body in [json!({}), json!({"full_name": "x"})] {
            app.send(put(condition, &body)).await.assert_problem(404, "user_not_found");
        }
    }
}

async fn what_is_invalid_is_told_before_what_has_changed(app: TestApp) {
    app.user("ada").await;
    app.send(put("\"x\"", &json!({"username": "x"}))).await.assert_field_errors(&[("username", "too_short")]);
}

/// The answers to a hundred requests at once, each made by its number; what is told to come back comes back.
async fn hundred(
    app: &Arc<TestApp>,
    request: impl Fn(usize) -> Request<Body> + Send + Sync + 'static,
) -> Vec<Answer> {
    let request = Arc::new(request);
    let mut senders = JoinSet::new();
    for number in 0..100 {
        let (app, request) = (Arc::clone(app), Arc::clone(&request));
        senders.spawn(async move {
            loop {
                let answer = app.send(request(number)).await;
                if answer.status != 503 {
                    return answer;
                }
            }
        });
    }
    senders.join_all().await
}

async fn of_a_hundred_writers_who_have_seen_the_same_one_wins(app: TestApp) {
    app.user("ada").await;
    let app = Arc::new(app);
    for round in 0..3 {
        let seen = tag(&app).await;
        let answers = hundred(&app, move |number| {
            let method = if number % 2 == 0 { Method::PUT } else { Method::PATCH };
            let body = json!({"full_name": format!("{number} of round {round}")});
            with("if-match", &seen, json_request(method, "/users/1", body.to_string()))
        });
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.await.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 99));
        for answer in lost {
            answer.assert_problem(412, "changed_meanwhile");
        }
        assert_eq!(app.get("/users/1").await.text(), won[0].text());
    }
}

async fn of_writers_and_removers_who_have_seen_the_same_one_wins(app: TestApp) {
    app.user("ada").await;
    let app = Arc::new(app);
    let seen = tag(&app).await;
    let answers = hundred(&app, move |number| {
        let request = match number % 2 {
            0 => request(Method::DELETE, "/users/1"),
            _ => json_request(Method::PATCH, "/users/1", r#"{"full_name":"Ada"}"#),
        };
        with("if-match", &seen, request)
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
    let is_gone = app.get("/users/1").await.status == 404;
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        let (status, code) = if is_gone { (404, "user_not_found") } else { (412, "changed_meanwhile") };
        answer.assert_problem(status, code);
    }
}

async fn where_it_is_required_no_change_is_blind(app: TestApp) {
    app.user("ada").await;
    let app = app.configured(|state| state.require_if_match = RequireIfMatch(true)).await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let blind = json_request(method.clone(), "/users/1", r#"{"full_name":"Ada"}"#);
        app.send(blind).await.assert_problem(428, "if_match_required");
        let unless = json_request(method, "/users/1", r#"{"full_name":"Ada"}"#);
        let unless = with("if-none-match", "\"x\"", unless);
        app.send(unless).await.assert_problem(428, "if_match_required");
    }
    let seen = tag(&app).await;
    assert_eq!(app.send(put(&seen, &json!({"full_name": "Ada"}))).await.status, 200);
    assert_eq!(app.post("/users", json!({"username": "bob", "email": "bob@example.com"})).await.status, 201);
    let delete = with("if-match", "*", request(Method::DELETE, "/users/1"));
    assert_eq!(app.send(delete).await.status, 204);
}

#[tokio::test]
async fn a_condition_comes_after_the_permission() {
    let app = AccountsApp::on_sqlite().await;
    let (ada, root) = (app.person("ada", &[]).await, app.root().await);
    let change = |path: &str, condition: &str| {
        with("if-match", condition, ada.request(Method::PATCH, path, Some(json!({"full_name": "Ada"}))))
    };
    app.send(change(&root.path(""), "\"x\"")).await.assert_problem(403, "forbidden");
    app.send(change("/users/me", "\"x\"")).await.assert_problem(412, "changed_meanwhile");
    let seen = ada.get("/users/me").await;
    let changed = app.send(change("/users/me", seen.header("etag"))).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let remove =
        |condition: &str| with("if-match", condition, ada.request(Method::DELETE, "/users/me", None));
    app.send(remove(seen.header("etag"))).await.assert_problem(412, "changed_meanwhile");
    assert_eq!(app.send(remove(changed.header("etag"))).await.status, 204);
}
