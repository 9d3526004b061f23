//! Addresses to which no mail goes any more, because mails have come back or were not wanted. Times are milliseconds since 1970.
//!
//! Such a mark is of an address, whosever it is or comes to be. It ends when a user proves to have the address, or when somebody with
//! the permission invites a user who has it. It outlives users, and so the database holds a hash of the address.

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use tracing::warn;

use super::repository::has_proved_since;
use crate::accounts::{self, Login, folded};
use crate::app_state::Accounts;
use crate::db::{Error, Executor, Statement, Written, to_millis};
use crate::mail::{Reason, Undeliverable};
use crate::metrics;
use crate::user_id::UserId;
use crate::user_row;

/// Marks addresses, and says how many.
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
        let user = accounts::find(&accounts.database, &login).await?.map(|found| found.user_id);
        metrics::ADDRESSES_UNDELIVERABLE.count();
        if mark(accounts, user, address, told.reason, at).await? {
            marked += 1;
            warn!(kind, user_id = user.map(tracing::field::display), "An address cannot be reached");
        }
    }
    Ok(marked)
}

/// Marks an address, unless its user has proved since then to have it.
async fn mark(
    accounts: &Accounts,
    user: Option<UserId>,
    address: &str,
    reason: Reason,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let marked = accounts.database.transaction(|mut transaction| async move {
        if let Some(user) = user {
            // Whoever proves an address holds the lock meanwhile.
            user_row::lock(&mut transaction, user).await?;
            if has_proved_since(&mut transaction, user, address, at).await? {
                return Ok(false);
            }
        }
        put(&mut transaction, address, reason, at).await?;
        Ok(true)
    });
    marked.await
}

const PUT: Statement = Statement::idempotent_write(
    "addresses.mark_undeliverable",
    "insert into undeliverable_address_hashes (address_hash, reason, marked_at) values (?, ?, ?)
     on duplicate key update reason = ?, marked_at = ?",
)
.on_sqlite(
    "insert into undeliverable_address_hashes (address_hash, reason, marked_at) values (?1, ?2, ?3)
     on conflict (address_hash) do update set reason = ?4, marked_at = ?5",
);

async fn put(executor: impl Executor, address: &str, reason: Reason, at: DateTime<Utc>) -> Result<(), Error> {
    let (hash, reason, at) = (hash(address), reason.as_str().into(), to_millis(at).into());
    let values = [hash.as_ref().into(), reason, at, reason, at];
    executor.run::<Written>(&PUT, &values).await.map(drop)
}

const GET: Statement = Statement::read(
    "addresses.undeliverable",
    "select address_hash from undeliverable_address_hashes where address_hash = ?",
);

/// Whether no mail goes to this address.
pub(crate) async fn is_undeliverable(executor: impl Executor, address: &str) -> Result<bool, Error> {
    let hash = hash(address);
    let row: Option<Row> = executor.run(&GET, &[hash.as_ref().into()]).await?;
    Ok(row.is_some_and(|row| row.address_hash == hash.as_ref()))
}

const FORGET: Statement = Statement::idempotent_write(
    "addresses.forget_undeliverable",
    "delete from undeliverable_address_hashes where address_hash = ?",
);

/// Lets mails go to an address again.
pub(super) async fn forget(executor: impl Executor, address: &str) -> Result<(), Error> {
    executor.run::<Written>(&FORGET, &[hash(address).as_ref().into()]).await.map(drop)
}

/// What the database holds of an address. It has no key, as a mark outlives all of them.
fn hash(address: &str) -> digest::Digest {
    digest::digest(&digest::SHA256, folded(address).as_bytes())
}

#[derive(FromRow)]
struct Row {
    address_hash: Vec<u8>,
}
