//! The statements of the outbox. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::{Kind, Language};
use crate::db::{Error, Executor, Statement, Written, from_millis, to_millis};
use crate::user_id::UserId;
use crate::user_row;

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
    "insert into mails (mail_id, user_id, kind, language, recipient, created_at, next_attempt_at)
     values (?, ?, ?, ?, ?, ?, ?)",
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
    ];
    executor.run::<Written>(&INSERT, &values).await.map(drop)
}

const SETTLE: Statement = Statement::idempotent_write(
    "mails.settle",
    "update mails set user_id = ?, kind = ?, recipient = ? where mail_id = ? and lease = ?",
);

/// Makes a row another mail, unless its lease is over.
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

/// The right of one process to send some mails until a time, which nobody else has meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    /// Whose it is.
    pub(super) id: Uuid,
    /// Until when. Afterwards the mails are due again.
    pub(super) until: DateTime<Utc>,
}

/// A mail that this process, and no other, may send.
#[derive(Debug, Clone)]
pub(super) struct Leased {
    pub(super) id: Uuid,
    /// None if it was asked for in the name of nobody, or the user is gone.
    pub(super) user: Option<UserId>,
    /// None if it is of another release.
    pub(super) kind: Option<Kind>,
    pub(super) language: Language,
    pub(super) recipient: String,
    pub(super) created_at: DateTime<Utc>,
    /// This one included.
    pub(super) attempts: u32,
}

/// A row that is none of a mail, whoever wrote it.
pub(super) struct Unreadable {
    /// As it stands in the row.
    pub(super) id: Vec<u8>,
    pub(super) cause: Error,
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

/// A lease is taken with one statement, so that of two processes one has it.
const LEASE: Statement = Statement::write(
    "mails.lease",
    "update mails set lease = ?, next_attempt_at = ?, attempts = attempts + 1
     where next_attempt_at <= ? order by next_attempt_at limit 32",
)
.on_sqlite(
    "update mails set lease = ?1, next_attempt_at = ?2, attempts = attempts + 1
     where mail_id in (select mail_id from mails where next_attempt_at <= ?3 order by next_attempt_at limit 32)",
);

/// By the time first: it has an index.
const LEASED: Statement = Statement::read(
    "mails.leased",
    "select mail_id, user_id, kind, language, recipient, created_at, attempts from mails
     where next_attempt_at = ? and lease = ? order by created_at",
);

/// Takes some mails that are due, for one process. Each row is read by itself: one that cannot be read holds up no other.
pub(super) async fn lease(
    executor: impl Executor + Copy,
    lease: Lease,
    now: DateTime<Utc>,
) -> Result<Vec<Result<Leased, Unreadable>>, Error> {
    let (id, until) = ((&lease.id.as_bytes()[..]).into(), to_millis(lease.until).into());
    let taken: Written = executor.run(&LEASE, &[id, until, to_millis(now).into()]).await?;
    if taken.rows == 0 {
        return Ok(Vec::new());
    }
    let rows: Vec<LeasedRow> = executor.run(&LEASED, &[until, id]).await?;
    Ok(rows.into_iter().map(LeasedRow::read).collect())
}

const DELETE: Statement =
    Statement::idempotent_write("mails.delete", "delete from mails where mail_id = ? and lease = ?");

/// Removes a mail that is sent, or never will be.
pub(super) async fn delete(executor: impl Executor, mail: &[u8], lease: Lease) -> Result<(), Error> {
    let values = [mail.into(), (&lease.id.as_bytes()[..]).into()];
    executor.run::<Written>(&DELETE, &values).await.map(drop)
}

const POSTPONE: Statement = Statement::idempotent_write(
    "mails.postpone",
    "update mails set lease = null, next_attempt_at = ?, attempts = ? where mail_id = ? and lease = ?",
);

/// Gives a mail back that could not be sent, until its next attempt.
pub(super) async fn postpone(
    executor: impl Executor,
    mail: Uuid,
    lease: Lease,
    (next_attempt_at, attempts): (DateTime<Utc>, u32),
) -> Result<(), Error> {
    let values = [
        to_millis(next_attempt_at).into(),
        attempts.into(),
        (&mail.as_bytes()[..]).into(),
        (&lease.id.as_bytes()[..]).into(),
    ];
    executor.run::<Written>(&POSTPONE, &values).await.map(drop)
}

#[derive(FromRow)]
struct LeasedRow {
    mail_id: Vec<u8>,
    #[sqlx(flatten)]
    rest: Rest,
}

impl LeasedRow {
    fn read(self) -> Result<Leased, Unreadable> {
        let Self { mail_id, rest } = self;
        rest.0.and_then(|columns| columns.mail(&mail_id)).map_err(|cause| Unreadable { id: mail_id, cause })
    }
}

/// The other columns, or why they cannot be read.
struct Rest(Result<Columns, Error>);

impl<'r, R: Row> FromRow<'r, R> for Rest
where
    Columns: FromRow<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self(Columns::from_row(row).map_err(|error| Error::Internal(error.into()))))
    }
}

#[derive(FromRow)]
struct Columns {
    user_id: Option<i64>,
    kind: String,
    language: String,
    recipient: String,
    created_at: i64,
    attempts: i64,
}

impl Columns {
    fn mail(self, id: &[u8]) -> Result<Leased, Error> {
        Ok(Leased {
            id: Uuid::from_slice(id).map_err(|error| Error::Internal(error.into()))?,
            user: self.user_id.map(user_row::id).transpose()?,
            kind: Kind::from_stored(&self.kind),
            language: Language::from_stored(&self.language),
            recipient: self.recipient,
            created_at: from_millis(self.created_at)?,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
        })
    }
}
