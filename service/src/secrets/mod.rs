//! Credentials for MySQL, from the environment or from AWS Secrets Manager.

mod client;
mod fetch;
mod login_cache;
mod rds_json;
mod sdk_error;

use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use tokio::sync::OnceCell;

pub use self::client::new_client;
pub use self::fetch::{fetch_text, fetch_together};
use self::login_cache::LoginCache;
pub use self::rds_json::render;
pub(crate) use self::sdk_error::describe;
use crate::config::{Credentials, Login, Secret};

/// Why there are no credentials.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Secrets Manager refused, or did not answer.
    #[error("secret {id} could not be fetched: {message}")]
    Fetch {
        /// The name of the secret.
        id: String,
        /// Why, in one short line.
        message: String,
    },
    /// The secret does not have the form that it must have.
    #[error("secret {id} {message}")]
    Malformed {
        /// The name of the secret.
        id: String,
        /// What is wrong, without a value.
        message: String,
    },
}

impl Error {
    fn no_text(id: &str) -> Self {
        Self::Malformed { id: id.to_owned(), message: "holds bytes instead of JSON text".to_owned() }
    }

    fn no_answer(id: &str) -> Self {
        Self::Fetch { id: id.to_owned(), message: "it is missing in the answer".to_owned() }
    }
}

/// Where the login for MySQL comes from.
pub enum LoginSource {
    /// From the environment; it never changes.
    Fixed(Arc<Login>),
    /// From a secret, kept until the server refuses it.
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

    /// The login, fetched if it is not known yet. After a fetch that failed, the next is made after a pause of 1 to 30
    /// seconds; until then this fails at once, for the same reason.
    ///
    /// # Errors
    /// If the secret cannot be fetched or read.
    pub async fn current(&self) -> Result<Arc<Login>, Error> {
        match self {
            Self::Fixed(login) => Ok(Arc::clone(login)),
            Self::Secret(source) => source.cache.current(source.fetch()).await,
        }
    }

    /// The login to try after the server refused one; `None` if there is no other. After a fetch that brought no other,
    /// the next is made after a pause of 1 to 30 seconds; until then the answer is the same, at once.
    ///
    /// # Errors
    /// If the secret cannot be fetched or read.
    pub async fn after_refusal(&self, refused: &Login) -> Result<Option<Arc<Login>>, Error> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Secret(source) => source.cache.after_refusal(refused, source.fetch()).await,
        }
    }

    /// Records that the server has accepted a login: the secret may be fetched at once when it refuses one again.
    pub fn accepted(&self) {
        if let Self::Secret(source) = self {
            source.cache.accepted();
        }
    }
}

/// A secret, the client to fetch it with, and the login that it holds.
pub struct SecretSource {
    secret: Secret,
    client: OnceCell<Client>,
    cache: LoginCache,
}

impl SecretSource {
    fn new(mut secret: Secret) -> Self {
        let cache = LoginCache::new(secret.fetched.take());
        Self { secret, client: OnceCell::new(), cache }
    }

    async fn fetch(&self) -> Result<Login, Error> {
        // The futures of the SDK are large, and this is part of every future that may connect.
        let value = Box::pin(self.fetch_value())
            .await
            .map_err(|error| Error::Fetch { id: self.secret.id.clone(), message: describe(&error) })?;
        parse(value.secret_string(), &self.secret)
    }

    async fn fetch_value(&self) -> Result<GetSecretValueOutput, SdkError<GetSecretValueError>> {
        let client = self.client.get_or_init(|| new_client(&self.secret.aws)).await;
        client.get_secret_value().secret_id(&self.secret.id).send().await
    }
}

/// Reads the value of a secret.
///
/// # Errors
/// If it does not have the form that RDS writes.
pub fn parse(value: Option<&str>, secret: &Secret) -> Result<Login, Error> {
    let text = value.ok_or_else(|| Error::no_text(&secret.id))?;
    let malformed = |message| Error::Malformed { id: secret.id.clone(), message };
    rds_json::parse(text, &secret.server).map_err(malformed)
}
