//! `migrate-lambda`: migrates the database, and creates the application's account and secret if they are missing.

use aws_sdk_secretsmanager::Client;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tracing::info;

use super::Error;
use super::account::new_login;
use super::version;
use crate::config::{Administration, Database, Login, Secret};
use crate::db::account;
use crate::db::migrations::{self, Task};
use crate::migrations::{ALL, tables};
use crate::secrets;

pub(super) async fn migrate(administration: &Administration) -> Result<Value, Error> {
    let database = Database::Mysql(administration.administrator.clone());
    let steps = migrations::run(database, ALL, Task::Apply).await?;
    let secret = ensure_account(administration).await?;
    let migrations: Vec<Value> = steps
        .iter()
        .map(|step| json!({"number": step.number, "name": step.name, "state": step.state.name()}))
        .collect();
    info!("Migrated; the application's secret is {secret}");
    Ok(json!({"migrations": migrations, "secret": secret}))
}

/// Creates the account and its secret, or resets the account if it does not match the secret. The account comes first: if
/// this is killed in between, there is no secret yet, and the next run gives the account a new password.
async fn ensure_account(administration: &Administration) -> Result<&'static str, Error> {
    let secret = &administration.application;
    let client = secrets::new_client(&secret.aws).await;
    if let Some(login) = stored_login(&client, secret).await? {
        if account::works(&login, &administration.administrator.tls).await? {
            account::grant(administration.administrator.clone(), &login, tables()).await?;
        } else {
            account::ensure(administration.administrator.clone(), &login, tables()).await?;
        }
        return Ok("unchanged");
    }
    let login = new_login(secret)?;
    account::ensure(administration.administrator.clone(), &login, tables()).await?;
    let put = client
        .put_secret_value()
        .secret_id(&secret.id)
        .secret_string(secrets::render(&login).expose_secret());
    put.send().await.map_err(Error::failed_call("PutSecretValue"))?;
    Ok("created")
}

/// The login in the secret; `None` while the secret has no value.
async fn stored_login(client: &Client, secret: &Secret) -> Result<Option<Login>, Error> {
    let text = version::current(client, &secret.id).await?;
    Ok(text.map(|text| secrets::parse(Some(&text), secret)).transpose()?)
}
