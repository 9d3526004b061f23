//! Makes connections and decides whether an idle one can be used again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use secrecy::ExposeSecret;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Connection, MySqlConnection};
use tokio::time::timeout;
use tracing::log::LevelFilter;

use super::error::{Failure, is_access_denied};
use super::tls;
use crate::clock::IdleSince;
use crate::config::{Credentials, Login, Mysql, Tls};
use crate::secrets::LoginSource;
use crate::store::{Error, Outage};

/// Past this idle time a connection is pinged before it is used: a frozen Lambda sandbox, a restarted server or a
/// firewall may have killed it without a word.
const PING_AFTER: Duration = Duration::from_secs(5);

/// How long the ping of an idle connection may take.
const PING_LIMIT: Duration = Duration::from_millis(500);

/// Makes connections with the current login.
pub(super) struct Connector {
    logins: LoginSource,
    options: MySqlConnectOptions,
    /// How often connections have been given up.
    generation: AtomicU64,
}

/// A connection and when it was last used.
pub(super) struct Pooled {
    pub(super) connection: MySqlConnection,
    pub(super) idle_since: IdleSince,
    /// The connector's when this was made.
    pub(super) generation: u64,
}

impl Connector {
    pub(super) fn new(config: Mysql) -> Result<Self, Error> {
        Ok(Self {
            options: tls::options(&config.tls)?,
            logins: LoginSource::new(config.credentials),
            generation: AtomicU64::new(0),
        })
    }

    /// Connects. If the server refuses the login, the secret may have been rotated: it is fetched again, once.
    pub(super) async fn connect(&self) -> Result<MySqlConnection, Error> {
        let no_credentials = |error| Error::unavailable(Outage::Credentials, error);
        let login = self.logins.current().await.map_err(no_credentials)?;
        let refused = match self.log_in(&login).await {
            Err(error) if is_access_denied(&error) => error,
            result => return Ok(result.map_err(Failure::from)?),
        };
        match self.logins.after_refusal(&login).await.map_err(no_credentials)? {
            Some(login) => Ok(self.log_in(&login).await.map_err(Failure::from)?),
            None => Err(Failure::from(refused).into()),
        }
    }

    /// Gives up a connection that broke and all that were made before it, those on loan as well: what broke one has most
    /// likely broken them too, and a statement that is run again must not meet the next dead one.
    pub(super) fn give_up_with(&self, generation: u64) {
        let (next, order) = (generation + 1, Ordering::Relaxed);
        // Of many that find their connections dead at once, one counts.
        let _ = self.generation.compare_exchange(generation, next, order, order);
    }

    async fn log_in(&self, login: &Arc<Login>) -> Result<MySqlConnection, sqlx::Error> {
        self.options
            .clone()
            .host(&login.host)
            .port(login.port)
            .username(&login.username)
            .password(login.password.expose_secret())
            .database(&login.database)
            .log_statements(LevelFilter::Off)
            .log_slow_statements(LevelFilter::Off, Duration::MAX)
            .connect()
            .await
    }
}

impl Manager for Connector {
    type Type = Pooled;
    type Error = Error;

    async fn create(&self) -> Result<Pooled, Error> {
        let generation = self.generation.load(Ordering::Relaxed);
        // Boxed: it is large and rare, and would make the future of every request as large.
        let connection = Box::pin(self.connect()).await?;
        Ok(Pooled { connection, idle_since: IdleSince::now(), generation })
    }

    async fn recycle(&self, pooled: &mut Pooled, _: &Metrics) -> RecycleResult<Error> {
        // One after another, the pings of many dead connections would keep a request waiting for seconds.
        if pooled.generation != self.generation.load(Ordering::Relaxed) {
            return Err(RecycleError::message("made before a connection was found dead"));
        }
        if pooled.idle_since.elapsed() <= PING_AFTER {
            return Ok(());
        }
        let ping = timeout(PING_LIMIT, pooled.connection.ping()).await;
        let failure = match ping {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Failure::from(error),
            Err(_) => Failure::TimedOut,
        };
        self.give_up_with(pooled.generation);
        Err(Error::from(failure).into())
    }
}

/// Where the connections go, for people.
pub(super) fn description(config: &Mysql) -> String {
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
