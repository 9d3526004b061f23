//! With `ACCESS=open`, where all callers are one.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use sqlx::raw_sql;
use tokio::task::JoinSet;

use crate::harness::databases::TestDatabase;
use crate::harness::test_app::{Answer, TestApp, json_request, on_every_database, with};

on_every_database! {
    a_request_that_is_sent_again_is_answered_alike,
    a_key_is_the_same_in_quotes_and_bare,
    the_same_request_may_be_written_otherwise,
    a_key_of_another_request_is_refused,
    with_another_key_it_is_another_request,
    what_has_failed_is_tried_again,
    a_user_who_has_changed_or_gone_is_not_added_again,
    a_malformed_key_is_refused,
    of_sixteen_at_once_one_adds_the_user,
    neither_the_key_nor_what_was_asked_for_is_kept,
    without_a_key_nothing_is_remembered,
    a_key_is_free_again_after_a_day,
    requests_clean_up_after_others,
}

fn ada() -> Value {
    json!({"username": "ada", "email": "ada@example.com", "full_name": "Ada"})
}

fn create(key: &str, body: &Value) -> Request<Body> {
    with("idempotency-key", key, json_request(Method::POST, "/users", body.to_string()))
}

#[track_caller]
fn assert_alike(one: &Answer, other: &Answer) {
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (201, 201), "{} {}", one.text(), other.text());
    assert_eq!(one.text(), other.text());
    for name in ["location", "etag", "content-type"] {
        assert_eq!(one.header(name), other.header(name));
    }
}

async fn a_request_that_is_sent_again_is_answered_alike(app: TestApp) {
    let first = app.send(create("\"k\"", &ada())).await;
    assert_eq!(first.header("location"), "/users/1");
    for _ in 0..3 {
        assert_alike(&app.send(create("\"k\"", &ada())).await, &first);
    }
    assert_eq!(app.get("/users/1").await.text(), first.text());
    assert_eq!(app.listed("/users").await, (vec!["ada".to_owned()], 1));
}

async fn a_key_is_the_same_in_quotes_and_bare(app: TestApp) {
    let key = "8e03978e-40d5-43e8-bc93-6894a57f9324";
    let first = app.send(create(key, &ada())).await;
    assert_alike(&app.send(create(&format!("\"{key}\""), &ada())).await, &first);
}

async fn the_same_request_may_be_written_otherwise(app: TestApp) {
    let first = app.send(create("k", &ada())).await;
    let otherwise =
        r#"{ "email": "ada@EXAMPLE.com", "full_name": " Ada ", "username": "ada", "nickname": "x" }"#;
    let again = with("idempotency-key", "k", json_request(Method::POST, "/users", otherwise));
    assert_alike(&app.send(again).await, &first);
}

async fn a_key_of_another_request_is_refused(app: TestApp) {
    app.send(create("k", &ada())).await;
    for other in [
        json!({"username": "bob", "email": "bob@example.com"}),
        json!({"username": "ada", "email": "ada@example.com"}),
        json!({"username": "ada", "email": "ada@example.com", "full_name": ""}),
        json!({"username": "Ada", "email": "ada@example.com", "full_name": "Ada"}),
    ] {
        app.send(create("k", &other)).await.assert_problem(422, "idempotency_key_reused");
    }
    assert_eq!(app.listed("/users").await.1, 1);
}

async fn with_another_key_it_is_another_request(app: TestApp) {
    app.send(create("k", &ada())).await;
    app.send(create("l", &ada())).await.assert_problem(409, "username_taken");
    app.post("/users", ada()).await.assert_problem(409, "username_taken");
}

async fn what_has_failed_is_tried_again(app: TestApp) {
    let path = app.user("ada").await;
    app.send(create("k", &ada())).await.assert_problem(409, "username_taken");
    let invalid = json!({"username": "x", "email": "ada@example.com"});
    app.send(create("k", &invalid)).await.assert_field_errors(&[("username", "too_short")]);
    app.delete(&path).await;
    let created = app.send(create("k", &ada())).await;
    assert_alike(&app.send(create("k", &ada())).await, &created);
}

async fn a_user_who_has_changed_or_gone_is_not_added_again(app: TestApp) {
    let first = app.send(create("k", &ada())).await;
    app.put("/users/1", json!({"username": "countess"})).await;
    assert_alike(&app.send(create("k", &ada())).await, &first);
    app.delete("/users/1").await;
    assert_alike(&app.send(create("k", &ada())).await, &first);
    assert_eq!(app.listed("/users").await.1, 0);
}

async fn a_malformed_key_is_refused(app: TestApp) {
    for malformed in ["", "\"\"", "\"k", "k l", "\"k\";a=1", "k,l"] {
        let refused = app.send(create(malformed, &ada())).await;
        refused.assert_field_errors(&[("Idempotency-Key", "invalid_format")]);
    }
    let long = app.send(create(&"k".repeat(256), &ada())).await;
    long.assert_field_errors(&[("Idempotency-Key", "too_long")]);
    let twice = app.send(with("idempotency-key", "k", create("k", &ada()))).await;
    twice.assert_field_errors(&[("Idempotency-Key", "invalid_format")]);
    assert_eq!(app.listed("/users").await.1, 0);
    assert_eq!(app.send(create(&"k".repeat(255), &ada())).await.status, 201);
}

async fn of_sixteen_at_once_one_adds_the_user(app: TestApp) {
    let app = Arc::new(app);
    let mut requests = JoinSet::new();
    for _ in 0..16 {
        let app = Arc::clone(&app);
        requests.spawn(async move {
            loop {
                let answer = app.send(create("k", &ada())).await;
                match answer.status.as_u16() {
                    // It is to come again.
                    409 | 503 => assert_ne!(answer.header("retry-after"), "", "{}", answer.text()),
                    _ => return answer,
                }
            }
        });
    }
    let answers = requests.join_all().await;
    for answer in &answers {
        assert_alike(answer, &answers[0]);
    }
    assert_eq!(app.listed("/users").await.1, 1);
}

async fn neither_the_key_nor_what_was_asked_for_is_kept(app: TestApp) {
    app.send(create("a-key-of-mine", &ada())).await;
    for column in ["name", "fingerprint"] {
        let kept = app.database.values(&format!("select hex({column}) from idempotency_keys")).await;
        assert_eq!((kept.len(), kept[0].len()), (1, 64));
        for text in ["a-key-of-mine", "ada"] {
            let hex = text.bytes().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().concat();
            assert!(!kept[0].contains(&hex), "{column}");
        }
    }
}

async fn without_a_key_nothing_is_remembered(app: TestApp) {
    app.user("ada").await;
    app.send(create("k", &json!({"username": "ada", "email": "x@example.com"}))).await;
    assert_eq!(app.database.values("select hex(name) from idempotency_keys").await, [""; 0]);
}

/// Another process has claimed the key, and neither finished nor given up.
#[tokio::test]
async fn a_request_that_is_still_running_is_told_to_come_again() {
    let app = TestApp::on_mysql().await;
    let TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
    let mut other = schema.connect().await;
    let claim = "begin; insert into idempotency_keys (name, fingerprint, made_at)
                 values (unhex(sha2(concat(unhex('00000000'), 'k'), 256)), unhex(repeat('00', 32)), 0)";
    raw_sql(claim).execute(&mut other).await.unwrap();
    let running = app.send(create("k", &ada())).await;
    running.assert_problem(409, "request_in_progress");
    assert_eq!(running.header("retry-after"), "1");
    assert_eq!(app.listed("/users").await.1, 0);
    raw_sql("rollback").execute(&mut other).await.unwrap();
    assert_eq!(app.send(create("k", &ada())).await.status, 201);
}

/// Nobody runs jobs in a test, as nobody does in AWS with `ACCESS=open`.
async fn made_earlier_by(app: &TestApp, hours: u64) {
    app.database
        .execute(&format!("update idempotency_keys set made_at = made_at - {}", hours * 3_600_000))
        .await;
}

async fn a_key_is_free_again_after_a_day(app: TestApp) {
    let bob = json!({"username": "bob", "email": "bob@example.com"});
    app.send(create("k", &ada())).await;
    made_earlier_by(&app, 23).await;
    app.send(create("k", &bob)).await.assert_problem(422, "idempotency_key_reused");
    made_earlier_by(&app, 2).await;
    let first = app.send(create("k", &bob)).await;
    assert_eq!(first.header("location"), "/users/2");
    assert_alike(&app.send(create("k", &bob)).await, &first);
}

async fn requests_clean_up_after_others(app: TestApp) {
    app.send(create("k", &ada())).await;
    made_earlier_by(&app, 25).await;
    let remembered = "select cast(count(*) as char) from idempotency_keys where user_id = 1";
    for number in 0..1000 {
        let user = json!({"username": format!("user{number}"), "email": format!("user{number}@example.com")});
        app.send(create(&number.to_string(), &user)).await;
        if app.database.values(remembered).await == ["0"] {
            return;
        }
    }
    panic!("what was asked for a day ago is remembered for ever");
}
