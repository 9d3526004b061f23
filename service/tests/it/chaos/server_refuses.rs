//! The server is up, but refuses connections, writes or locks.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use sqlx::{ConnectOptions, Connection, MySqlConnection, raw_sql};
use tokio::task::JoinSet;
use users_service::app::Service;
use users_service::clock::monotonic;
use users_service::config::Login;

use super::own_server::OwnServer;
use super::tally::Tally;
use crate::harness::databases::{MysqlSchema, mysql_at, mysql_with_pool, options};
use crate::harness::eventually::eventually;
use crate::harness::test_app::{Answer, answer, json_request, request, service_on};

fn get() -> Request<Body> {
    request(Method::GET, "/users")
}

fn create(username: &str) -> Request<Body> {
    let body = format!(r#"{{"username":"{username}","email":"{username}@example.com"}}"#);
    json_request(Method::POST, "/users", body)
}

fn rename() -> Request<Body> {
    json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#)
}

/// Sends a request and counts the answer, which must have this status or be a 503.
async fn counted(tally: &Tally, service: &Service, request: Request<Body>, expected: u16) -> Answer {
    let answer = answer(service, request).await;
    let retry_after = !answer.header("retry-after").is_empty();
    tally.answer(answer.status, retry_after, answer.status == expected);
    answer
}

#[tokio::test]
#[ignore = "takes a minute: make chaos"]
async fn too_many_connections_are_reported_as_busy_until_some_are_free() {
    let database = OwnServer::start(&["--max-connections=10"]).await;
    let guest = database.schema.application();
    let service = service_on(mysql_at(guest.clone())).await;
    let tally = Tally::of("server answers 'too many connections' (1040)");
    let others = exhaust(&guest).await;
    for number in 0..50 {
        counted(&tally, &service, get(), 200).await.assert_problem(503, "database_busy");
        counted(&tally, &service, create(&format!("user{number}")), 201).await;
    }
    assert_eq!((tally.counts().shed, tally.counts().sent), (100, 100), "{tally}");
    for other in others {
        other.close().await.unwrap();
    }
    eventually("free connection", async || {
        (counted(&tally, &service, get(), 200).await.status == 200).then_some(())
    })
    .await;
    for number in 0..50 {
        assert_eq!(counted(&tally, &service, create(&format!("user{number}")), 201).await.status, 201);
    }
    assert_eq!((tally.counts().wrong, tally.counts().lost), (0, 0), "{tally}");
}

/// Takes connections until the server has none left.
async fn exhaust(guest: &Login) -> Vec<MySqlConnection> {
    let mut connections = Vec::new();
    loop {
        match options(guest).connect().await {
            Ok(connection) => connections.push(connection),
            Err(error) => {
                assert!(error.to_string().contains("Too many connections"), "{error}");
                return connections;
            }
        }
    }
}

#[tokio::test]
#[ignore = "takes a minute: make chaos"]
async fn connections_to_a_read_only_server_are_discarded_and_writes_recover() {
    let database = OwnServer::start(&[]).await;
    let guest = database.schema.application();
    let service = service_on(mysql_with_pool(guest, 1)).await;
    let tally = Tally::of("server read-only after a failover (1290)");
    counted(&tally, &service, create("ada"), 201).await;
    let mariadb = database.schema.value("select version()").await.unwrap().contains("MariaDB");
    let variable = if mariadb { "read_only" } else { "super_read_only" };
    let connection = connection_ids(&database.schema).await;
    database.schema.execute(&format!("set global {variable} = 1")).await;
    for _ in 0..50 {
        counted(&tally, &service, create("bob"), 201).await.assert_problem(503, "database_read_only");
        counted(&tally, &service, rename(), 200).await.assert_problem(503, "database_read_only");
        assert_eq!(counted(&tally, &service, get(), 200).await.status, 200);
    }
    assert_ne!(
        connection_ids(&database.schema).await,
        connection,
        "it keeps a connection to a read-only server"
    );
    database.schema.execute("set global read_only = 0").await;
    assert_eq!(counted(&tally, &service, create("bob"), 201).await.status, 201);
    assert_eq!(counted(&tally, &service, rename(), 200).await.status, 200);
    let counts = tally.counts();
    assert_eq!((counts.sent, counts.answered, counts.shed), (153, 53, 100), "{tally}");
}

async fn connection_ids(schema: &MysqlSchema) -> Option<String> {
    let sql = format!(
        "select group_concat(id) from information_schema.processlist where user = '{}'",
        schema.guest()
    );
    schema.value(&sql).await
}

#[tokio::test]
#[ignore = "takes a minute: make chaos"]
async fn a_lock_wait_time_out_is_tried_three_times() {
    let database = OwnServer::start(&["--innodb-lock-wait-timeout=1"]).await;
    let service = service_on(database.schema.config()).await;
    let tally = Arc::new(Tally::of("row locked by another session (1205)"));
    counted(&tally, &service, create("ada"), 201).await;
    let mut other = database.schema.connect().await;
    let mut transaction = other.begin().await.unwrap();
    raw_sql("select * from users for update").execute(&mut *transaction).await.unwrap();
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let (tally, service) = (Arc::clone(&tally), service.clone());
        requests.spawn(async move { counted(&tally, &service, rename(), 200).await });
    }
    for answer in requests.join_all().await {
        answer.assert_problem(503, "database_contended");
    }
    transaction.rollback().await.unwrap();
    assert_eq!(counted(&tally, &service, rename(), 200).await.status, 200);
    let counts = tally.counts();
    assert_eq!((counts.sent, counts.answered, counts.shed), (10, 2, 8), "{tally}");
}

/// In each round another session locks Bob's row, the request locks Ada's and waits for Bob's address, and then the
/// other session wants Ada's. The server resolves the deadlock by rolling back the smaller transaction: the request's.
#[tokio::test]
async fn a_request_that_loses_a_deadlock_is_retried() {
    const ROUNDS: u64 = 20;
    let deadlocks = "select count from information_schema.innodb_metrics where name = 'lock_deadlocks'";
    let schema = MysqlSchema::migrated().await;
    let service = service_on(schema.config()).await;
    let tally = Arc::new(Tally::of("deadlock with another session (1213)"));
    counted(&tally, &service, create("ada"), 201).await;
    let (mut other, mut probe) = (schema.connect().await, schema.connect().await);
    for round in 0..ROUNDS {
        let bob = format!("bob{round}");
        counted(&tally, &service, create(&bob), 201).await;
        let mut transaction = other.begin().await.unwrap();
        raw_sql(&many_users(round)).execute(&mut *transaction).await.unwrap();
        let delete = format!("delete from users where username = '{bob}'");
        raw_sql(&delete).execute(&mut *transaction).await.unwrap();

        let change = json_request(Method::PUT, "/users/1", format!(r#"{{"email":"{bob}@example.com"}}"#));
        let request = tokio::spawn({
            let (tally, service) = (Arc::clone(&tally), service.clone());
            async move { counted(&tally, &service, change, 200).await }
        });
        eventually("lock of the request on its row", async || {
            let look = raw_sql("select user_id from users where user_id = 1 for update nowait");
            look.execute(&mut probe).await.err()
        })
        .await;
        let before = schema.value(deadlocks).await;
        let name = format!("update users set full_name = 'Ada {round}' where user_id = 1");
        raw_sql(&name).execute(&mut *transaction).await.unwrap();
        assert_ne!(schema.value(deadlocks).await, before, "there was no deadlock");
        transaction.commit().await.unwrap();

        let user = request.await.unwrap().json();
        assert_eq!(user["email"], format!("{bob}@example.com"), "{user}");
        assert_eq!(user["full_name"], format!("Ada {round}"), "{user}");
    }
    let counts = tally.counts();
    assert_eq!((counts.sent, counts.answered), (1 + 2 * ROUNDS, 1 + 2 * ROUNDS), "{tally}");
}

/// An insert that makes a transaction heavier than one update.
fn many_users(round: u64) -> String {
    let values: Vec<_> =
        (0..200).map(|n| format!("('filler{round}-{n}', 'filler{round}-{n}@example.com')")).collect();
    format!("insert into users (username, email) values {}", values.join(", "))
}

#[tokio::test]
async fn requests_without_a_connection_are_shed_and_not_queued_without_bound() {
    let schema = MysqlSchema::migrated().await;
    let service = service_on(mysql_with_pool(schema.application(), 2)).await;
    let tally = Arc::new(Tally::of("pool exhausted: 2 connections blocked, 200 requests"));
    counted(&tally, &service, create("ada"), 201).await;
    let mut other = schema.connect().await;
    // Reads wait for a locked table, but not for a locked row.
    raw_sql("lock tables users write").execute(&mut other).await.unwrap();
    let send = |request: fn() -> Request<Body>| {
        let (tally, service) = (Arc::clone(&tally), service.clone());
        async move {
            let start = monotonic();
            let answer = counted(&tally, &service, request(), 200).await;
            (answer.status, start.elapsed())
        }
    };
    let mut blocked = JoinSet::new();
    blocked.spawn(send(get));
    blocked.spawn(send(get));
    let reads = format!(
        "select count(*) from information_schema.processlist where db = '{}' and info like '%users.full_name%'
         and id <> connection_id()",
        schema.name()
    );
    eventually("two blocked reads", async || {
        (schema.value(&reads).await.as_deref() == Some("2")).then_some(())
    })
    .await;
    let mut waiting = JoinSet::new();
    for _ in 0..200 {
        waiting.spawn(send(get));
    }
    let waited = waiting.join_all().await;
    raw_sql("unlock tables").execute(&mut other).await.unwrap();
    assert!(waited.iter().all(|(status, _)| *status == StatusCode::SERVICE_UNAVAILABLE));
    let longest = waited.iter().map(|(_, time)| *time).max().unwrap();
    eprintln!("longest wait for a connection {longest:?}");
    // The limit is two seconds; the rest is scheduling.
    assert!(longest < Duration::from_secs(4), "{longest:?}");
    assert!(blocked.join_all().await.iter().all(|(status, _)| *status == StatusCode::OK));
    assert_eq!(counted(&tally, &service, get(), 200).await.status, 200);
    let counts = tally.counts();
    assert_eq!((counts.sent, counts.answered, counts.shed), (204, 4, 200), "{tally}");
}
