//! The row of a user, locked: what every transaction over a user's tables begins with.
//!
//! All of them lock this row first. So two of them about one user run one after the other, and none can deadlock with
//! another one over the tables that hang on it.

use sqlx::FromRow;

use crate::db::{Error, Executor, Statement};
use crate::user_id::{OutOfRange, UserId};

const LOCK: Statement =
    Statement::write("users.lock", "select user_id from users where user_id = ? for update")
        .on_sqlite("select user_id from users where user_id = ?");

/// Locks the row until the end of the transaction; `false` if there is no such user.
pub(crate) async fn lock(executor: impl Executor, user: UserId) -> Result<bool, Error> {
    let row: Option<Row> = executor.run(&LOCK, &[user.get().into()]).await?;
    Ok(row.is_some_and(|row| row.user_id == i64::from(user.get())))
}

/// The id in a row.
pub(crate) fn id(column: i64) -> Result<UserId, Error> {
    column.try_into().map_err(|error: OutOfRange| Error::Internal(error.into()))
}

#[derive(Debug, FromRow)]
struct Row {
    user_id: i64,
}
