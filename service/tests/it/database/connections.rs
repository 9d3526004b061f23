//! Which connections are kept, and which are closed.

use std::time::Duration;

use axum::http::Method;
use sqlx::raw_sql;
use tokio::task::JoinSet;
use tokio::time::timeout;
use users_service::app::Service;
use users_service::config;

use crate::harness::databases::{MysqlSchema, mysql_with_pool};
use crate::harness::eventually::eventually;
use crate::harness::test_app::{answer, json_request, request, service_on};
use crate::harness::wiretap::Wiretap;

const POOL: usize = 4;

/// A service all of whose connections are open.
async fn warm_service() -> (MysqlSchema, Service) {
    let schema = MysqlSchema::migrated().await;
    schema.execute("insert into users (username, email) values ('ada', 'ada@example.com')").await;
    let service = service_on(mysql_with_pool(schema.application(), POOL)).await;
    let mut lock = schema.connect().await;
    raw_sql("lock tables users write").execute(&mut lock).await.unwrap();
    let mut reads = JoinSet::new();
    for _ in 0..POOL {
        let service = service.clone();
        reads.spawn(async move { answer(&service, request(Method::GET, "/users/1")).await.status });
    }
    waiting(&schema, POOL).await;
    raw_sql("unlock tables").execute(&mut lock).await.unwrap();
    assert!(reads.join_all().await.iter().all(|status| *status == 200));
    assert_eq!(connections(&schema).await.len(), POOL);
    (schema, service)
}

/// The ids of the application's connections.
async fn connections(schema: &MysqlSchema) -> Vec<String> {
    let sql = format!(
        "select group_concat(id order by id) from information_schema.processlist where user = '{}'",
        schema.guest()
    );
    let ids = schema.value(&sql).await.unwrap_or_default();
    ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// Waits until this many statements of the application are running.
async fn waiting(schema: &MysqlSchema, number: usize) -> Vec<String> {
    let sql = format!(
        "select concat(count(*), ':', coalesce(group_concat(id), '')) from information_schema.processlist
         where user = '{}' and info like '%user%' and command <> 'Sleep'",
        schema.guest()
    );
    eventually(&format!("{number} statements at work"), async || {
        let value = schema.value(&sql).await.unwrap();
        let (count, ids) = value.split_once(':').unwrap();
        (count == number.to_string())
            .then(|| ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect())
    })
    .await
}

#[tokio::test]
async fn a_killed_statement_invalidates_no_other_connection() {
    let (schema, service) = warm_service().await;
    let before = connections(&schema).await;
    let mut lock = schema.connect().await;
    raw_sql("lock tables users write").execute(&mut lock).await.unwrap();
    let create = tokio::spawn({
        let body = r#"{"username":"bob","email":"bob@example.com"}"#;
        let (service, create) = (service.clone(), json_request(Method::POST, "/users", body));
        async move { answer(&service, create).await }
    });
    let killed = waiting(&schema, 1).await;
    schema.execute(&format!("kill query {}", killed[0])).await;
    create.await.unwrap().assert_problem(503, "database_unreachable");
    raw_sql("unlock tables").execute(&mut lock).await.unwrap();
    assert_eq!(answer(&service, request(Method::GET, "/users/1")).await.status, 200);
    let after = connections(&schema).await;
    let kept = before.iter().filter(|id| after.contains(id)).count();
    assert_eq!(kept, POOL - 1, "{before:?} {after:?}");
}

#[tokio::test]
async fn connections_of_clients_that_hang_up_are_released_and_not_closed() {
    let (schema, service) = warm_service().await;
    let before = connections(&schema).await;
    for _ in 0..3 {
        let mut lock = schema.connect().await;
        raw_sql("lock tables users write").execute(&mut lock).await.unwrap();
        let mut requests = JoinSet::new();
        for number in 0..POOL {
            let service = service.clone();
            requests.spawn(async move {
                let request = match number {
                    0 => json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#),
                    _ => request(Method::GET, "/users/1"),
                };
                // Hung up while the statement waits for the lock.
                timeout(Duration::from_millis(700), answer(&service, request)).await.is_err()
            });
        }
        waiting(&schema, POOL).await;
        assert!(requests.join_all().await.iter().all(|hung_up| *hung_up));
        raw_sql("unlock tables").execute(&mut lock).await.unwrap();
        waiting(&schema, 0).await;
        for _ in 0..POOL {
            assert_eq!(answer(&service, request(Method::GET, "/users/1")).await.status, 200);
        }
    }
    assert_eq!(connections(&schema).await, before);
    // The abandoned transaction holds no lock.
    let change = json_request(Method::PUT, "/users/1", r#"{"full_name":"Grace"}"#);
    assert_eq!(answer(&service, change).await.status, 200);
}

#[tokio::test]
async fn a_connection_that_is_made_for_a_client_that_hangs_up_is_kept() {
    let schema = MysqlSchema::migrated().await;
    schema.execute("insert into users (username, email) values ('ada', 'ada@example.com')").await;
    let tap = Wiretap::on(&schema.application()).await;
    let service = service_on(config::Database::Mysql(config::Mysql {
        credentials: config::Credentials::Fixed(tap.login.clone()),
        tls: config::Tls::Off,
        pool_size: POOL,
    }))
    .await;
    for _ in 0..50 {
        // Hung up before the handshake is over.
        let hung_up = timeout(Duration::from_micros(100), answer(&service, request(Method::GET, "/users/1")));
        let _ = hung_up.await;
    }
    for _ in 0..50 {
        assert_eq!(answer(&service, request(Method::GET, "/users/1")).await.status, 200);
    }
    let made = tap.take().connections;
    assert!((1..=POOL).contains(&made), "{made}");
}
