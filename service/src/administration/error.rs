//! Why a function failed.

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::db::migrations::MigrateError;
use crate::lambda_function::Failure;
use crate::{create_admin, db, keys, random, secrets};

/// Why a function failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A migration failed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database is unavailable, or a statement about the account failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// A secret could not be fetched or read.
    #[error(transparent)]
    Secret(#[from] secrets::Error),
    /// No keys could be made, or those in the secret cannot be read.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// There is no new administrator.
    #[error(transparent)]
    Administrator(#[from] create_admin::Error),
    /// No password could be generated.
    #[error(transparent)]
    Random(#[from] random::Error),
    /// A call to Secrets Manager failed.
    #[error("{call} failed: {message}")]
    SecretsManager {
        /// The name of the call.
        call: &'static str,
        /// Why, in one short line.
        message: String,
    },
    /// The event is not one of those that the function handles.
    #[error("the event is not one that this function handles: {0}")]
    Event(String),
    /// The secret is not in the state that the step expects.
    #[error("{0}")]
    State(&'static str),
}

impl Failure for Error {
    fn kind(&self) -> &'static str {
        match self {
            Self::Migrate(_) => "MigrationError",
            Self::Administrator(_) => "AdministratorError",
            Self::Database(_) => "DatabaseError",
            Self::Random(_) | Self::Keys(_) | Self::Secret(_) | Self::SecretsManager { .. } => "SecretError",
            Self::Event(_) | Self::State(_) => "RotationError",
        }
    }
}

impl Error {
    /// Turns the error of a call into this, for `map_err`.
    pub(super) fn failed_call<E>(call: &'static str) -> impl Fn(SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        move |error| Self::SecretsManager { call, message: secrets::describe(&error) }
    }
}
