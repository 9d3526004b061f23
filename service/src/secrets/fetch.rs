//! Fetches the text of secrets, one or several at once.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{ApiErrorType, SecretValueEntry};
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use super::{Error, describe, new_client, parse};
use crate::config::{Credentials, Database, Keys, Mysql};
use crate::error_chain::chain;

/// The text of a secret.
///
/// # Errors
/// If it cannot be fetched, or holds bytes.
pub async fn fetch_text(client: &Client, id: &str) -> Result<SecretString, Error> {
    let value = client.get_secret_value().secret_id(id).send().await;
    let value = value.map_err(|error| Error::Fetch { id: id.to_owned(), message: describe(&error) })?;
    value.secret_string.map(SecretString::from).ok_or_else(|| Error::no_text(id))
}

/// Fetches the secrets of the database and of the signing keys in one call, if both are in Secrets Manager: one of several
/// milliseconds in a cold start instead of two. One that fails is logged, and fetched by itself when it is needed, which may
/// then succeed: `BatchGetSecretValue` needs a permission of its own, and is throttled long before `GetSecretValue`.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>
pub async fn fetch_together(database: &mut Database, keys: &mut Keys) {
    let Keys::Secret(keys) = keys else { return };
    let Database::Mysql(Mysql { credentials: Credentials::Secret(login), .. }) = database else { return };
    let client = new_client(&keys.aws).await;
    // The futures of the SDK are large.
    let mut texts = Box::pin(fetch_all(&client, [&login.id, &keys.id])).await;
    let mut take = |id: &str| texts.remove(id).unwrap_or_else(|| Err(Error::no_answer(id)));
    match take(&login.id).and_then(|text| parse(Some(text.expose_secret()), login)) {
        Ok(fetched) => login.fetched = Some(Arc::new(fetched)),
        Err(error) => warn!(cause = chain(&error), "The credentials were not fetched with the signing keys"),
    }
    match take(&keys.id) {
        Ok(fetched) => keys.fetched = Some(fetched),
        Err(error) => warn!(cause = chain(&error), "The signing keys were not fetched with the credentials"),
    }
}

/// The texts by the names or ARNs that they were asked for by.
async fn fetch_all(client: &Client, ids: [&str; 2]) -> HashMap<String, Result<SecretString, Error>> {
    let fetched = client.batch_get_secret_value().set_secret_id_list(Some(ids.map(str::to_owned).into()));
    let fetched = match fetched.send().await {
        Ok(fetched) => fetched,
        Err(error) => {
            let failed = |id: &str| Error::Fetch { id: id.to_owned(), message: describe(&error) };
            return ids.into_iter().map(|id| (id.to_owned(), Err(failed(id)))).collect();
        }
    };
    let asked_for = |name: Option<&str>, arn: Option<&str>| {
        ids.into_iter().find(|id| [name, arn].contains(&Some(*id))).map(str::to_owned)
    };
    let failures = fetched.errors.unwrap_or_default().into_iter().filter_map(|error| {
        let id = asked_for(error.secret_id(), None)?;
        let failed = failure(&id, &error);
        Some((id, Err(failed)))
    });
    let failures: Vec<_> = failures.collect();
    let values = fetched.secret_values.unwrap_or_default().into_iter().filter_map(|entry| {
        let id = asked_for(entry.name(), entry.arn())?;
        let text = text(&id, entry);
        Some((id, text))
    });
    values.chain(failures).collect()
}

fn text(id: &str, entry: SecretValueEntry) -> Result<SecretString, Error> {
    entry.secret_string.map(SecretString::from).ok_or_else(|| Error::no_text(id))
}

fn failure(id: &str, error: &ApiErrorType) -> Error {
    let [code, message] = [error.error_code(), error.message()].map(Option::unwrap_or_default);
    Error::Fetch { id: id.to_owned(), message: format!("{code}: {message}") }
}
