//! Transactions of others that are in the way of a request.

use axum::http::Method;
use sqlx::{Connection, raw_sql};

use crate::databases::{MysqlSchema, mysql_with_pool};
use crate::eventually::eventually;
use crate::test_app::{answer, json_request, request, service_on};

#[tokio::test]
async fn a_request_does_not_wait_for_ever_for_a_connection() {
    let schema = MysqlSchema::migrated().await;
    schema.execute("insert into users (username, email) values ('ada', 'ada@example.com')").await;
    let service = service_on(mysql_with_pool(schema.application(), 1)).await;
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
