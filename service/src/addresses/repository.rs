//! The statements of proved addresses. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::undeliverable;
use crate::accounts::{Status, folded, is_same};
use crate::db::{Error, Executor, Statement, Transaction, Written, to_millis};
use crate::user_id::UserId;
use crate::user_row;

/// Somebody to whom a mail may go.
#[derive(Debug, Clone)]
pub(crate) struct Addressee {
    /// Who it is.
    pub(crate) user: UserId,
    /// The name.
    pub(crate) username: String,
    /// The address.
    pub(crate) email: String,
    /// Whether the user has proved to have this very address.
    pub(crate) is_proved: bool,
    /// Whether the user may sign in.
    pub(crate) status: Status,
}

const ADDRESSEE: Statement = Statement::read(
    "addresses.addressee",
    "select users.user_id, users.username, users.email, accounts.status, proved_addresses.email as proved
     from users
     left join accounts on accounts.user_id = users.user_id
     left join proved_addresses on proved_addresses.user_id = users.user_id
     where users.user_id = ?",
);

/// The user with this id, as one to whom a mail may go.
pub(crate) async fn addressee(executor: impl Executor, user: UserId) -> Result<Option<Addressee>, Error> {
    let row: Option<AddresseeRow> = executor.run(&ADDRESSEE, &[user.get().into()]).await?;
    row.map(Addressee::try_from).transpose()
}

const PROVE: Statement = Statement::idempotent_write(
    "addresses.prove",
    "insert into proved_addresses (user_id, email, proved_at) values (?, ?, ?)
     on duplicate key update email = ?, proved_at = ?",
)
.on_sqlite(
    "insert into proved_addresses (user_id, email, proved_at) values (?1, ?2, ?3)
     on conflict (user_id) do update set email = ?4, proved_at = ?5",
);

/// Records that a user, whose row is locked, has proved to have this address. So it can be reached.
pub(crate) async fn prove(
    transaction: &mut Transaction,
    user: UserId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    undeliverable::forget(&mut *transaction, email).await?;
    let (email, now) = (email.into(), to_millis(now).into());
    transaction.run::<Written>(&PROVE, &[user.get().into(), email, now, email, now]).await.map(drop)
}

const PROVED: Statement =
    Statement::read("addresses.proved", "select email, proved_at from proved_addresses where user_id = ?");

/// Whether a user has proved to have this address after some time.
pub(super) async fn has_proved_since(
    executor: impl Executor,
    user: UserId,
    email: &str,
    time: DateTime<Utc>,
) -> Result<bool, Error> {
    let row: Option<Proved> = executor.run(&PROVED, &[user.get().into()]).await?;
    Ok(row.is_some_and(|row| row.proved_at > to_millis(time) && folded(&row.email) == folded(email)))
}

#[derive(FromRow)]
struct Proved {
    email: String,
    proved_at: i64,
}

#[derive(FromRow)]
struct AddresseeRow {
    user_id: i64,
    username: String,
    email: String,
    status: Option<String>,
    proved: Option<String>,
}

impl TryFrom<AddresseeRow> for Addressee {
    type Error = Error;

    fn try_from(row: AddresseeRow) -> Result<Self, Error> {
        Ok(Self {
            user: user_row::id(row.user_id)?,
            is_proved: row.proved.is_some_and(|proved| is_same(&proved, &row.email)),
            username: row.username,
            email: row.email,
            status: Status::from_stored(row.status.as_deref()),
        })
    }
}
