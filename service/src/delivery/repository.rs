//! What the job asks of the outbox, and tells it, beside taking leases. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::leases::Lease;
use crate::db::{Error, Executor, Statement, Written, to_millis};
use crate::mail::Kind;
use crate::user_id::UserId;

const SETTLE: Statement = Statement::idempotent_write(
    "mails.settle",
    "update mails set user_id = ?, kind = ?, recipient = ? where mail_id = ? and lease = ?",
);

/// Makes a row another mail, unless its lease is over. It stays in the queue of what anybody can ask for.
pub(super) async fn settle(
    executor: impl Executor,
    (mail, lease): (Uuid, Lease),
    kind: Kind,
    to: Option<(UserId, &str)>,
) -> Result<(), Error> {
    let values = [
        to.map(|(user, _)| user.get()).into(),
        kind.as_str().into(),
        to.map_or("", |(_, email)| email).into(),
        mail.as_bytes()[..].into(),
        lease.id.as_bytes()[..].into(),
    ];
    executor.run::<Written>(&SETTLE, &values).await.map(drop)
}

const DUE: Statement =
    Statement::read("mails.due", "select mail_id from mails where next_attempt_at <= ? limit 1");

/// Whether a mail is due. It reads one entry of an index at most, and locks nothing.
pub(super) async fn is_due(executor: impl Executor, now: DateTime<Utc>) -> Result<bool, Error> {
    let row: Option<Due> = executor.run(&DUE, &[to_millis(now).into()]).await?;
    Ok(row.is_some_and(|row| !row.mail_id.is_empty()))
}

#[derive(FromRow)]
struct Due {
    mail_id: Vec<u8>,
}

const WAITING: Statement = Statement::read(
    "mails.waiting",
    "select count(*) as waiting, coalesce(min(created_at), 0) as oldest
     from (select created_at from mails order by next_attempt_at limit 1000) as first_mails",
);

/// How many mails wait, and when the oldest was written down, of the thousand whose turn is first.
pub(super) async fn waiting(executor: impl Executor) -> Result<(u64, u64), Error> {
    let row: Option<Waiting> = executor.run(&WAITING, &[]).await?;
    let number =
        |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default();
    Ok((number(row.as_ref().map(|row| row.waiting)), number(row.map(|row| row.oldest))))
}

#[derive(FromRow)]
struct Waiting {
    waiting: i64,
    oldest: i64,
}
