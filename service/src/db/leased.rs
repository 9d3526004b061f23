//! A connection taken from the pool: what happens to it when its user is done with it.

use std::time::Duration;

use deadpool::managed::Object;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::connector::{Connector, Pooled};
use super::error::{Error, Invalidation};
use super::outcome::{Answer, Wanted};
use super::statement::{Dialect, Statement, Value};
use crate::clock::IdleSince;

/// How long the rollback of an abandoned transaction may take.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(2);

/// A connection taken from the pool.
///
/// Dropping it releases it to the pool; in a transaction it is rolled back first, and in the middle of a statement it is
/// discarded.
pub(super) struct Leased {
    object: Option<Object<Connector>>,
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
    pub(super) const fn new(object: Object<Connector>, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { object: Some(object), state: State::Idle, permit }
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
        let generation = pooled.generation;
        let (error, invalidation) = pooled.connection.classify(error);
        match invalidation {
            Invalidation::None => self.state = state,
            Invalidation::This => {}
            Invalidation::All => {
                if let Some(pool) = self.object.as_ref().and_then(Object::pool) {
                    pool.manager().invalidate(generation);
                }
            }
        }
        Err(error)
    }

    fn pooled(&mut self) -> Result<&mut Pooled, Error> {
        self.object.as_deref_mut().ok_or_else(|| Error::Internal("the connection is gone".into()))
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        let Some(mut object) = self.object.take() else { return };
        match (self.state, Handle::try_current()) {
            (State::Idle, _) => object.idle_since = IdleSince::now(),
            // The request that began the transaction was dropped, such as when its client hung up.
            (State::InTransaction, Ok(runtime)) => {
                let permit = self.permit.take();
                let mut leased = Self { object: Some(object), state: State::InTransaction, permit };
                runtime.spawn(async move { timeout(ROLLBACK_LIMIT, leased.end("rollback")).await });
            }
            (State::InTransaction, Err(_)) | (State::InFlight, _) => drop(Object::take(object)),
        }
    }
}
