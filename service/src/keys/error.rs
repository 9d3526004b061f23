//! Why there are no keys.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::Problem;
use crate::{random, secrets};

use super::signing_key::Unusable;

/// Until somebody corrects it, trying again is in vain.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Why there are no keys. It never shows a part of one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error(
        "there is no file {path} with the signing keys; `users-service rotate-keys` makes it",
        path = .0.display()
    )]
    Missing(PathBuf),
    /// Others may read the file, so that it is no secret.
    #[error(
        "the signing keys in {path} can be read by others (mode {mode:04o}); nobody else may: chmod 600 {path}",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The operating system refuses.
    #[error("the signing keys in {path} cannot be {action}: {message}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was to be done with it.
        action: &'static str,
        /// Why not.
        message: String,
    },
    /// They do not have the form that `rotate-keys` writes.
    #[error("the signing keys in {place} {message}")]
    Malformed {
        /// The file or the secret.
        place: String,
        /// What is wrong, without a value.
        message: String,
    },
    /// The secret cannot be fetched.
    #[error(transparent)]
    Secret(#[from] secrets::Error),
    /// Each rotation adds a key, and the old ones are still needed.
    #[error(
        "there are {0} signing keys already, because of many rotations in a short time; rotate again in two hours"
    )]
    Full(usize),
    /// No key could be made, or one could not be used.
    #[error("a signing key {0}")]
    Unusable(#[from] Unusable),
    /// No random key could be made.
    #[error(transparent)]
    Random(#[from] random::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::unavailable("keys_unavailable", "The signing keys are unavailable", RETRY_AFTER, error)
    }
}
