//! The statements by which a worker takes mails out of the outbox, gives them back, and deletes them. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::db::{Error, Executor, Statement, Value, Written, from_millis, to_millis};
use crate::language::Language;
use crate::mail::Kind;
use crate::user_id::UserId;
use crate::user_row;

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

impl Leased {
    /// Whether it is still to be found out whom it is for.
    pub(super) const fn is_request(&self) -> bool {
        matches!(self.kind, Some(Kind::Requested(_)))
    }
}

/// A row that is none of a mail, whoever wrote it.
pub(super) struct Unreadable {
    /// As it stands in the row.
    pub(super) id: Vec<u8>,
    pub(super) cause: Error,
}

/// A lease is taken with one statement, so that of two processes one has it.
const LEASE: Statement = Statement::write(
    "mails.lease",
    "update mails force index (idx_asked_next_attempt_at)
     set lease = ?, due_at = next_attempt_at, next_attempt_at = ?, attempts = attempts + 1
     where asked = ? and next_attempt_at <= ? and substring_index(recipient, '@', -1) not in (?, ?, ?, ?, ?, ?, ?, ?)
     order by next_attempt_at limit ?",
)
.on_sqlite(
    // What `replace` leaves are all characters but `@`: without those at its end the recipient ends with the last `@`.
    "update mails set lease = ?1, due_at = next_attempt_at, next_attempt_at = ?2, attempts = attempts + 1
     where mail_id in
     (select mail_id from mails indexed by idx_mails_asked_next_attempt_at
      where asked = ?3 and next_attempt_at <= ?4
        and lower(substr(recipient, length(rtrim(recipient, replace(recipient, '@', ''))) + 1)) not in (?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
      order by next_attempt_at limit ?13)",
);

/// How many domains a lease leaves out. If as many have all the places that they may have, hardly any are left.
const LEFT_OUT: usize = 8;
/// What no domain is.
const NO_DOMAIN: &str = "@";

/// The most rows of a lease of either kind.
const AT_ONCE: i64 = 32;
/// The most rows that anybody can have asked for, beside mails that are due.
const ASKED_BESIDE_MAILS: i64 = 8;

/// By the time first: it has an index.
const LEASED: Statement = Statement::read(
    "mails.leased",
    "select mail_id, user_id, kind, language, recipient, created_at, attempts from mails
     where next_attempt_at = ? and lease = ? order by asked, due_at",
);

/// Takes some mails that are due, for one process, and then, unless it is left out, some of what was asked for: anybody can ask for as much as they like,
/// and that holds up nobody's mails. Those of some domains stay where they are. Each row is read by itself: one that cannot be read
/// holds up no other.
pub(super) async fn lease(
    executor: impl Executor + Copy,
    lease: Lease,
    (left_out, with_requests): (&[String], bool),
    now: DateTime<Utc>,
) -> Result<Vec<Result<Leased, Unreadable>>, Error> {
    let (id, until) = ((&lease.id.as_bytes()[..]).into(), to_millis(lease.until).into());
    let mut domains = [NO_DOMAIN; LEFT_OUT];
    domains.iter_mut().zip(left_out).for_each(|(place, domain)| *place = domain);
    let domains = domains.map(Value::from);
    let take = async |asked: bool, limit: i64| -> Result<u64, Error> {
        let due = to_millis(now).into();
        let values = [&[id, until, asked.into(), due][..], &domains, &[limit.into()]].concat();
        let taken: Written = executor.run(&LEASE, &values).await?;
        Ok(taken.rows)
    };
    let mails = take(false, AT_ONCE).await?;
    let asked = match (with_requests, mails) {
        (false, _) => 0,
        (true, 0) => take(true, AT_ONCE).await?,
        (true, _) => take(true, ASKED_BESIDE_MAILS).await?,
    };
    if mails + asked == 0 {
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

const GIVE_BACK: Statement = Statement::idempotent_write(
    "mails.give_back",
    "update mails set lease = null, next_attempt_at = due_at, attempts = attempts - 1
     where mail_id = ? and lease = ?",
);

/// Gives a mail back that was not begun: it is due since it was before, and nobody has tried.
pub(super) async fn give_back(executor: impl Executor, mail: Uuid, lease: Lease) -> Result<(), Error> {
    let values = [mail.as_bytes()[..].into(), lease.id.as_bytes()[..].into()];
    executor.run::<Written>(&GIVE_BACK, &values).await.map(drop)
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

#[cfg(test)]
mod tests;
