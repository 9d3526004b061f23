//! Logs in to the server and sets up the session.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Executor as _, MySqlConnection};
use tracing::log::LevelFilter;

use super::error::{classify, is_access_denied};
use super::tls;
use crate::clock::IdleSince;
use crate::config::{Credentials, Login, Mysql, Tls};
use crate::db::{Error, Outage};
use crate::secrets::LoginSource;

/// How long to wait after a refused login: trying again at once does not help, and some servers block a host after too many
/// errors (`max_connect_errors`).
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(1);

/// Text in UTF-8 and times in UTC, as sqlx expects, and errors instead of silent changes.
const SESSION: &str = "
    set names utf8mb4 collate utf8mb4_unicode_ci, time_zone = '+00:00',
        sql_mode = concat(@@sql_mode, ',PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION')";

/// The same with limits. The lock wait time-out is short, so that a lock held elsewhere does not block a pooled connection
/// for long. A statement that outlives its request is ended by the server: MySQL counts
/// milliseconds and only for `select`, MariaDB seconds. MariaDB skips comments with versions from 50700 to 50799.
const REQUEST_SESSION: &str = "
    set names utf8mb4 collate utf8mb4_unicode_ci, time_zone = '+00:00',
        sql_mode = concat(@@sql_mode, ',PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION'),
        innodb_lock_wait_timeout = 1, lock_wait_timeout = 4
        /*!50708 , max_execution_time = 9000 */ /*M!100108 , max_statement_time = 9 */";

/// Opens connections with the current login.
pub(in crate::db) struct Connector {
    logins: LoginSource,
    options: MySqlConnectOptions,
    session: &'static str,
    /// When the server last refused a login, and its message.
    refusal: Mutex<Option<(IdleSince, String)>>,
}

impl Connector {
    /// For requests, whose statements are short.
    pub(in crate::db) fn new(config: Mysql) -> Result<Self, Error> {
        Self::with_session(config, REQUEST_SESSION)
    }

    /// For migrations and administration, whose statements may take long.
    pub(in crate::db) fn without_limits(config: Mysql) -> Result<Self, Error> {
        Self::with_session(config, SESSION)
    }

    fn with_session(config: Mysql, session: &'static str) -> Result<Self, Error> {
        Ok(Self {
            options: tls::options(&config.tls)?,
            logins: LoginSource::new(config.credentials),
            session,
            refusal: Mutex::new(None),
        })
    }

    /// Connects. If the server refuses the login, the secret may have been rotated: it is fetched again, once.
    pub(in crate::db) async fn connect(&self) -> Result<MySqlConnection, Error> {
        self.pause_after_refusal()?;
        let no_credentials = |error| Error::unavailable(Outage::Credentials, error);
        let login = self.logins.current().await.map_err(no_credentials)?;
        let mut connected = self.log_in(&login).await;
        if connected.as_ref().is_err_and(is_access_denied)
            && let Some(newer) = self.logins.after_refusal(&login).await.map_err(no_credentials)?
        {
            connected = self.log_in(&newer).await;
        }
        match connected {
            Ok(connection) => {
                self.logins.accepted();
                Ok(connection)
            }
            Err(error) => {
                if is_access_denied(&error) {
                    self.remember_refusal(error.to_string());
                }
                Err(classify(error).0)
            }
        }
    }

    async fn log_in(&self, login: &Arc<Login>) -> Result<MySqlConnection, sqlx::Error> {
        let mut connection = self
            .options
            .clone()
            .host(&login.host)
            .port(login.port)
            .username(&login.username)
            .password(login.password.expose_secret())
            .database(&login.database)
            // One statement of our own sets everything.
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .set_names(false)
            .log_statements(LevelFilter::Off)
            .log_slow_statements(LevelFilter::Off, Duration::MAX)
            .connect()
            .await?;
        connection.execute(self.session).await?;
        Ok(connection)
    }

    fn remember_refusal(&self, message: String) {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        *refusal = Some((IdleSince::now(), message));
    }

    fn pause_after_refusal(&self) -> Result<(), Error> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        match refusal.as_ref() {
            Some((at, message)) if at.elapsed() < PAUSE_AFTER_REFUSAL => {
                Err(Error::unavailable(Outage::Credentials, message.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// Where the connections go, for people.
pub(in crate::db) fn description(config: &Mysql) -> String {
    let tls = match config.tls {
        Tls::Off => "without TLS",
        Tls::Preferred => "with TLS if it can",
        Tls::Verify { .. } => "with verified TLS",
    };
    match &config.credentials {
        Credentials::Fixed(login) => format!("MySQL {}:{}/{} {tls}", login.host, login.port, login.database),
        Credentials::Secret(secret) => format!("MySQL of secret {} {tls}", secret.id),
    }
}
