//! Requests that conflict with transactions of other sessions.

use std::time::Duration;

use axum::http::Method;
use sqlx::{MySqlConnection, raw_sql};
use tokio::task::JoinSet;
use tokio::time::timeout;
use users_service::app::Service;

use crate::harness::databases::{MysqlSchema, mysql_with_pool};
use crate::harness::eventually::eventually;
use crate::harness::test_app::{answer, json_request, request, service_on};

#[tokio::test]
async fn a_request_does_not_wait_for_ever_for_a_connection() {
    let schema = MysqlSchema::migrated().await;
    schema.execute("insert into users (username, email) values ('ada', 'ada@example.com')").await;
    let service = service_on(mysql_with_pool(schema.application(), 1)).await;
    let mut other = schema.connect().await;
    raw_sql("lock tables users write").execute(&mut other).await.unwrap();

    let blocked = tokio::spawn({
        let service = service.clone();
        async move { answer(&service, request(Method::GET, "/users/1")).await }
    });
    let reads = format!(
        "select count(*) from information_schema.processlist
         where db = '{}' and id <> connection_id() and info like '%where user_id%'",
        schema.name()
    );
    eventually("read on the only connection", async || {
        (schema.value(&reads).await.as_deref() == Some("1")).then_some(())
    })
    .await;
    let refused = answer(&service, request(Method::GET, "/users/1")).await;
    refused.assert_problem(503, "database_busy");
    assert_eq!(refused.header("retry-after"), "1");

    raw_sql("unlock tables").execute(&mut other).await.unwrap();
    assert_eq!(blocked.await.unwrap().status, 200);
}

/// A service, and a connection of somebody else that has locked the first of its two users until it rolls back.
async fn two_users_one_of_them_locked() -> (MysqlSchema, Service, MySqlConnection) {
    let schema = MysqlSchema::migrated().await;
    schema
        .execute(
            "insert into users (username, email) values ('ada', 'a@example.com'), ('bob', 'b@example.com')",
        )
        .await;
    let service = service_on(schema.config()).await;
    let mut other = schema.connect().await;
    let lock = "begin; select * from users where user_id = 1 for update";
    raw_sql(lock).execute(&mut other).await.unwrap();
    (schema, service, other)
}

#[tokio::test]
async fn a_locked_row_delays_neither_other_users_nor_readiness() {
    let (schema, service, mut other) = two_users_one_of_them_locked().await;

    let mut blocked = JoinSet::new();
    for _ in 0..32 {
        let service = service.clone();
        let change = json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#);
        blocked.spawn(async move { answer(&service, change).await });
    }
    let updates = format!(
        "select count(*) from information_schema.processlist
         where db = '{}' and id <> connection_id() and info like '%update users%'",
        schema.name()
    );
    eventually("as many waiting updates as there may be", async || {
        (schema.value(&updates).await.as_deref() == Some("12")).then_some(())
    })
    .await;
    for path in ["/users/2", "/users/1", "/users", "/ready"] {
        let others = answer(&service, request(Method::GET, path));
        assert_eq!(timeout(Duration::from_secs(1), others).await.expect(path).status, 200, "{path}");
    }
    // No request waits for the row for ever.
    for answer in blocked.join_all().await {
        assert_eq!(answer.status, 503);
        assert!(!answer.header("retry-after").is_empty());
    }
    raw_sql("rollback").execute(&mut other).await.unwrap();
    let change = json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#);
    assert_eq!(answer(&service, change).await.status, 200);
}

#[tokio::test]
async fn clients_that_insist_on_a_locked_row_let_others_write() {
    let (_schema, service, mut other) = two_users_one_of_them_locked().await;

    let mut insisting = JoinSet::new();
    for _ in 0..16 {
        let service = service.clone();
        insisting.spawn(async move {
            loop {
                let change = json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#);
                assert_eq!(answer(&service, change).await.status, 503);
            }
        });
    }
    for number in 0..5 {
        let change = json_request(Method::PUT, "/users/2", format!(r#"{{"full_name":"Bob {number}"}}"#));
        let changed = answer(&service, change).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
    }
    assert!(insisting.try_join_next().is_none(), "they still insist");
    insisting.abort_all();
    raw_sql("rollback").execute(&mut other).await.unwrap();
}
