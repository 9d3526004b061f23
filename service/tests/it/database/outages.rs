//! A database that is unavailable, and recovers.

use axum::http::Method;
use secrecy::SecretString;
use serde_json::json;
use sqlx::raw_sql;
use users_service::app::Service;
use users_service::config::{Config, Login, Purpose};
use users_service::db::Database;
use users_service::migrations::ALL;

use crate::harness::databases::{MysqlSchema, SqliteFile, TestDatabase, drop_every_table, login, mysql_at};
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::test_app::{
    Answer, TestApp, answer, json_request, on_every_database, request, service_on,
};

on_every_database! {
    missing_tables_are_an_outage_and_not_an_internal_error,
    a_list_without_its_index_is_an_outage,
    it_is_not_ready_before_this_releases_migrations_are_applied,
}

#[track_caller]
fn assert_outage(answer: &Answer, code: &str) {
    answer.assert_problem(503, code);
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0, "{:?}", answer.headers);
    assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
}

async fn missing_tables_are_an_outage_and_not_an_internal_error(app: TestApp) {
    app.database.execute(&drop_every_table()).await;
    assert_outage(&app.get("/users/1").await, "database_not_migrated");
    assert_outage(&app.get("/users").await, "database_not_migrated");
    let body = json!({"username": "ada", "email": "ada@example.com"});
    assert_outage(&app.post("/users", body).await, "database_not_migrated");
    assert_outage(&app.put("/users/1", json!({"full_name": "Ada"})).await, "database_not_migrated");
    assert_outage(&app.delete("/users/1").await, "database_not_migrated");
    assert_outage(&app.get("/ready").await, "database_not_migrated");
    assert_eq!(app.get("/health").await.status, 200);
}

async fn a_list_without_its_index_is_an_outage(app: TestApp) {
    let drop_index = match &app.database {
        TestDatabase::Mysql(_) => "alter table users drop key idx_user_id",
        TestDatabase::Sqlite(_) => "drop index idx_user_id",
    };
    app.database.execute(drop_index).await;
    assert_outage(&app.get("/users").await, "database_not_migrated");
}

async fn it_is_not_ready_before_this_releases_migrations_are_applied(app: TestApp) {
    app.database.execute("delete from users_service_migrations where number = 2").await;
    assert_outage(&app.get("/ready").await, "database_not_migrated");
    app.database.execute("drop table users_service_migrations").await;
    assert_outage(&app.get("/ready").await, "database_not_migrated");
}

/// The code that every route answers over a server that cannot be used.
async fn assert_all_outages(login: Login, code: &str) {
    let service = service_on(mysql_at(login)).await;
    for (method, path) in [
        (Method::GET, "/users"),
        (Method::GET, "/users/1"),
        (Method::POST, "/users"),
        (Method::PUT, "/users/1"),
        (Method::DELETE, "/users/1"),
        (Method::GET, "/ready"),
    ] {
        let body = r#"{"username":"ada","email":"ada@example.com"}"#;
        assert_outage(&answer(&service, json_request(method, path, body)).await, code);
    }
    assert_eq!(answer(&service, request(Method::GET, "/health")).await.status, 200);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_outage() {
    let proxy = Proxy::to(&login("ecommerce")).await;
    let nowhere = proxy.login(&login("ecommerce"));
    drop(proxy);
    assert_all_outages(nowhere, "database_unreachable").await;
}

#[tokio::test]
async fn a_wrong_password_is_an_outage() {
    let wrong = Login { password: SecretString::from("wrong"), ..login("ecommerce") };
    assert_all_outages(wrong, "database_credentials").await;
}

#[tokio::test]
async fn a_schema_that_is_not_there_is_an_outage() {
    assert_all_outages(login("test_no_such_schema"), "database_missing").await;
}

#[tokio::test]
async fn a_user_without_rights_is_an_outage() {
    let schema = MysqlSchema::migrated().await;
    let reader = schema.create_guest("select", "password").await;
    let service = service_on(mysql_at(reader)).await;
    assert_eq!(answer(&service, request(Method::GET, "/users")).await.status, 200);
    assert_outage(&answer(&service, request(Method::DELETE, "/users/1")).await, "database_credentials");
}

/// An app behind a proxy that can cut its connections.
async fn app_behind_a_proxy() -> (Proxy, ProxiedApp) {
    let schema = MysqlSchema::migrated().await;
    let proxy = Proxy::to(&schema.login).await;
    let service = service_on(mysql_at(proxy.login(&schema.application()))).await;
    (proxy, ProxiedApp { service, _schema: schema })
}

struct ProxiedApp {
    service: Service,
    _schema: MysqlSchema,
}

impl ProxiedApp {
    async fn send(&self, method: Method, path: &str) -> Answer {
        let body = r#"{"username":"ada","email":"ada@example.com"}"#;
        answer(&self.service, json_request(method, path, body)).await
    }
}

#[tokio::test]
async fn a_server_that_comes_back_is_used_again() {
    let (proxy, app) = app_behind_a_proxy().await;
    assert_eq!(app.send(Method::POST, "/users").await.status, 201);
    for _ in 0..2 {
        proxy.set(Mode::Cut);
        assert_outage(&app.send(Method::GET, "/users/1").await, "database_unreachable");
        assert_outage(&app.send(Method::PUT, "/users/1").await, "database_unreachable");
        assert_outage(&app.send(Method::GET, "/ready").await, "database_unreachable");
        proxy.set(Mode::Open);
        assert_eq!(app.send(Method::GET, "/users/1").await.status, 200);
        assert_eq!(app.send(Method::PUT, "/users/1").await.status, 200);
        assert_eq!(app.send(Method::GET, "/ready").await.status, 200);
    }
}

#[tokio::test]
async fn a_read_survives_the_loss_of_its_connection() {
    let (proxy, app) = app_behind_a_proxy().await;
    assert_eq!(app.send(Method::POST, "/users").await.status, 201);
    proxy.set(Mode::Cut);
    proxy.set(Mode::Open);
    assert_eq!(app.send(Method::GET, "/users/1").await.status, 200);
    assert_eq!(app.send(Method::GET, "/users").await.status, 200);
}

#[tokio::test]
async fn a_create_is_not_repeated_blindly() {
    let (proxy, app) = app_behind_a_proxy().await;
    assert_eq!(app.send(Method::GET, "/users").await.status, 200);
    proxy.set(Mode::Cut);
    proxy.set(Mode::Open);
    let first = app.send(Method::POST, "/users").await;
    assert_outage(&first, "database_unreachable");
    assert_eq!(app.send(Method::POST, "/users").await.status, 201);
}

#[tokio::test]
async fn readiness_does_not_wait_for_a_silent_server() {
    let (proxy, app) = app_behind_a_proxy().await;
    proxy.set(Mode::Silent);
    assert_outage(&app.send(Method::GET, "/ready").await, "database_timed_out");
}

#[tokio::test]
async fn a_connection_that_the_server_killed_is_replaced() {
    let app = TestApp::on_mysql().await;
    app.user("ada").await;
    let TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
    let ids = format!(
        "select group_concat(id) from information_schema.processlist
         where db = '{}' and id <> connection_id()",
        schema.name()
    );
    let ids = schema.value(&ids).await.unwrap();
    for id in ids.split(',') {
        raw_sql(&format!("kill {id}")).execute(&mut schema.connect().await).await.unwrap();
    }
    assert_eq!(app.get("/users/1").await.status, 200);
}

#[tokio::test]
async fn a_locked_file_is_an_outage_until_it_is_free() {
    let app = TestApp::on_sqlite().await;
    let TestDatabase::Sqlite(file) = &app.database else { unreachable!() };
    let mut other = file.connect().await;
    raw_sql("begin immediate").execute(&mut other).await.unwrap();
    let body = json!({"username": "ada", "email": "ada@example.com"});
    assert_outage(&app.post("/users", body.clone()).await, "database_busy");
    // Readers do not wait for writers.
    assert_eq!(app.get("/users").await.status, 200);
    raw_sql("rollback").execute(&mut other).await.unwrap();
    assert_eq!(app.post("/users", body).await.status, 201);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_at_the_start() {
    let file = SqliteFile::new();
    std::fs::write(file.path(), "no database, but long enough to be taken for the header of one").unwrap();
    assert!(Database::open(file.config(), ALL).await.is_err());
}

#[tokio::test]
async fn a_server_without_a_verifiable_certificate_is_an_outage() {
    // The server of the tests has no certificate of Amazon's, which are trusted by default.
    let login = login("ecommerce");
    let variables = crate::harness::program::server_variables(&login);
    let config = Config::read(Purpose::Local, |name| match name {
        "DB_TLS" => Some("verify".into()),
        name => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()),
    });
    let service = service_on(config.unwrap().database).await;
    assert_outage(&answer(&service, request(Method::GET, "/users")).await, "database_tls");
}
