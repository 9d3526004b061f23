//! Metrics of what is behind the requests: connections, mails, sessions; and the page as another implementation reads it.

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::raw_sql;
use tokio::task::JoinSet;
use users_service::metrics::METRICS;

use crate::harness::databases::MysqlSchema;
use crate::harness::eventually::eventually;
use crate::harness::program::{Server, server_variables};
use crate::harness::python::python;
use crate::process::metrics::{Watched, assert_samples};

const PASSWORD: &str = "correct horse battery staple";

/// The settings of accounts whose mails nobody takes.
const ACCOUNTS: [(&str, &str); 8] = [
    ("ACCESS", "tokens"),
    ("SIGN_UP", "open"),
    ("MAIL", "smtp"),
    ("MAIL_FROM", "users@example.com"),
    // Nothing listens there.
    ("SMTP_URL", "smtp://127.0.0.1:1"),
    ("PUBLIC_URL", "http://localhost:8000"),
    ("SIGNING_KEYS_FILE", "keys.json"),
    ("PASSWORD_HASH", "m=8,t=1,p=1"),
];

async fn on_server(schema: &MysqlSchema, variables: &[(&'static str, &str)]) -> Watched {
    let own = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let own = own.chain([("METRICS_PORT", "0".to_owned())]);
    let variables: Vec<_> = server_variables(&schema.application()).into_iter().chain(own).collect();
    Watched::over(Server::start(&variables).await).await
}

async fn sign_up(server: &Server) {
    let user = json!({"username": "ada", "email": "ada@example.com", "password": PASSWORD});
    assert_eq!(server.post("/users", user).await.status, 201);
}

async fn counts_mails_that_wait(watched: Watched) {
    let server = &watched.server;
    sign_up(server).await;
    let asked = server.post("/email-verifications", json!({"email": "ada@example.com"})).await;
    assert_eq!(asked.status, 202);
    let samples = eventually("mail that waits", async || {
        Some(watched.scrape().await).filter(|samples| samples["users_service_mails_waiting"] > 0.0)
    })
    .await;
    assert_samples(&samples, &[("users_service_mails_waiting", 1.0)]);
    assert!(samples[r#"users_service_mails_total{outcome="postponed"}"#] >= 1.0, "{samples:#?}");
    assert!(samples[r#"users_service_job_runs_total{outcome="done"}"#] >= 1.0, "{samples:#?}");
    assert!(samples["users_service_mails_waiting_seconds"] < 60.0, "{samples:#?}");
    let older = eventually("older mail", async || {
        Some(watched.scrape().await).filter(|samples| samples["users_service_mails_waiting_seconds"] > 1.0)
    })
    .await;
    assert_samples(&older, &[(r#"users_service_mails_total{outcome="given_up"}"#, 0.0)]);
}

#[tokio::test]
async fn mails_that_wait_are_counted_on_sqlite() {
    counts_mails_that_wait(Watched::on_sqlite(&ACCOUNTS).await).await;
}

#[tokio::test]
async fn mails_that_wait_are_counted_on_the_server() {
    let schema = MysqlSchema::migrated().await;
    counts_mails_that_wait(on_server(&schema, &ACCOUNTS).await).await;
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_is_counted() {
    let watched = Watched::on_sqlite(&ACCOUNTS).await;
    let server = &watched.server;
    sign_up(server).await;
    let signed_in = server.post("/sessions", json!({"login": "ada", "password": PASSWORD})).await;
    let first = signed_in.json()["refresh_token"].clone();
    let mut token = first.clone();
    for _ in 0..2 {
        let answer = server.post("/sessions/refresh", json!({"refresh_token": token})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        token = answer.json()["refresh_token"].clone();
    }
    let reused = "users_service_refresh_tokens_reused_total";
    assert_samples(&watched.scrape().await, &[(reused, 0.0)]);
    assert_eq!(server.post("/sessions/refresh", json!({"refresh_token": first})).await.status, 401);
    assert_samples(&watched.scrape().await, &[(reused, 1.0)]);
}

#[tokio::test]
async fn waits_for_a_connection_are_counted_and_timed() {
    let schema = MysqlSchema::migrated().await;
    let watched = on_server(&schema, &[("DB_POOL_SIZE", "1")]).await;
    assert_eq!(watched.server.get("/users").await.status, 200);
    let before = watched.scrape().await;
    let mut other = schema.connect().await;
    raw_sql("lock tables users write").execute(&mut other).await.unwrap();
    let mut blocked = JoinSet::new();
    for _ in 0..4 {
        let (client, url) = (reqwest::Client::builder().no_proxy(), &watched.server.address);
        let request = client.build().unwrap().get(format!("http://{url}/users/1"));
        blocked.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    // One is blocked by the lock, and nobody else gets its connection.
    eventually("refusal", async || {
        let samples = watched.scrape().await;
        (samples["users_service_db_connection_refusals_total"] >= 1.0).then_some(())
    })
    .await;
    raw_sql("unlock tables").execute(&mut other).await.unwrap();
    let statuses = blocked.join_all().await;
    assert!(statuses.contains(&503), "{statuses:?}");
    let after = watched.scrape().await;
    let grown = |name: &str| after[name] - before[name];
    assert!(grown("users_service_db_connection_waits_total") >= 3.0, "{after:#?}");
    assert!(grown("users_service_db_connection_wait_seconds_total") > 1.0, "{after:#?}");
}

#[tokio::test]
async fn connections_of_clients_are_counted_while_they_are_open() {
    let watched = Watched::on_sqlite(&[]).await;
    let open = "users_service_http_connections_open";
    assert_samples(&watched.scrape().await, &[(open, 0.0)]);
    let connect = || TcpStream::connect(&watched.server.address).unwrap();
    let connections = [connect(), connect(), connect()];
    let seen = async |number: f64| {
        eventually("connections", async || {
            (watched.scrape().await[open].total_cmp(&number).is_eq()).then_some(())
        })
        .await;
    };
    seen(3.0).await;
    drop(connections);
    seen(0.0).await;
}

#[tokio::test]
async fn another_implementation_reads_the_page() {
    let watched = Watched::on_sqlite(&ACCOUNTS).await;
    sign_up(&watched.server).await;
    watched.server.get("/users/7").await;
    let page = watched.ask(Method::GET, "/metrics").await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/process/openmetrics.py");
    let mut python = Command::new(python());
    let mut child = python.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(page.text().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "what it says is above, of {}", page.text());
    let families: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(families.as_object().unwrap().len(), METRICS.len());
    for metric in METRICS {
        let family = &families[metric.name];
        assert_eq!(family[0], metric.kind.name(), "{}", metric.name);
        assert_eq!(family[1], metric.unit.unwrap_or_default(), "{}", metric.name);
        // No limit has refused anything.
        assert_eq!(family[2].as_u64().unwrap() > 0, metric.labels != ["limit"], "{}", metric.name);
    }
}
