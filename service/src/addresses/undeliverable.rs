//! Addresses to which no mail goes any more, because mails have come back or were not wanted. Times are milliseconds since 1970.
//!
//! Such a mark is of one address: it says nothing of another one that the user has later. It ends when the user proves the address,
//! or somebody with the permission invites the user again.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use tracing::warn;

use crate::accounts::{self, Login, is_same};
use crate::app_state::Accounts;
use crate::db::{Error, Executor, Statement, Written, to_millis};
use crate::mail::{Reason, Undeliverable};
use crate::metrics;
use crate::user_id::UserId;

/// Marks addresses, and says how many of them are a user's.
///
/// # Errors
/// If the database fails. What was marked by then stays so, and may be marked again.
pub async fn mark_undeliverable(accounts: &Accounts, told: &Undeliverable) -> Result<usize, Error> {
    let (kind, now) = (told.reason.as_str(), accounts.clock.now());
    // An event may come late, or again: an address that was proved after the mail was sent can be reached.
    let at = told.sent_at.map_or(now, |sent_at| sent_at.min(now));
    let mut marked = 0;
    // A login without an @ would be a name.
    for address in told.addresses.iter().filter(|address| address.contains('@')) {
        let Ok(login) = Login::parse(address) else { continue };
        let found = accounts::find(&accounts.database, &login).await?;
        if let Some(user) = &found {
            put(&accounts.database, user.user_id, &user.email, told.reason, at).await?;
            marked += 1;
        }
        let user_id = found.map(|user| tracing::field::display(user.user_id));
        metrics::ADDRESSES_UNDELIVERABLE.count();
        warn!(kind, user_id, "An address cannot be reached");
    }
    Ok(marked)
}

const PUT: Statement = Statement::idempotent_write(
    "addresses.mark_undeliverable",
    "insert into undeliverable_addresses (user_id, email, reason, marked_at)
     select user_id, ?, ?, ? from users where user_id = ?
     on duplicate key update
         undeliverable_addresses.email = ?, undeliverable_addresses.reason = ?, undeliverable_addresses.marked_at = ?",
)
.on_sqlite(
    "insert into undeliverable_addresses (user_id, email, reason, marked_at)
     select user_id, ?1, ?2, ?3 from users where user_id = ?4
     on conflict (user_id) do update set email = ?5, reason = ?6, marked_at = ?7",
);

/// Marks an address of a user, if there still is one.
async fn put(
    executor: impl Executor,
    user: UserId,
    email: &str,
    reason: Reason,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let (email, reason, at) = (email.into(), reason.as_str().into(), to_millis(at).into());
    let values = [email, reason, at, user.get().into(), email, reason, at];
    executor.run::<Written>(&PUT, &values).await.map(drop)
}

const OF_USER: Statement = Statement::read(
    "addresses.undeliverable",
    "select undeliverable_addresses.email, undeliverable_addresses.marked_at,
            proved_addresses.email as proved, proved_addresses.proved_at
     from undeliverable_addresses
     left join proved_addresses on proved_addresses.user_id = undeliverable_addresses.user_id
     where undeliverable_addresses.user_id = ?",
);

/// Whether no mail to a user goes to this address.
pub(crate) async fn is_undeliverable(
    executor: impl Executor,
    user: UserId,
    address: &str,
) -> Result<bool, Error> {
    let row: Option<Row> = executor.run(&OF_USER, &[user.get().into()]).await?;
    Ok(row.is_some_and(|row| row.is_of(address)))
}

const FORGET: Statement = Statement::idempotent_write(
    "addresses.forget_undeliverable",
    "delete from undeliverable_addresses where user_id = ?",
);

/// Lets mails go to a user again, whose row is locked.
pub(super) async fn forget_undeliverable(executor: impl Executor, user: UserId) -> Result<(), Error> {
    executor.run::<Written>(&FORGET, &[user.get().into()]).await.map(drop)
}

#[derive(FromRow)]
struct Row {
    email: String,
    marked_at: i64,
    proved: Option<String>,
    proved_at: Option<i64>,
}

impl Row {
    fn is_of(&self, address: &str) -> bool {
        let proved_at =
            self.proved_at.filter(|_| self.proved.as_deref().is_some_and(|one| is_same(one, address)));
        is_same(&self.email, address) && proved_at.is_none_or(|proved_at| proved_at <= self.marked_at)
    }
}
