//! The only reader of the environment. It is read once, at the start, and every problem is listed.

mod administration;
mod reader;
mod settings;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use secrecy::SecretString;
use tracing::level_filters::LevelFilter;

pub use self::administration::Administration;
use self::reader::Reader;
pub use self::reader::{ConfigProblem, ConfigProblems};
pub use self::settings::{SETTINGS, Setting, table};

/// Everything that the environment decides.
#[derive(Debug)]
pub struct Config {
    /// What is logged, and how.
    pub log: Log,
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// Which database, and how to get at it.
    pub database: Database,
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The least severe level that is written.
    pub level: LevelFilter,
    /// One line of text, or one JSON object, for each event. By default text at a terminal, and JSON elsewhere.
    pub format: Option<LogFormat>,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// For a log service.
    Json,
}

/// Which database holds the users.
#[derive(Debug)]
pub enum Database {
    /// A MySQL or MariaDB server.
    Mysql(Mysql),
    /// An embedded database in one file.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
}

/// How to get at a MySQL server.
#[derive(Debug, Clone)]
pub struct Mysql {
    /// Where the credentials come from.
    pub credentials: Credentials,
    /// Whether the connection is encrypted and the server verified.
    pub tls: Tls,
    /// The most connections at a time.
    pub pool_size: usize,
}

/// Where the credentials for MySQL come from.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// From the environment.
    Fixed(Login),
    /// From AWS Secrets Manager.
    Secret(Secret),
}

/// A server, a database on it, and who may use it.
#[derive(Debug, Clone)]
pub struct Login {
    /// A host name or address.
    pub host: String,
    /// A TCP port.
    pub port: u16,
    /// A MySQL user.
    pub username: String,
    /// The user's password.
    pub password: SecretString,
    /// The schema that holds the tables.
    pub database: String,
}

/// A secret that holds credentials as RDS writes them.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name or ARN.
    pub id: String,
    /// Where it is kept.
    pub aws: Aws,
    /// What holds where the secret is silent.
    pub server: Server,
}

/// Where requests to AWS go.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The region.
    pub region: String,
    /// Whether `AWS_ENDPOINT_URL` sends requests elsewhere than to AWS.
    pub custom_endpoint: bool,
}

/// A MySQL server and a schema on it.
#[derive(Debug, Clone)]
pub struct Server {
    /// A host name or address.
    pub host: Option<String>,
    /// A TCP port.
    pub port: u16,
    /// The schema that holds the tables.
    pub database: String,
}

/// How the connection to MySQL is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Off,
    /// Encrypted if the server can; the server is not verified.
    Preferred,
    /// Encrypted, and the server's certificate must be valid for its host name.
    Verify {
        /// Certificate authorities in PEM; those of Amazon RDS by default.
        ca_file: Option<PathBuf>,
    },
}

/// What the process is started for; it decides some defaults.
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
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
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
        let reader = &mut Reader::new(&lookup);
        // The Runtime API's address is set in every Lambda function and nowhere else.
        let in_lambda = purpose == Purpose::Lambda || reader.text("AWS_LAMBDA_RUNTIME_API").is_some();
        let config = Self {
            log: log(reader, in_lambda),
            listen: SocketAddr::new(
                reader.parsed("HOST", IpAddr::from([0, 0, 0, 0]), "an IP address, such as 127.0.0.1"),
                reader.port("PORT", 8000),
            ),
            database: database(reader, in_lambda),
        };
        reader.finish(config)
    }
}

fn log(reader: &mut Reader<'_>, in_lambda: bool) -> Log {
    let levels = [
        ("TRACE", LevelFilter::TRACE),
        ("DEBUG", LevelFilter::DEBUG),
        ("INFO", LevelFilter::INFO),
        ("WARN", LevelFilter::WARN),
        ("WARNING", LevelFilter::WARN),
        ("ERROR", LevelFilter::ERROR),
        ("CRITICAL", LevelFilter::ERROR),
        ("OFF", LevelFilter::OFF),
    ];
    let formats = [("text", Some(LogFormat::Text)), ("json", Some(LogFormat::Json))];
    let default_format = in_lambda.then_some(LogFormat::Json);
    Log {
        level: reader.choice("LOG_LEVEL", LevelFilter::INFO, &levels),
        format: reader.choice("LOG_FORMAT", default_format, &formats),
    }
}

#[cfg(feature = "sqlite")]
fn database(reader: &mut Reader<'_>, in_lambda: bool) -> Database {
    if reader.choice("DB_ENGINE", false, &[("mysql", false), ("sqlite", true)]) {
        let path = reader.text("SQLITE_PATH").unwrap_or_else(|| "users.db".to_owned());
        return Database::Sqlite(path.into());
    }
    Database::Mysql(mysql(reader, in_lambda))
}

#[cfg(not(feature = "sqlite"))]
fn database(reader: &mut Reader<'_>, in_lambda: bool) -> Database {
    reader.choice("DB_ENGINE", (), &[("mysql", ())]);
    Database::Mysql(mysql(reader, in_lambda))
}

fn mysql(reader: &mut Reader<'_>, in_lambda: bool) -> Mysql {
    let environment = environment(reader);
    let deployed = in_lambda || environment != "dev";
    let from_secret = reader.choice("DB_CREDENTIALS", deployed, &[("env", false), ("secret", true)]);
    Mysql {
        credentials: if from_secret {
            Credentials::Secret(application_secret(reader, &environment))
        } else {
            Credentials::Fixed(login(reader))
        },
        tls: tls(reader, deployed || from_secret),
        pool_size: reader.in_range("DB_POOL_SIZE", if in_lambda { 1 } else { 16 }, 1..=1000),
    }
}

fn environment(reader: &mut Reader<'_>) -> String {
    let environment = reader.text("ENVIRONMENT").unwrap_or_else(|| "dev".to_owned());
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !environment.bytes().all(valid) {
        reader.problem(
            "ENVIRONMENT",
            "is part of a secret's name: use letters, digits, '-' and '_', such as dev",
        );
    }
    environment
}

/// The secret that holds the application's login. It names its server itself.
fn application_secret(reader: &mut Reader<'_>, environment: &str) -> Secret {
    Secret {
        id: format!("{environment}/rds/credentials"),
        aws: aws(reader),
        server: Server { host: None, port: 3306, database: database_name(reader) },
    }
}

fn aws(reader: &mut Reader<'_>) -> Aws {
    let endpoints = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER"];
    Aws {
        region: reader.text("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
        custom_endpoint: endpoints.iter().any(|name| reader.text(name).is_some()),
    }
}

fn login(reader: &mut Reader<'_>) -> Login {
    Login {
        host: reader.text("DB_HOST").unwrap_or_else(|| "localhost".to_owned()),
        port: reader.port("DB_PORT", 3306),
        username: reader.text("DB_USER").unwrap_or_else(|| "root".to_owned()),
        password: reader.secret("DB_PASSWORD").unwrap_or_else(|| "password".into()),
        database: database_name(reader),
    }
}

fn database_name(reader: &mut Reader<'_>) -> String {
    reader.text("DB_NAME").unwrap_or_else(|| "ecommerce".to_owned())
}

fn tls(reader: &mut Reader<'_>, verify_by_default: bool) -> Tls {
    let ca_file = reader.text("DB_CA_FILE").map(PathBuf::from);
    if let Some(path) = &ca_file
        && let Err(error) = std::fs::metadata(path)
    {
        reader.problem("DB_CA_FILE", format!("{} cannot be read: {error}", path.display()));
    }
    let verify = Tls::Verify { ca_file };
    let default = if verify_by_default { verify.clone() } else { Tls::Preferred };
    reader.choice("DB_TLS", default, &[("off", Tls::Off), ("preferred", Tls::Preferred), ("verify", verify)])
}

#[cfg(test)]
mod tests;
