//! The secret with the credentials is missing, malformed, denied, or comes too slowly.

use std::sync::Arc;

use super::tally::Tally;
use super::traffic::HttpClient;
use crate::databases::MysqlSchema;
use crate::program::Server;
use crate::secrets_manager::{SecretsManager, Trouble};

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

/// Makes trouble, looks at what clients and the log are told, mends it, and looks again.
async fn assert_mendable(fault: &'static str, message: &str, break_it: fn(&SecretsManager)) {
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
    server.program.logged(&format!("secret {SECRET} {message}")).await;
    secrets.set_trouble(Trouble::None);
    secrets.put(SECRET, &schema.application());
    for _ in 0..10 {
        assert_eq!(client.list().await.status.unwrap(), 200);
    }
    let counts = tally.counts();
    assert_eq!((counts.sent, counts.answered, counts.shed), (13, 10, 3), "{tally}");
}

#[tokio::test]
async fn a_missing_secret_is_told_and_mended() {
    assert_mendable("secret missing", "could not be fetched", |_| {}).await;
}

#[tokio::test]
async fn a_malformed_secret_is_told_and_mended() {
    let break_it = |secrets: &SecretsManager| secrets.put_text(SECRET, "{not json");
    assert_mendable("secret malformed", "is not JSON", break_it).await;
}

#[tokio::test]
async fn a_denied_secret_is_told_and_mended() {
    let break_it = |secrets: &SecretsManager| secrets.set_trouble(Trouble::Denied);
    assert_mendable("secret denied", "could not be fetched", break_it).await;
}

#[tokio::test]
async fn a_secret_that_does_not_come_is_told_and_mended() {
    let break_it = |secrets: &SecretsManager| secrets.set_trouble(Trouble::Silent);
    assert_mendable("secret slow: no answer at all", "could not be fetched", break_it).await;
}
