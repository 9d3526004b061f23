//! The only reader of the environment. It is read once, at the start, and every problem is listed.
//!
//! A module declares the settings that it reads, with their defaults and meanings, and reads them into a type.

mod access;
mod administration;
mod aws;
mod cache;
mod calls;
mod credentials;
mod database;
mod deployment;
mod keys;
mod limits;
mod listen;
mod log;
mod mail;
mod metrics;
mod mysql;
mod passwords;
mod reader;
mod sessions;
mod setting;
mod tokens;

use std::ffi::OsString;
use std::net::SocketAddr;

use axum::http::HeaderValue;

pub use self::access::{Access, TokenAccess};
pub use self::administration::Administration;
pub use self::aws::Aws;
pub use self::cache::Cache;
pub use self::credentials::{Credentials, Login, Secret, Server};
pub use self::database::Database;
pub use self::keys::{KeyRotation, KeySecret, Keys};
pub use self::limits::Limits;
pub use self::log::{Log, LogFormat};
pub use self::mail::{Link, Mail, MailTransport, Ses};
pub use self::metrics::{MetricLines, Metrics};
pub use self::mysql::{Mysql, Tls};
pub use self::passwords::{Hashing, Passwords};
use self::reader::Reader;
pub use self::reader::{ConfigProblem, ConfigProblems};
pub use self::sessions::SessionLifetime;
pub use self::setting::{Setting, table};
pub use self::tokens::Tokens;
use crate::trusted_proxies::TrustedProxies;

/// The settings of every module, in the order in which `--help` and docs/configuration.md show them.
const SETTINGS: &[&[Setting]] = &[
    deployment::SETTINGS,
    log::SETTINGS,
    listen::SETTINGS,
    metrics::SETTINGS,
    database::SETTINGS,
    credentials::SETTINGS,
    mysql::SETTINGS,
    access::SETTINGS,
    calls::SETTINGS,
    cache::SETTINGS,
    sessions::SETTINGS,
    tokens::SETTINGS,
    keys::SETTINGS,
    limits::SETTINGS,
    mail::SETTINGS,
    passwords::SETTINGS,
    administration::SETTINGS,
    aws::SETTINGS,
];

/// Every variable that the service reads.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().copied().flatten()
}

/// The configuration of `serve`, `lambda`, `worker-lambda` and `migrate`.
#[derive(Debug)]
pub struct Config {
    /// What is logged, and how.
    pub log: Log,
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// Who is told what the process has counted.
    pub metrics: Metrics,
    /// Which database, and how to connect to it.
    pub database: Database,
    /// How the application behaves.
    pub application: Application,
}

/// Whether calls need a token, for a command that nothing else is configured for.
///
/// # Errors
/// If it is neither `open` nor `tokens`.
#[expect(clippy::disallowed_methods, reason = "config/ is the only reader of the environment")]
pub fn calls_need_tokens() -> Result<bool, ConfigProblems> {
    let lookup = std::env::var_os::<&str>;
    let mut reader = Reader::new(&lookup);
    let needed = access::calls_need_tokens(&mut reader);
    reader.finish(needed)
}

/// How the application behaves, wherever it runs.
#[derive(Debug, Clone)]
pub struct Application {
    /// Who may call.
    pub access: Access,
    /// The origins whose web pages may call.
    pub cors_origins: Vec<HeaderValue>,
    /// Whether to change or remove a user a call needs `If-Match`.
    pub require_if_match: bool,
    /// How users that were read are kept; `None` is not at all.
    pub cache: Option<Cache>,
    /// Whether parameters that a call does not have are refused.
    pub strict_query: bool,
    /// How often something may be tried.
    pub limits: Limits,
    /// Whose word is taken for a client's IP address.
    pub trusted_proxies: TrustedProxies,
    /// What a password must be, and how passwords are hashed.
    pub passwords: Passwords,
}

/// Whether this process is an AWS Lambda function.
#[expect(clippy::disallowed_methods, reason = "config/ is the only reader of the environment")]
#[must_use]
pub fn in_lambda() -> bool {
    aws::in_lambda(&mut Reader::new(&std::env::var_os::<&str>))
}

/// Holds that this process is an AWS Lambda function, as a command that is for one needs it.
///
/// # Errors
/// Every variable of Lambda that is missing or wrong.
#[expect(clippy::disallowed_methods, reason = "config/ is the only reader of the environment")]
pub fn require_lambda() -> Result<(), ConfigProblems> {
    let lookup = std::env::var_os::<&str>;
    let mut reader = Reader::new(&lookup);
    let required = aws::require_lambda(&mut reader);
    reader.finish(required)
}

/// What the process runs as; some defaults depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `serve` or `migrate` on a machine.
    Local,
    /// An AWS Lambda function.
    Lambda,
}

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    #[expect(clippy::disallowed_methods, reason = "config/ is the only reader of the environment")]
    pub fn from_env(purpose: Purpose) -> Result<Self, ConfigProblems> {
        Self::read(purpose, std::env::var_os::<&str>)
    }

    /// Reads variables from anywhere.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(
        purpose: Purpose,
        lookup: impl Fn(&'static str) -> Option<OsString>,
    ) -> Result<Self, ConfigProblems> {
        let mut reader = Reader::new(&lookup);
        let config = Self::read_settings(&mut reader, purpose);
        reader.finish(config)
    }

    fn read_settings(reader: &mut Reader<'_>, purpose: Purpose) -> Option<Self> {
        let in_lambda = purpose == Purpose::Lambda || aws::in_lambda(reader);
        // All are read before the first `?`, so that every problem is listed.
        let log = log::read(reader, in_lambda);
        let listen = listen::read(reader);
        let metrics = metrics::read(reader, listen);
        let database = database::read(reader, in_lambda);
        let from_secret = in_lambda || database.as_ref().is_some_and(Database::uses_secret);
        let application = Application::read(reader, listen, in_lambda, from_secret);
        Some(Self {
            log: log?,
            listen: listen?,
            metrics: metrics?,
            database: database?,
            application: application?,
        })
    }
}

impl Application {
    fn read(
        reader: &mut Reader<'_>,
        listen: Option<SocketAddr>,
        in_lambda: bool,
        from_secret: bool,
    ) -> Option<Self> {
        let access = access::read(reader, listen, in_lambda, from_secret);
        let cors_origins = access::cors_origins(reader);
        let require_if_match = calls::require_if_match(reader);
        let cache = cache::read(reader);
        let strict_query = calls::strict_query(reader);
        let limits = limits::read(reader);
        let trusted_proxies = limits::trusted_proxies(reader);
        let passwords = passwords::read(reader, in_lambda);
        Some(Self {
            access: access?,
            cors_origins: cors_origins?,
            require_if_match: require_if_match?,
            cache: cache?,
            strict_query: strict_query?,
            limits: limits?,
            trusted_proxies: trusted_proxies?,
            passwords: passwords?,
        })
    }
}

#[cfg(test)]
mod tests;
