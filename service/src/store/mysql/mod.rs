//! MySQL and MariaDB: how a statement is run, and when it is run again.

pub mod accounts;
mod adopt;
mod error;
mod lease;
mod manager;
pub(super) mod migrate;
mod tls;
mod users;

use std::time::Duration;

use async_trait::async_trait;
use deadpool::Runtime;
use deadpool::managed::{self, Pool, PoolError, TimeoutType};
use sqlx::MySqlConnection;
use tokio::time::{sleep, timeout};

use self::error::Failure;
use self::lease::Lease;
use self::manager::Connector;
use crate::clock::monotonic;
use crate::config::Mysql;
use crate::store::{Error, Outage, READY_LIMIT, Store};

/// How long a request waits for a free connection. Past that it is answered 503 and not queued any longer.
const WAIT_LIMIT: Duration = Duration::from_secs(2);
/// How long making a connection may take, with a secret fetched anew on the way.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long the statements of one use case may take.
const STATEMENT_LIMIT: Duration = Duration::from_secs(8);
/// How often a use case is tried that other transactions keep from finishing.
const ATTEMPTS: u32 = 3;

/// A MySQL server and a pool of connections to it.
///
/// The pool is `deadpool`, because that of sqlx pings at every release, which is a round trip on each request, and
/// loses the connection's place when the ping meets a dead socket (launchbadge/sqlx#4349).
pub(super) struct MySqlStore {
    pool: Pool<Connector>,
    description: String,
}

/// Whether a statement that the server may or may not have carried out can be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// It changes nothing, or nothing more the second time.
    Harmless,
    /// Never blindly: it might be carried out twice, or fail over its own first success.
    Harmful,
}

/// What one use case does on a connection.
trait Statements: Sync {
    /// What comes of it.
    type Output: Send;
    /// Names it in the log.
    const NAME: &'static str;
    /// Whether it can be sent again after a lost connection.
    const REPEAT: Repeat;

    fn run(
        &self,
        connection: &mut MySqlConnection,
    ) -> impl Future<Output = Result<Self::Output, sqlx::Error>> + Send;
}

impl MySqlStore {
    pub(super) fn new(config: Mysql) -> Result<Self, Error> {
        let description = manager::description(&config);
        let size = config.pool_size;
        // The ping of an idle connection has its own limit.
        let timeouts =
            managed::Timeouts { wait: Some(WAIT_LIMIT), create: Some(CONNECT_LIMIT), recycle: None };
        let pool = Pool::builder(Connector::new(config)?)
            .max_size(size)
            .timeouts(timeouts)
            .queue_mode(managed::QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(Self { pool, description })
    }

    /// Runs the statements of one use case on a connection of the pool.
    ///
    /// A transaction that lost against another (deadlock, lock time-out) is run again. A harmless one is also run
    /// again, once, if its connection turned out to be dead.
    async fn run<S: Statements>(&self, statements: S) -> Result<S::Output, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.run_once(&statements).await {
                Ok(output) => return Ok(output),
                Err(failure) => failure,
            };
            let again = match &failure {
                Failure::Contended(_) => attempt < ATTEMPTS,
                Failure::ConnectionLost(_) => attempt == 1 && S::REPEAT == Repeat::Harmless,
                _ => false,
            };
            if !again {
                return Err(failure);
            }
            sleep(Duration::from_millis(10) * attempt).await;
            attempt += 1;
        }
    }

    async fn run_once<S: Statements>(&self, statements: &S) -> Result<S::Output, Failure> {
        let mut lease = Lease::new(self.pool.get().await.map_err(pool_error)?);
        let start = monotonic();
        let result = timeout(STATEMENT_LIMIT, statements.run(lease.connection()?)).await;
        let failure = match result {
            Ok(Ok(output)) => {
                lease.give_back();
                let ms = start.elapsed().as_secs_f64() * 1e3;
                tracing::info!(target: "sql", statement = S::NAME, ms, "Database query executed successfully");
                return Ok(output);
            }
            Ok(Err(error)) => Failure::from(error),
            Err(_) => Failure::TimedOut,
        };
        if failure.keeps_connection() {
            lease.give_back();
        } else {
            lease.give_up();
        }
        Err(failure)
    }
}

fn pool_error(error: PoolError<Error>) -> Failure {
    Failure::Store(match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(TimeoutType::Wait) => {
            Error::unavailable(Outage::Busy, "no connection came free in time")
        }
        PoolError::Timeout(_) => Error::unavailable(Outage::TimedOut, "connecting took too long"),
        error => Error::Internal(error.into()),
    })
}

struct Ready;

impl Statements for Ready {
    type Output = ();
    const NAME: &'static str = "ready";
    const REPEAT: Repeat = Repeat::Harmless;

    async fn run(&self, connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
        sqlx::query("select 1 from users limit 1").execute(connection).await.map(drop)
    }
}

#[async_trait]
impl Store for MySqlStore {
    async fn ready(&self) -> Result<(), Error> {
        match timeout(READY_LIMIT, self.run(Ready)).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Error::unavailable(Outage::TimedOut, "no answer within two seconds")),
        }
    }

    fn description(&self) -> String {
        self.description.clone()
    }
}
