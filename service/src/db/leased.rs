//! A connection taken from the pool: what happens to it when its user is done with it.

use std::time::Duration;

use deadpool::unmanaged::Object;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::connector::Pooled;
use super::error::{Error, Invalidation};
use super::outcome::{Answer, Wanted};
use super::pool::Slot;
use super::statement::{Dialect, Statement, Value};

/// How long the rollback of an abandoned transaction may take.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(2);

/// A connection taken from the pool.
///
/// Dropping it releases it to the pool; in a transaction it is rolled back first, and in the middle of a statement it is
/// discarded.
pub(super) struct Leased {
    slot: Option<Object<Slot>>,
    state: State,
    /// The permit to write, if it may; released with the connection.
    permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    InTransaction,
    InFlight,
}

impl Leased {
    pub(super) const fn new(slot: Object<Slot>, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { slot: Some(slot), state: State::Idle, permit }
    }

    pub(super) fn bind(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        self.pooled()?.connection.bind(values)
    }

    /// Runs a statement with the values that were bound.
    pub(super) async fn run(
        &mut self,
        statement: &'static Statement,
        wanted: fn(Dialect) -> Wanted,
    ) -> Result<Answer, Error> {
        let before = std::mem::replace(&mut self.state, State::InFlight);
        let connection = &mut self.pooled()?.connection;
        let dialect = connection.dialect();
        let result = connection.run(statement.sql(dialect), wanted(dialect)).await;
        self.settle(result, before)
    }

    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.state = State::InFlight;
        let connection = &mut self.pooled()?.connection;
        let begin = match connection.dialect() {
            Dialect::Mysql => "begin",
            // Takes the lock for writing at once: one that is taken later may be refused without a wait.
            Dialect::Sqlite => "begin immediate",
        };
        let result = connection.command(begin).await;
        self.settle(result, State::InTransaction)
    }

    /// Ends a transaction by `commit` or `rollback`.
    pub(super) async fn end(&mut self, command: &'static str) -> Result<(), Error> {
        self.state = State::InFlight;
        let result = self.pooled()?.connection.command(command).await;
        self.settle(result, State::Idle)
    }

    /// Draws from the result of a statement what it says about connections.
    fn settle<T>(&mut self, result: Result<T, sqlx::Error>, state: State) -> Result<T, Error> {
        let error = match result {
            Ok(value) => {
                self.state = state;
                return Ok(value);
            }
            Err(error) => error,
        };
        let pooled = self.pooled()?;
        let (error, invalidation) = pooled.connection.classify(error);
        match invalidation {
            Invalidation::None => self.state = state,
            Invalidation::This => {}
            Invalidation::All => pooled.invalidate_all(),
        }
        Err(error)
    }

    fn pooled(&mut self) -> Result<&mut Pooled, Error> {
        let pooled = self.slot.as_mut().and_then(|slot| slot.0.as_mut());
        pooled.ok_or_else(|| Error::Internal("the connection is gone".into()))
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        let Some(mut slot) = self.slot.take() else { return };
        match (self.state, Handle::try_current()) {
            (State::Idle, _) => slot.released(),
            // The request that began the transaction was dropped, such as when its client hung up.
            (State::InTransaction, Ok(runtime)) => {
                let permit = self.permit.take();
                let mut leased = Self { slot: Some(slot), state: State::InTransaction, permit };
                runtime.spawn(async move { timeout(ROLLBACK_LIMIT, leased.end("rollback")).await });
            }
            (State::InTransaction, Err(_)) | (State::InFlight, _) => slot.discard(),
        }
    }
}
