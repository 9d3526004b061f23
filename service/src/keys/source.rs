//! Where the keys are read from.

use std::path::PathBuf;
use std::pin::Pin;

use aws_sdk_secretsmanager::Client;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use super::key_set::KeySet;
use super::{Error, file};
use crate::config::KeySecret;
use crate::secrets;

/// A file or a secret.
pub(super) enum Source {
    File(PathBuf),
    Secret { secret: KeySecret, client: OnceCell<Client> },
}

impl Source {
    pub(super) fn secret(secret: KeySecret) -> Self {
        Self::Secret { secret, client: OnceCell::new() }
    }

    /// Reads the keys.
    pub(super) async fn read(&self) -> Result<KeySet, Error> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                let read = move || KeySet::parse(&file::read(&path)?, &path.display().to_string());
                spawn_blocking(read).await.unwrap_or_else(|error| {
                    let message = error.to_string();
                    Err(Error::Malformed { place: "the file".to_owned(), message })
                })
            }
            Self::Secret { secret, client } => {
                let client = client.get_or_init(|| secrets::new_client(&secret.aws)).await;
                // The futures of the SDK are large, and nested deeper than the compiler follows.
                let fetched: Pin<Box<dyn Future<Output = Result<SecretString, secrets::Error>> + Send + '_>> =
                    Box::pin(secrets::fetch_text(client, &secret.id));
                parse(&fetched.await?, &secret.id)
            }
        }
    }
}

/// Reads the text of a secret.
pub(super) fn parse(text: &SecretString, id: &str) -> Result<KeySet, Error> {
    KeySet::parse(text.expose_secret().as_bytes(), &format!("secret {id}"))
}
