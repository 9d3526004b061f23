//! The password is rotated under load.

use std::sync::Arc;
use std::time::Duration;

use sqlx::raw_sql;
use tokio::time::sleep;

use super::secret::{SECRET, variables};
use super::tally::Tally;
use super::traffic::Traffic;
use crate::harness::databases::MysqlSchema;
use crate::harness::program::Server;
use crate::harness::secrets_manager::SecretsManager;

/// MySQL keeps a second password during the rotation; on MariaDB the secret is changed first, and the old password works
/// until the account is changed.
#[tokio::test]
async fn a_password_that_is_rotated_under_load_fails_no_request() {
    let schema = MysqlSchema::migrated().await;
    let login = schema.change_password("first").await;
    let secrets = SecretsManager::start().await;
    secrets.put(SECRET, &login);
    let server = Server::start(&variables(&secrets)).await;
    let tally = Arc::new(Tally::of("password rotated twice under load, every connection ended"));
    let traffic = Traffic::start(&server.address, &tally, false);
    let mariadb = schema.value("select version()").await.unwrap().contains("MariaDB");
    let guest = schema.guest();
    for password in ["second", "third"] {
        sleep(Duration::from_millis(500)).await;
        if mariadb {
            secrets.put(SECRET, &schema.guest_login(password));
            schema.execute(&format!("alter user {guest}@'%' identified by '{password}'")).await;
        } else {
            let retain = format!("alter user {guest}@'%' identified by '{password}' retain current password");
            schema.execute(&retain).await;
            secrets.put(SECRET, &schema.guest_login(password));
            disconnect(&schema).await;
            sleep(Duration::from_millis(500)).await;
            schema.execute(&format!("alter user {guest}@'%' discard old password")).await;
        }
        disconnect(&schema).await;
    }
    sleep(Duration::from_millis(500)).await;
    traffic.end().await;
    let counts = tally.counts();
    assert!(counts.sent > 20, "{tally}");
    assert_eq!(counts.answered, counts.sent, "{tally}");
    let log = server.program.log().join("\n");
    assert!(!log.contains("second") && !log.contains("third"), "{log}");
}

/// Kills every connection of the guest, so that the next request has to log in again.
async fn disconnect(schema: &MysqlSchema) {
    let ids = format!(
        "select group_concat(id) from information_schema.processlist where user = '{}'",
        schema.guest()
    );
    let ids = schema.value(&ids).await.expect("the service has connections");
    // All at once: a read survives the loss of one connection, but not of another one on its retry.
    let kills: Vec<_> = ids.split(',').map(|id| format!("kill {id}")).collect();
    // One may have been closed already.
    let _ = raw_sql(&kills.join("; ")).execute(&mut schema.connect().await).await;
}
