//! Round trips to the server for each request, counted on the wire.

use axum::body::Body;
use axum::http::{Method, Request};
use users_service::app::Service;
use users_service::config::{Credentials, Database, Mysql, Tls};

use crate::harness::databases::MysqlSchema;
use crate::harness::test_app::{answer, json_request, request, service_on, with};
use crate::harness::wiretap::Wiretap;

/// A database with one connection, which is recorded.
async fn tapped_database() -> (MysqlSchema, Wiretap, Database) {
    // The server now knows the password: an unencrypted login needs no more than its hash.
    let schema = MysqlSchema::migrated().await;
    let tap = Wiretap::on(&schema.application()).await;
    let credentials = Credentials::Fixed(tap.login.clone());
    (schema, tap, Database::Mysql(Mysql { credentials, tls: Tls::Off, pool_size: 1 }))
}

async fn tapped_service() -> (MysqlSchema, Wiretap, Service) {
    let (schema, tap, config) = tapped_database().await;
    (schema, tap, service_on(config).await)
}

fn create(username: &str) -> Request<Body> {
    let body = format!(r#"{{"username":"{username}","email":"{username}@example.com"}}"#);
    json_request(Method::POST, "/users", body)
}

fn rename() -> Request<Body> {
    json_request(Method::PUT, "/users/1", r#"{"full_name":"Ada"}"#)
}

/// The same as a request that may be sent again.
fn once(request: Request<Body>) -> Request<Body> {
    with("idempotency-key", "k", request)
}

/// The same of a user that is there, whatever it is.
fn if_there(request: Request<Body>) -> Request<Body> {
    with("if-match", "*", request)
}

#[tokio::test]
async fn a_request_on_a_warm_connection_takes_this_many() {
    let (_schema, tap, service) = tapped_service().await;
    let get = |path| request(Method::GET, path);
    let delete = |path| request(Method::DELETE, path);
    // Each statement is prepared when it is first met.
    for warm_up in [
        create("ada"),
        create("bob"),
        once(create("eve")),
        rename(),
        if_there(rename()),
        get("/users/1"),
        get("/users"),
        get("/ready"),
        delete("/users/2"),
    ] {
        let path = warm_up.uri().clone();
        let answer = answer(&service, warm_up).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
    }
    tap.take();
    for (name, request, expected) in [
        ("get", get("/users/1"), &["execute"][..]),
        ("list", get("/users?page=1&page_size=10"), &["execute"]),
        ("ready", get("/ready"), &["execute"]),
        ("create", create("bob"), &["execute"]),
        ("sent again", once(create("eve")), &["execute"]),
        // Looks for the key; then begin, the key, the user, what it has made, commit.
        (
            "create once",
            with("idempotency-key", "l", create("max")),
            &["execute", "query", "execute", "execute", "execute", "query"],
        ),
        // Writes and reads in one transaction: begin, update, select, commit.
        ("update", rename(), &["query", "execute", "execute", "query"]),
        // Also locks the row and reads what it has.
        ("update if", if_there(rename()), &["query", "execute", "execute", "execute", "execute", "query"]),
        ("delete", delete("/users/3"), &["execute"]),
        ("delete if", if_there(delete("/users/4")), &["query", "execute", "execute", "execute", "query"]),
    ] {
        let answer = answer(&service, request).await;
        assert!(answer.status.is_success(), "{name}: {}", answer.text());
        let talk = tap.take();
        assert_eq!(talk.commands, expected, "{name}");
        assert_eq!((talk.turns, talk.connections), (expected.len(), 0), "{name}");
    }
}

#[tokio::test]
async fn a_lookup_on_a_warm_connection_takes_one() {
    let (_schema, tap, config) = tapped_database().await;
    let service = service_on(config).await;
    for expected in [&["query", "prepare", "execute", "prepare", "execute"][..], &["execute", "execute"]] {
        for query in ["username=ada", "email=ada@example.com"] {
            let found = answer(&service, request(Method::GET, &format!("/users?{query}"))).await;
            assert_eq!(found.json()["total"], 0);
        }
        assert_eq!(tap.take().commands, expected);
    }
}

#[tokio::test]
async fn a_fresh_connection_takes_this_many() {
    let (schema, tap, service) = tapped_service().await;
    tap.take();
    assert_eq!(answer(&service, request(Method::GET, "/users/1")).await.status, 404);
    let talk = tap.take();
    assert_eq!(talk.commands, ["query", "prepare", "execute"]);
    // The login takes one on MariaDB. On MySQL the driver asks for the server's key and sends the password with it.
    let mariadb = schema.value("select version()").await.unwrap().contains("MariaDB");
    let login = if mariadb { 1 } else { 3 };
    assert_eq!((talk.turns, talk.connections), (talk.commands.len() + login, 1));
}
