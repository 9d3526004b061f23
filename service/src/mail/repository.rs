//! The statements of the outbox. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::leases::Lease;
use super::{Kind, Language};
use crate::db::{Error, Executor, Statement, Written, to_millis};
use crate::user_id::UserId;

/// A mail to be sent.
pub(super) struct NewMail<'a> {
    pub(super) id: Uuid,
    /// To whom; nobody if no link is to be sent.
    pub(super) user: Option<UserId>,
    pub(super) kind: Kind,
    pub(super) language: Language,
    pub(super) recipient: &'a str,
    pub(super) now: DateTime<Utc>,
}

const INSERT: Statement = Statement::write(
    "mails.insert",
    "insert into mails (mail_id, user_id, kind, language, recipient, created_at, next_attempt_at, asked)
     values (?, ?, ?, ?, ?, ?, ?, ?)",
);

/// Adds a mail that is due at once.
pub(super) async fn insert(executor: impl Executor, mail: &NewMail<'_>) -> Result<(), Error> {
    let now = to_millis(mail.now).into();
    let values = [
        mail.id.as_bytes()[..].into(),
        mail.user.map(UserId::get).into(),
        mail.kind.as_str().into(),
        mail.language.as_str().into(),
        mail.recipient.into(),
        now,
        now,
        matches!(mail.kind, Kind::Asked(_)).into(),
    ];
    executor.run::<Written>(&INSERT, &values).await.map(drop)
}

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
