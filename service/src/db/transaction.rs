//! Transactions: several statements, of one feature or of several, that take effect together or not at all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::Database;
use super::error::{DatabaseError, Error};
use super::executor::{Executor, log, may_retry, retry};
use super::in_flight::finish;
use super::leased::Leased;
use super::outcome::{Answer, Wanted};
use super::statement::{Access, Dialect, Statement, Value};
use crate::request_context;

/// A transaction that has begun. [`Database::transaction`] hands it to a use case, and ends it.
pub(crate) struct Transaction {
    leased: Option<Leased>,
    deadline: Instant,
    /// Where the use case returns the connection.
    back: Arc<Mutex<Option<Leased>>>,
}

impl Database {
    /// Runs a use case in a transaction: commits if it succeeds, rolls back if it fails.
    ///
    /// A transaction that conflicted with another one took no effect, and is run again as a whole: the use case must not
    /// do anything but run statements. So is one whose connection was lost before the commit. A commit whose answer was
    /// lost is never sent again.
    ///
    /// The use case takes the transaction by value, because the compiler does not accept a future that borrows it as
    /// `Send` (rust-lang/rust#154523).
    ///
    /// # Errors
    /// The use case's own, and those of the database.
    pub(crate) async fn transaction<T, E, U, F>(&self, use_case: U) -> Result<T, E>
    where
        E: DatabaseError + Send,
        U: Fn(Transaction) -> F + Send + Sync,
        F: Future<Output = Result<T, E>> + Send,
        T: Send,
    {
        let deadline = request_context::deadline();
        let may_retry =
            |error: &E, attempt| error.database_error().is_some_and(|error| may_retry(error, attempt, true));
        retry(deadline, may_retry, || self.attempt_transaction(deadline, &use_case)).await
    }

    async fn attempt_transaction<T, E, U, F>(&self, deadline: Instant, use_case: &U) -> Result<T, E>
    where
        E: DatabaseError + Send,
        U: Fn(Transaction) -> F + Send + Sync,
        F: Future<Output = Result<T, E>> + Send,
        T: Send,
    {
        let mut leased = self.0.connections.lease(Access::Write, deadline).await?;
        let leased = finish(deadline, async move { leased.begin().await.map(|()| leased) }).await??;
        let back = Arc::new(Mutex::new(None));
        let result = use_case(Transaction { leased: Some(leased), deadline, back: Arc::clone(&back) }).await;
        let leased = back.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (result, leased) {
            (Ok(value), Some(leased)) => commit(leased, deadline).await.map(|()| value).map_err(E::from),
            (Ok(_), None) => {
                Err(Error::Internal("a use case succeeded although its transaction had failed".into()).into())
            }
            (Err(error), leased) => {
                if let Some(leased) = leased {
                    roll_back(leased, deadline).await;
                }
                Err(error)
            }
        }
    }
}

async fn commit(mut leased: Leased, deadline: Instant) -> Result<(), Error> {
    finish(deadline, async move { leased.end("commit").await }).await.flatten().map_err(Error::of_commit)
}

/// An error is ignored: the connection is discarded then, and the server rolls back by itself.
async fn roll_back(mut leased: Leased, deadline: Instant) {
    let _ = finish(deadline, async move { leased.end("rollback").await }).await;
}

impl Executor for &mut Transaction {
    async fn answer(
        self,
        statement: &'static Statement,
        values: &[Value<'_>],
        wanted: fn(Dialect) -> Wanted,
    ) -> Result<Answer, Error> {
        let failed = || Error::Internal("a statement was run after the end of its transaction".into());
        let mut leased = self.leased.take().ok_or_else(failed)?;
        leased.bind(values)?;
        let run = async move {
            let result = log(statement, leased.run(statement, wanted)).await;
            (leased, result)
        };
        let (leased, result) = finish(self.deadline, run).await?;
        self.leased = Some(leased);
        result
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.leased.take();
    }
}
