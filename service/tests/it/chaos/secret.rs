//! The secret with the credentials is missing, malformed, denied, or times out.

use std::sync::Arc;

use users_service::clock::monotonic;

use super::tally::Tally;
use super::traffic::HttpClient;
use crate::harness::databases::MysqlSchema;
use crate::harness::eventually::eventually;
use crate::harness::program::Server;
use crate::harness::secrets_manager::{Fault, SecretsManager};

pub(super) const SECRET: &str = "test/rds/credentials";

/// The variables of a service that takes its credentials from here.
pub(super) fn variables(secrets: &SecretsManager) -> Vec<(&'static str, String)> {
    vec![
        ("ENVIRONMENT", "test".to_owned()),
        ("DB_CREDENTIALS", "secret".to_owned()),
        ("DB_TLS", "preferred".to_owned()),
        ("AWS_ENDPOINT_URL", secrets.url()),
        ("AWS_ACCESS_KEY_ID", "test-key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test-secret".to_owned()),
    ]
}

/// Injects a fault, checks the answers and the log, removes the fault, and checks again.
async fn assert_recovers(fault: &'static str, message: &str, break_it: fn(&SecretsManager)) {
    let schema = MysqlSchema::migrated().await;
    let secrets = SecretsManager::start().await;
    break_it(&secrets);
    let server = Server::start(&variables(&secrets)).await;
    let tally = Arc::new(Tally::of(fault));
    let client = HttpClient::new(&server.address, &tally);
    for _ in 0..3 {
        assert_eq!(client.list().await.status.unwrap(), 503);
    }
    server.get("/users").await.assert_problem(503, "database_credentials");
    let line = server.program.logged(&format!("secret {SECRET} {message}")).await;
    assert!(line.len() < 400, "{line}");
    // Each fetch is tried twice if there is no answer, and `serve` does not wait for the first one.
    assert!(secrets.calls() <= 4, "{} calls for five requests", secrets.calls());
    secrets.inject(Fault::None);
    secrets.put(SECRET, &schema.application());
    recovered(&server).await;
    for _ in 0..10 {
        assert_eq!(client.list().await.status.unwrap(), 200);
    }
    let counts = tally.counts();
    assert_eq!((counts.sent, counts.answered, counts.shed), (13, 10, 3), "{tally}");
}

async fn recovered(server: &Server) {
    eventually("answer", async || (server.get("/users").await.status == 200).then_some(())).await;
}

/// The secret holds a password that the server refuses.
#[tokio::test]
async fn while_the_password_is_refused_the_secret_is_fetched_with_pauses() {
    let schema = MysqlSchema::migrated().await;
    let right = schema.change_password("right").await;
    let secrets = SecretsManager::start().await;
    secrets.put(SECRET, &schema.guest_login("wrong"));
    let server = Server::start(&variables(&secrets)).await;
    let begin = monotonic();
    for _ in 0..50 {
        server.get("/users").await.assert_problem(503, "database_credentials");
    }
    // One fetch at first, one after the refusal, and one after each pause of 1, 2, 4, … seconds.
    let allowed = 2 + usize::try_from(begin.elapsed().as_secs()).unwrap();
    assert!(secrets.calls() <= allowed, "{} calls, not {allowed}", secrets.calls());
    secrets.put(SECRET, &right);
    recovered(&server).await;
}

#[tokio::test]
async fn a_missing_secret_is_reported_and_recovered_from() {
    let message =
        "could not be fetched: ResourceNotFoundException: Secrets Manager can't find the specified secret.";
    assert_recovers("secret missing", message, |_| {}).await;
}

#[tokio::test]
async fn a_malformed_secret_is_reported_and_recovered_from() {
    let break_it = |secrets: &SecretsManager| secrets.put_text(SECRET, "{not json");
    assert_recovers("secret malformed", "is not JSON", break_it).await;
}

#[tokio::test]
async fn a_denied_secret_is_reported_and_recovered_from() {
    let break_it = |secrets: &SecretsManager| secrets.inject(Fault::Denied);
    let message = "could not be fetched: AccessDeniedException: not authorized to perform secretsmanager:GetSecretValue";
    assert_recovers("secret denied", message, break_it).await;
}

#[tokio::test]
async fn a_secret_that_times_out_is_reported_and_recovered_from() {
    let break_it = |secrets: &SecretsManager| secrets.inject(Fault::Silent);
    let message = "could not be fetched: request has timed out";
    assert_recovers("secret slow: no answer at all", message, break_it).await;
}
