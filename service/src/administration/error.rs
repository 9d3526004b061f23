//! Why a job failed.

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::store::migration::MigrateError;
use crate::{random, secrets, store};

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The migrations could not be done.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database could not do its part.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A secret could not be read.
    #[error(transparent)]
    Secret(#[from] secrets::Error),
    /// No password could be made.
    #[error(transparent)]
    Random(#[from] random::Error),
    /// Secrets Manager refused a call.
    #[error("{call} failed: {message}")]
    SecretsManager {
        /// The name of the call.
        call: &'static str,
        /// Why, in one short line.
        message: String,
    },
    /// The event is not one of a rotation.
    #[error("the event is not one of a rotation: {0}")]
    Event(String),
    /// The secret is not in the state that the step expects.
    #[error("{0}")]
    State(&'static str),
}

impl Error {
    /// The error type that Lambda reports.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Migrate(_) => "MigrationError",
            Self::Store(_) => "DatabaseError",
            Self::Random(_) | Self::Secret(_) | Self::SecretsManager { .. } => "SecretError",
            Self::Event(_) | Self::State(_) => "RotationError",
        }
    }

    /// A refused call, as a function for `map_err`.
    pub(super) fn of_call<E>(call: &'static str) -> impl Fn(SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        move |error| Self::SecretsManager { call, message: secrets::describe(&error) }
    }
}
