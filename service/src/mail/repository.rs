//! The statement that puts a mail into the outbox. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Kind;
use crate::db::{Error, Executor, Statement, Written, to_millis};
use crate::language::Language;
use crate::user_id::UserId;

/// A mail to be sent.
pub(crate) struct NewMail<'a> {
    pub(crate) id: Uuid,
    /// To whom; nobody if no link is to be sent.
    pub(crate) user: Option<UserId>,
    pub(crate) kind: Kind,
    pub(crate) language: Language,
    pub(crate) recipient: &'a str,
    pub(crate) now: DateTime<Utc>,
}

const INSERT: Statement = Statement::write(
    "mails.insert",
    "insert into mails (mail_id, user_id, kind, language, recipient, created_at, next_attempt_at, asked)
     values (?, ?, ?, ?, ?, ?, ?, ?)",
);

/// Adds a mail that is due at once.
pub(crate) async fn insert(executor: impl Executor, mail: &NewMail<'_>) -> Result<(), Error> {
    let now = to_millis(mail.now).into();
    let values = [
        mail.id.as_bytes()[..].into(),
        mail.user.map(UserId::get).into(),
        mail.kind.as_str().into(),
        mail.language.as_str().into(),
        mail.recipient.into(),
        now,
        now,
        matches!(mail.kind, Kind::Requested(_)).into(),
    ];
    executor.run::<Written>(&INSERT, &values).await.map(drop)
}
