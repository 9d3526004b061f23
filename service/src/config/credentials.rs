//! Where the credentials for MySQL come from.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::aws::{self, Aws};
use super::reader::Reader;
use super::setting::settings;

settings! {
    DB_CREDENTIALS = "env in dev; secret elsewhere and in Lambda",
        "env uses DB_HOST, DB_PORT, DB_USER and DB_PASSWORD; secret fetches them from AWS Secrets Manager";
    DB_HOST = "localhost", "The MySQL server, with DB_CREDENTIALS=env and for migrate-lambda and rotate-secret";
    DB_PORT = "3306", "Its port, likewise";
    DB_USER = "root", "The MySQL user, with DB_CREDENTIALS=env";
    DB_PASSWORD = "password", "The user's password, with DB_CREDENTIALS=env";
    DB_NAME = "ecommerce", "The schema; the dbname of a secret overrides it";
}

/// MySQL's own port, for a secret that names none.
const MYSQL_PORT: u16 = 3306;

/// Where the credentials for MySQL come from.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// From the environment.
    Fixed(Login),
    /// From AWS Secrets Manager.
    Secret(Secret),
}

/// A user of a MySQL server, and the schema to use.
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

/// Equal logins are refused alike.
impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        let Self { host, port, username, password, database } = self;
        (host, port, username, database) == (&other.host, &other.port, &other.username, &other.database)
            && password.expose_secret() == other.password.expose_secret()
    }
}

impl Eq for Login {}

/// A secret that holds credentials as RDS writes them.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name or ARN.
    pub id: String,
    /// The region and endpoint.
    pub aws: Aws,
    /// The defaults for what the secret leaves out.
    pub server: Server,
    /// The login that it held at the start, if it was fetched then.
    pub fetched: Option<Arc<Login>>,
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

pub(super) fn read(reader: &mut Reader<'_>, environment: &str, deployed: bool) -> Option<Credentials> {
    let from_secret = reader
        .get_or(&DB_CREDENTIALS, if deployed { "secret" } else { "env" })
        .choice(&[("env", false), ("secret", true)])?;
    if from_secret {
        Some(Credentials::Secret(application_secret(reader, environment)))
    } else {
        login(reader).map(Credentials::Fixed)
    }
}

/// The secret that holds the application's login and the name of its server.
pub(super) fn application_secret(reader: &mut Reader<'_>, environment: &str) -> Secret {
    Secret {
        id: format!("{environment}/rds/credentials"),
        aws: aws::read(reader),
        server: Server { host: None, port: MYSQL_PORT, database: reader.get(&DB_NAME).text() },
        fetched: None,
    }
}

/// The server for a secret that names none, such as the administrator's.
pub(super) fn server(reader: &mut Reader<'_>) -> Option<Server> {
    let host = reader.required(&DB_HOST, "the host name of the database server");
    let port = reader.get(&DB_PORT).port();
    Some(Server { host: Some(host?), port: port?, database: reader.get(&DB_NAME).text() })
}

fn login(reader: &mut Reader<'_>) -> Option<Login> {
    Some(Login {
        host: reader.get(&DB_HOST).text(),
        username: reader.get(&DB_USER).text(),
        password: reader.secret(&DB_PASSWORD),
        database: reader.get(&DB_NAME).text(),
        port: reader.get(&DB_PORT).port()?,
    })
}
