//! Where a statement runs: on a connection of the pool, with retries, or in a transaction.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Database;
use super::error::{Error, Retry};
use super::in_flight::finish;
use super::outcome::{Answer, Outcome, Wanted};
use super::statement::{Dialect, Statement, Value};
use crate::clock::monotonic;
use crate::metrics;
use crate::request_context;

/// How often work is tried that conflicts with other transactions.
const ATTEMPTS: u32 = 3;

/// Runs statements: a [`Database`] by themselves, a [`super::Transaction`] together.
pub(crate) trait Executor: Send {
    /// Runs a statement. Its type decides what is returned: the first row (`Option<R>`), all rows (`Vec<R>`), or what was
    /// written ([`super::Written`]).
    fn run<T: Outcome>(
        self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<T, Error>> + Send
    where
        Self: Sized,
    {
        async move {
            let answer = self.answer(statement, values, T::wanted).await;
            metrics::statement(&answer);
            T::read(answer?).map_err(|error| Error::Internal(error.into()))
        }
    }

    /// The driver's answer to a statement.
    fn answer(
        self,
        statement: &'static Statement,
        values: &[Value<'_>],
        wanted: fn(Dialect) -> Wanted,
    ) -> impl Future<Output = Result<Answer, Error>> + Send;
}

impl Executor for &Database {
    /// A statement that conflicted with another transaction took no effect and is run again. One whose connection was lost
    /// is run again if it is idempotent.
    async fn answer(
        self,
        statement: &'static Statement,
        values: &[Value<'_>],
        wanted: fn(Dialect) -> Wanted,
    ) -> Result<Answer, Error> {
        let deadline = request_context::deadline();
        let may_retry = |error: &Error, attempt| may_retry(error, attempt, statement.is_idempotent());
        retry(deadline, may_retry, || self.attempt(deadline, statement, values, wanted)).await
    }
}

impl Database {
    async fn attempt(
        &self,
        deadline: Instant,
        statement: &'static Statement,
        values: &[Value<'_>],
        wanted: fn(Dialect) -> Wanted,
    ) -> Result<Answer, Error> {
        let mut leased = self.0.connections.lease(statement.access(), deadline).await?;
        leased.bind(values)?;
        finish(deadline, async move { log(statement, leased.run(statement, wanted)).await }).await?
    }
}

/// Logs the name and the duration of a statement that succeeds, if the level allows.
pub(super) async fn log<T>(
    statement: &Statement,
    run: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    if !tracing::enabled!(target: "sql", tracing::Level::INFO) {
        return run.await;
    }
    let start = monotonic();
    let value = run.await?;
    let ms = start.elapsed().as_secs_f64() * 1e3;
    tracing::info!(target: "sql", statement = statement.name, ms, "Database query executed successfully");
    Ok(value)
}

/// Whether a failed attempt, the first being 1, may be followed by another.
pub(super) fn may_retry(error: &Error, attempt: u32, idempotent: bool) -> bool {
    match error.retry() {
        Retry::Never => false,
        Retry::AfterConflict => attempt < ATTEMPTS,
        Retry::AfterReconnect => idempotent && attempt == 1,
    }
}

/// Tries until an attempt succeeds or may not be retried, or the deadline has passed.
pub(super) async fn retry<T, E, F>(
    deadline: Instant,
    may_retry: impl Fn(&E, u32) -> bool,
    attempt: impl Fn() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut attempts = 1;
    loop {
        match attempt().await {
            Err(error) if may_retry(&error, attempts) && monotonic() < deadline => {
                sleep(Duration::from_millis(10) * attempts).await;
                attempts += 1;
                metrics::STATEMENT_RETRIES.count();
            }
            result => return result,
        }
    }
}
