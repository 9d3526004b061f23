//! What the functions that administer the database read from the environment.

use std::ffi::OsString;

use super::reader::Reader;
use super::{
    ConfigProblems, Credentials, Log, Mysql, Secret, Server, application_secret, aws, database_name,
    environment, log, tls,
};

/// What `migrate-lambda` and `rotate-secret` need.
#[derive(Debug, Clone)]
pub struct Administration {
    /// What is logged, and how.
    pub log: Log,
    /// The administrator's way to the server.
    pub administrator: Mysql,
    /// The secret with the application's login.
    pub application: Secret,
}

impl Administration {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn from_env() -> Result<Self, ConfigProblems> {
        Self::read(std::env::var_os::<&str>)
    }

    /// Reads variables from anywhere.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(lookup: impl Fn(&'static str) -> Option<OsString>) -> Result<Self, ConfigProblems> {
        let reader = &mut Reader::new(&lookup);
        let environment = environment(reader);
        let id =
            reader.required("ADMIN_SECRET_ARN", "the ARN of the administrator's secret that RDS manages");
        let server = Server {
            host: Some(reader.required("DB_HOST", "the host name of the database server")),
            port: reader.port("DB_PORT", 3306),
            database: database_name(reader),
        };
        let administrator = Mysql {
            credentials: Credentials::Secret(Secret { id, aws: aws(reader), server: server.clone() }),
            tls: tls(reader, true),
            pool_size: 1,
        };
        let application = Secret { server, ..application_secret(reader, &environment) };
        let administration = Self { log: log(reader, true), administrator, application };
        reader.finish(administration)
    }
}
