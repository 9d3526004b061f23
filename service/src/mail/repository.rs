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
    "update mails set user_id = ?, kind = ?, recipient = ?, asked = 0 where mail_id = ? and lease = ?",
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
    "update mails force index (idx_asked_next_attempt_at)
     set lease = ?, next_attempt_at = ?, attempts = attempts + 1
     where asked = ? and next_attempt_at <= ? order by next_attempt_at limit ?",
)
.on_sqlite(
    "update mails set lease = ?1, next_attempt_at = ?2, attempts = attempts + 1 where mail_id in
     (select mail_id from mails indexed by idx_mails_asked_next_attempt_at
      where asked = ?3 and next_attempt_at <= ?4 order by next_attempt_at limit ?5)",
);

/// The most rows of a lease of either kind.
const AT_ONCE: i64 = 32;
/// The most rows that were asked for and may go to nobody, beside mails that are due.
const ASKED_BESIDE_MAILS: i64 = 8;

/// By the time first: it has an index.
const LEASED: Statement = Statement::read(
    "mails.leased",
    "select mail_id, user_id, kind, language, recipient, created_at, attempts from mails
     where next_attempt_at = ? and lease = ? order by asked, created_at",
);

/// Takes some mails that are due, for one process, and then some of what was asked for: anybody can ask for as much as they like,
/// and that holds up nobody's mails. Each row is read by itself: one that cannot be read holds up no other.
pub(super) async fn lease(
    executor: impl Executor + Copy,
    lease: Lease,
    now: DateTime<Utc>,
) -> Result<Vec<Result<Leased, Unreadable>>, Error> {
    let (id, until) = ((&lease.id.as_bytes()[..]).into(), to_millis(lease.until).into());
    let take = async |asked: bool, limit: i64| -> Result<u64, Error> {
        let values = [id, until, asked.into(), to_millis(now).into(), limit.into()];
        let taken: Written = executor.run(&LEASE, &values).await?;
        Ok(taken.rows)
    };
    let mails = take(false, AT_ONCE).await?;
    let asked = take(true, if mails > 0 { ASKED_BESIDE_MAILS } else { AT_ONCE }).await?;
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
mod tests {
    use super::*;
    use crate::db::Database;
    use crate::db::plans::on_server;
    use crate::mail::{AskedLink, Notice};

    fn time(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// The kinds of the rows of the next lease, whose number is counted.
    async fn next(database: &Database, number: i64) -> Vec<Kind> {
        let lease = Lease { id: Uuid::new_v4(), until: time(1_000 + number) };
        let rows = super::lease(database, lease, time(100)).await.unwrap();
        rows.into_iter().map(|row| row.ok().and_then(|row| row.kind).unwrap()).collect()
    }

    async fn hold_up_no_mail(database: &Database) {
        const ASKED: Kind = Kind::Asked(AskedLink::Reset);
        const MAIL: Kind = Kind::Notice(Notice::PasswordChanged);
        for (number, kind) in std::iter::repeat_n(ASKED, 50).chain([MAIL; 2]).enumerate() {
            let now = time(i64::try_from(number).unwrap());
            let (id, language) = (Uuid::new_v4(), Language::En);
            let mail = NewMail { id, user: None, kind, language, recipient: "ada", now };
            insert(database, &mail).await.unwrap();
        }
        assert_eq!(next(database, 1).await, [&[MAIL; 2][..], &[ASKED; 8]].concat());
        assert_eq!(next(database, 2).await, [ASKED; 32]);
        assert_eq!(next(database, 3).await, [ASKED; 10]);
        assert_eq!(next(database, 4).await, []);
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn questions_hold_up_no_mail_on_sqlite() {
        let in_memory = crate::config::Database::Sqlite(":memory:".into());
        hold_up_no_mail(&Database::open(in_memory, crate::migrations::ALL).await.unwrap()).await;
    }

    #[tokio::test]
    async fn questions_hold_up_no_mail_on_the_server() {
        on_server("do 0", async |server| hold_up_no_mail(server.database()).await).await;
    }

    #[tokio::test]
    async fn a_lease_is_taken_in_the_order_of_an_index() {
        on_server("analyze table mails", async |server| {
            let id = Uuid::nil();
            for asked in [false, true] {
                let id = id.as_bytes()[..].into();
                let values = [id, 2_i64.into(), asked.into(), 1_i64.into(), AT_ONCE.into()];
                let plan = server.plan(&LEASE, &values).await;
                assert_eq!(plan.len(), 1, "{plan:#?}");
                assert_eq!((&*plan[0].access, &*plan[0].key), ("range", "idx_asked_next_attempt_at"));
                assert!(!plan[0].extra.contains("filesort"), "{plan:#?}");
            }
        })
        .await;
    }
}
