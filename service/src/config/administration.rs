//! What the functions that administer the database read from the environment.

use std::ffi::OsString;

use super::reader::Reader;
use super::setting::settings;
use super::{ConfigProblems, Credentials, Log, Mysql, Secret, aws, credentials, deployment, log, mysql};

settings! {
    ADMIN_SECRET_ARN = "none", "The database administrator's secret, for migrate-lambda and rotate-secret only";
}

/// What `migrate-lambda` and `rotate-secret` need.
#[derive(Debug, Clone)]
pub struct Administration {
    /// What is logged, and how.
    pub log: Log,
    /// How to connect as the administrator.
    pub administrator: Mysql,
    /// The secret with the application's login.
    pub application: Secret,
}

impl Administration {
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
        let administration = Self::read_settings(&mut reader);
        reader.finish(administration)
    }

    fn read_settings(reader: &mut Reader<'_>) -> Option<Self> {
        let environment = deployment::environment(reader);
        let id = reader.required(&ADMIN_SECRET_ARN, "the ARN of the administrator's secret that RDS manages");
        let server = credentials::server(reader);
        let tls = mysql::tls(reader, true);
        let log = log::read(reader, true);
        let application = credentials::application_secret(reader, &environment);
        let server = server?;
        let administrators =
            Secret { id: id?, aws: aws::read(reader), server: server.clone(), fetched: None };
        let administrator =
            Mysql { credentials: Credentials::Secret(administrators), tls: tls?, pool_size: 1 };
        Some(Self { log: log?, administrator, application: Secret { server, ..application } })
    }
}
