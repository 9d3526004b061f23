//! Transactions of others that are in the way of a request.

use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use sqlx::{Connection, raw_sql};
use users_service::store::migration::Task;

use crate::databases::{MysqlSchema, TestDatabase, mysql_with_pool};
use crate::eventually::eventually;
use crate::test_app::{TestApp, answer, json_request, request, service_on};

/// Another session locks Bob's row, the request locks Ada's and waits for Bob's address, and then the other session
/// wants Ada's. The server ends the deadlock at the cost of the one that has changed less: the request.
#[tokio::test]
async fn a_request_that_loses_a_deadlock_is_tried_again() {
    let app = Arc::new(TestApp::on_mysql().await);
    app.user("ada").await;
    app.user("bob").await;
    let TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
    let deadlocks = "select count from information_schema.innodb_metrics where name = 'lock_deadlocks'";
    let mut other = schema.connect().await;
    let mut transaction = other.begin().await.unwrap();
    let values: Vec<_> =
        (0..200).map(|number| format!("('filler{number}', 'filler{number}@example.com')")).collect();
    let fill = format!("insert into users (username, email) values {}", values.join(", "));
    raw_sql(&fill).execute(&mut *transaction).await.unwrap();
    raw_sql("delete from users where username = 'bob'").execute(&mut *transaction).await.unwrap();

    let request = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.put("/users/1", json!({"email": "bob@example.com"})).await }
    });
    let mut probe = schema.connect().await;
    eventually("lock of the request on its row", async || {
        let look = raw_sql("select user_id from users where user_id = 1 for update nowait");
        look.execute(&mut probe).await.err()
    })
    .await;
    let before = schema.value(deadlocks).await;
    raw_sql("update users set full_name = 'Ada' where user_id = 1").execute(&mut *transaction).await.unwrap();
    assert_ne!(schema.value(deadlocks).await, before, "there was no deadlock");
    transaction.commit().await.unwrap();

    let answer = request.await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let user = answer.json();
    assert_eq!((user["email"].as_str(), user["full_name"].as_str()), (Some("bob@example.com"), Some("Ada")));
}

#[tokio::test]
async fn a_request_does_not_wait_for_ever_for_a_connection() {
    let schema = MysqlSchema::new().await;
    schema.migrate(Task::Apply).await.unwrap();
    schema.execute("insert into users (username, email) values ('ada', 'ada@example.com')").await;
    let service = service_on(mysql_with_pool(schema.login.clone(), 1)).await;
    let mut other = schema.connect().await;
    let mut transaction = other.begin().await.unwrap();
    raw_sql("select * from users for update").execute(&mut *transaction).await.unwrap();

    let blocked = tokio::spawn({
        let service = service.clone();
        let change = json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#);
        async move { answer(&service, change).await }
    });
    let updates = format!(
        "select count(*) from information_schema.processlist
         where db = '{}' and id <> connection_id() and info like '%update users%'",
        schema.name()
    );
    eventually("update on the only connection", async || {
        (schema.value(&updates).await.as_deref() == Some("1")).then_some(())
    })
    .await;
    let refused = answer(&service, request(Method::GET, "/users/1")).await;
    refused.assert_problem(503, "database_busy");
    assert_eq!(refused.header("retry-after"), "1");

    transaction.rollback().await.unwrap();
    assert_eq!(blocked.await.unwrap().status, 200);
    assert_eq!(answer(&service, request(Method::GET, "/users/1")).await.json()["full_name"], "Ada");
}
