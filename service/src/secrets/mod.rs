//! Credentials for MySQL, from the environment or from AWS Secrets Manager.

mod client;
mod rds_json;
mod sdk_error;

use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use tokio::sync::{Mutex, OnceCell};

pub use self::client::connect;
pub use self::rds_json::render;
pub(crate) use self::sdk_error::describe;
use crate::config::{Credentials, Login, Secret};

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// AWS did not hand the secret out.
    #[error("secret {id} could not be fetched: {message}")]
    Fetch {
        /// The name of the secret.
        id: String,
        /// Why, in one short line.
        message: String,
    },
    /// The secret is not what RDS writes.
    #[error("secret {id} {message}")]
    Malformed {
        /// The name of the secret.
        id: String,
        /// What is wrong, without a value.
        message: String,
    },
}

/// Hands out the login for MySQL.
pub enum LoginSource {
    /// Always the same.
    Fixed(Arc<Login>),
    /// From a secret, kept until it turns out to be out of date.
    Secret(Box<SecretSource>),
}

impl LoginSource {
    /// The source that the configuration asks for.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        match credentials {
            Credentials::Fixed(login) => Self::Fixed(Arc::new(login)),
            Credentials::Secret(secret) => Self::Secret(Box::new(SecretSource::new(secret))),
        }
    }

    /// The login, fetched if it is not known yet.
    ///
    /// # Errors
    /// If the secret cannot be had or read.
    pub async fn current(&self) -> Result<Arc<Login>, Error> {
        match self {
            Self::Fixed(login) => Ok(Arc::clone(login)),
            Self::Secret(source) => source.newer_than(None).await,
        }
    }

    /// The login after `refused` was refused by the server; `None` if there is no other.
    ///
    /// # Errors
    /// If the secret cannot be had or read.
    pub async fn after_refusal(&self, refused: &Arc<Login>) -> Result<Option<Arc<Login>>, Error> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Secret(source) => source.newer_than(Some(refused)).await.map(Some),
        }
    }
}

/// A secret and the login that it held when it was last fetched.
pub struct SecretSource {
    secret: Secret,
    client: OnceCell<Client>,
    login: Mutex<Option<Arc<Login>>>,
}

impl SecretSource {
    fn new(secret: Secret) -> Self {
        Self { secret, client: OnceCell::new(), login: Mutex::new(None) }
    }

    /// The login, unless it is `outdated`; then a fresh one. Of many callers at once one fetches, the others wait.
    async fn newer_than(&self, outdated: Option<&Arc<Login>>) -> Result<Arc<Login>, Error> {
        let mut known = self.login.lock().await;
        if let Some(login) = known.as_ref()
            && outdated.is_none_or(|outdated| !Arc::ptr_eq(outdated, login))
        {
            return Ok(Arc::clone(login));
        }
        let login = Arc::new(self.fetch().await?);
        *known = Some(Arc::clone(&login));
        Ok(login)
    }

    async fn fetch(&self) -> Result<Login, Error> {
        let id = &self.secret.id;
        let client = self.client.get_or_init(|| connect(&self.secret.aws)).await;
        let value = client.get_secret_value().secret_id(id).send().await.map_err(|error| Error::Fetch {
            id: id.clone(),
            message: describe(&error),
        })?;
        parse(value.secret_string(), &self.secret)
    }
}

/// Reads the value of a secret.
///
/// # Errors
/// If it has not the form that RDS writes.
pub fn parse(value: Option<&str>, secret: &Secret) -> Result<Login, Error> {
    let malformed = |message| Error::Malformed { id: secret.id.clone(), message };
    let text = value.ok_or_else(|| malformed("holds bytes instead of JSON text".to_owned()))?;
    rds_json::parse(text, &secret.server).map_err(malformed)
}
