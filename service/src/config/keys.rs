//! Where the signing keys are.

use std::ffi::OsString;
use std::path::PathBuf;

use secrecy::SecretString;

use super::aws::{self, Aws};
use super::reader::Reader;
use super::setting::settings;
use super::{ConfigProblems, Log, deployment, log};

settings! {
    SIGNING_KEYS_FILE = "signing-keys.json; where the credentials come from a secret, the secret {ENVIRONMENT}/signing-keys",
        "The file with the keys that sign tokens, with ACCESS=tokens and for rotate-keys";
}

/// The file, unless another is set.
const FILE: &str = "signing-keys.json";

/// Where the signing keys are.
#[derive(Debug, Clone)]
pub enum Keys {
    /// In a file.
    File {
        /// Its path.
        path: PathBuf,
        /// Whether it is made if it is not there.
        make: bool,
    },
    /// In AWS Secrets Manager.
    Secret(KeySecret),
}

/// A secret that holds signing keys.
#[derive(Debug, Clone)]
pub struct KeySecret {
    /// Its name or ARN.
    pub id: String,
    /// The region and endpoint.
    pub aws: Aws,
    /// The text that it held at the start, if it was fetched then.
    pub fetched: Option<SecretString>,
}

/// `from_secret` says whether the credentials for the database come from a secret. A file that is named is used even then.
pub(super) fn read(reader: &mut Reader<'_>, environment: &str, from_secret: bool) -> Keys {
    match reader.optional(&SIGNING_KEYS_FILE) {
        None if from_secret => Keys::Secret(secret(reader, environment)),
        path => file(path, environment),
    }
}

fn file(path: Option<String>, environment: &str) -> Keys {
    Keys::File { path: path.unwrap_or_else(|| FILE.to_owned()).into(), make: environment == "dev" }
}

fn secret(reader: &mut Reader<'_>, environment: &str) -> KeySecret {
    KeySecret { id: format!("{environment}/signing-keys"), aws: aws::read(reader), fetched: None }
}

/// The configuration of `rotate-keys` and `rotate-keys-lambda`.
#[derive(Debug, Clone)]
pub struct KeyRotation {
    /// What is logged, and how.
    pub log: Log,
    /// The file, for `rotate-keys`.
    pub file: PathBuf,
    /// The secret, for `rotate-keys-lambda`.
    pub secret: KeySecret,
}

impl KeyRotation {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    #[expect(clippy::disallowed_methods, reason = "config/ is the only reader of the environment")]
    pub fn from_env() -> Result<Self, ConfigProblems> {
        Self::read(std::env::var_os::<&str>)
    }

    /// Reads variables from anywhere.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(lookup: impl Fn(&'static str) -> Option<OsString>) -> Result<Self, ConfigProblems> {
        let mut reader = Reader::new(&lookup);
        let rotation = Self::read_settings(&mut reader);
        reader.finish(rotation)
    }

    fn read_settings(reader: &mut Reader<'_>) -> Option<Self> {
        let environment = deployment::environment(reader);
        let in_lambda = aws::in_lambda(reader);
        let log = log::read(reader, in_lambda);
        let file = reader.optional(&SIGNING_KEYS_FILE).unwrap_or_else(|| FILE.to_owned()).into();
        let secret = secret(reader, &environment);
        Some(Self { log: log?, file, secret })
    }
}
