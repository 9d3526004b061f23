//! The statements of requests that may be sent again. Times are milliseconds since 1970.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use super::Repeatable;
use crate::db::{DatabaseError, Error, Executor, Statement, Written, from_millis, to_millis};
use crate::user_id::UserId;
use crate::user_row;

/// How long a request is remembered.
pub(super) const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// What is remembered under the key of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// It has made this.
    Made(Made),
    /// Another request had the key.
    Another,
    /// A request of more than a day ago had it.
    Expired,
}

/// What a request has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made {
    /// The user.
    pub(crate) user_id: UserId,
    /// When.
    pub(crate) at: DateTime<Utc>,
}

/// Why the transaction of such a request failed.
#[derive(Debug)]
pub(crate) enum Failed<E> {
    /// Its key could not be claimed.
    Claim(Error),
    /// Something else.
    Other(E),
}

impl<E: From<Error>> From<Error> for Failed<E> {
    fn from(error: Error) -> Self {
        Self::Other(error.into())
    }
}

impl<E: DatabaseError> DatabaseError for Failed<E> {
    fn database_error(&self) -> Option<&Error> {
        match self {
            Self::Claim(error) => Some(error),
            Self::Other(error) => error.database_error(),
        }
    }
}

const FIND: Statement = Statement::read(
    "idempotency.find",
    "select fingerprint, user_id, made_at from idempotency_keys where name = ?",
);

/// What is remembered of a request, if it has been finished.
pub(crate) async fn find(
    executor: impl Executor,
    request: &Repeatable,
    now: DateTime<Utc>,
) -> Result<Option<Found>, Error> {
    let row: Option<Row> = executor.run(&FIND, &[request.name()[..].into()]).await?;
    let Some(row) = row else { return Ok(None) };
    if row.made_at < to_millis(now - LIFETIME) {
        return Ok(Some(Found::Expired));
    }
    let Some(user_id) = row.user_id.filter(|_| request.has(&row.fingerprint)) else {
        return Ok(Some(Found::Another));
    };
    Ok(Some(Found::Made(Made { user_id: user_row::id(user_id)?, at: from_millis(row.made_at)? })))
}

const FORGET: Statement = Statement::idempotent_write(
    "idempotency.forget",
    "delete from idempotency_keys where name = ? and made_at < ?",
);

/// Forgets an expired request, so that another one can have its key.
pub(crate) async fn forget(
    executor: impl Executor,
    request: &Repeatable,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let values = [request.name()[..].into(), to_millis(now - LIFETIME).into()];
    executor.run::<Written>(&FORGET, &values).await.map(drop)
}

const CLAIM: Statement = Statement::write(
    "idempotency.claim",
    "insert into idempotency_keys (name, fingerprint, made_at) values (?, ?, ?)",
);

/// Claims the key of a request, first in its transaction. While another transaction has it, this waits for the end of that one.
pub(crate) async fn claim<E>(
    executor: impl Executor,
    request: &Repeatable,
    now: DateTime<Utc>,
) -> Result<(), Failed<E>> {
    let values = [request.name()[..].into(), request.fingerprint().into(), to_millis(now).into()];
    executor.run::<Written>(&CLAIM, &values).await.map(drop).map_err(Failed::Claim)
}

const COMPLETE: Statement = Statement::idempotent_write(
    "idempotency.complete",
    "update idempotency_keys set user_id = ? where name = ?",
);

/// Remembers what the request has made.
pub(crate) async fn complete(
    executor: impl Executor,
    request: &Repeatable,
    user: UserId,
) -> Result<(), Error> {
    let values = [user.get().into(), request.name()[..].into()];
    executor.run::<Written>(&COMPLETE, &values).await.map(drop)
}

const DELETE: Statement = Statement::idempotent_write(
    "idempotency.delete",
    "delete from idempotency_keys where made_at < ? order by made_at limit 500",
)
.on_sqlite(
    "delete from idempotency_keys where name in
     (select name from idempotency_keys where made_at < ? order by made_at limit 500)",
);

/// Forgets some expired requests, and returns how many.
pub(super) async fn delete_expired(executor: impl Executor, now: DateTime<Utc>) -> Result<u64, Error> {
    let written: Written = executor.run(&DELETE, &[to_millis(now - LIFETIME).into()]).await?;
    Ok(written.rows)
}

/// Deletes for one of so many requests. It deletes more than so many, so that the table does not grow for ever.
const CLEAN_UP_ONE_IN: u8 = 64;

/// Forgets some expired requests, when it is this one's turn: nothing else does in AWS with `ACCESS=open`, where there is no worker.
pub(crate) async fn clean_up(
    executor: impl Executor,
    request: &Repeatable,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // The first octet of a hash is as good as one by chance.
    if request.name()[0].is_multiple_of(CLEAN_UP_ONE_IN) {
        delete_expired(executor, now).await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    fingerprint: Vec<u8>,
    user_id: Option<i64>,
    made_at: i64,
}
