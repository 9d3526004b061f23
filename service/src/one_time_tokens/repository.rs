//! The statements of one-time tokens. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Bits, Purpose};
use crate::db::{Error, Executor, Statement, Written, from_millis, to_millis};
use crate::user_id::UserId;
use crate::user_row;

/// A token to be kept.
pub(crate) struct NewToken<'a> {
    /// Whose it is.
    pub(crate) user: UserId,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// Its SHA-256.
    pub(crate) hash: &'a [u8; 32],
    /// Until when it is good.
    pub(crate) expires_at: DateTime<Utc>,
    /// The address that it is sent to and what it is computed from; none for one that a command prints.
    pub(crate) mailed: Option<(&'a str, &'a Bits)>,
}

const PUT: Statement = Statement::idempotent_write(
    "one_time_tokens.put",
    "insert into one_time_tokens (user_id, purpose, token_hash, expires_at, email, bits)
     values (?, ?, ?, ?, ?, ?)
     on duplicate key update token_hash = ?, expires_at = ?, email = ?, bits = ?",
)
.on_sqlite(
    "insert into one_time_tokens (user_id, purpose, token_hash, expires_at, email, bits)
     values (?1, ?2, ?3, ?4, ?5, ?6)
     on conflict (user_id, purpose) do update set token_hash = ?7, expires_at = ?8, email = ?9, bits = ?10",
);

/// Makes this the only live token of a user for a purpose.
pub(crate) async fn put(executor: impl Executor, token: &NewToken<'_>) -> Result<(), Error> {
    let (hash, expires_at) = ((&token.hash[..]).into(), to_millis(token.expires_at).into());
    let email = token.mailed.map(|(email, _)| email).into();
    let bits = token.mailed.map(|(_, bits)| &bits[..]).into();
    let (user, purpose) = (token.user.get().into(), token.purpose.as_str().into());
    let values = [user, purpose, hash, expires_at, email, bits, hash, expires_at, email, bits];
    executor.run::<Written>(&PUT, &values).await.map(drop)
}

const KEEP: Statement = Statement::idempotent_write(
    "one_time_tokens.keep",
    "update one_time_tokens set expires_at = expires_at where user_id = ? and purpose = ?",
);

/// Leaves a token as it is. It is as much work as [`put`], so that nobody learns by the time whether there was a token to be put.
pub(crate) async fn keep(executor: impl Executor, user: UserId, purpose: Purpose) -> Result<(), Error> {
    executor.run::<Written>(&KEEP, &[user.get().into(), purpose.as_str().into()]).await.map(drop)
}

const PROLONG: Statement = Statement::idempotent_write(
    "one_time_tokens.prolong",
    "update one_time_tokens set expires_at = ?
     where user_id = ? and purpose = ? and token_hash = ? and expires_at > ? and expires_at < ?",
);

/// Lets a live token be good until a later time; `false` if it is live no more, or good for as long.
pub(crate) async fn prolong(
    executor: impl Executor,
    (user, purpose): (UserId, Purpose),
    hash: &[u8; 32],
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, Error> {
    let expires_at = to_millis(expires_at).into();
    let values = [
        expires_at,
        user.get().into(),
        purpose.as_str().into(),
        (&hash[..]).into(),
        to_millis(now).into(),
        expires_at,
    ];
    let written: Written = executor.run(&PROLONG, &values).await?;
    Ok(written.rows > 0)
}

/// A token that was sent, or is to be sent, and is live.
pub(crate) struct Live {
    /// The address that it is sent to.
    pub(crate) email: String,
    /// What it is computed from.
    pub(crate) bits: Bits,
    /// Its SHA-256.
    pub(crate) hash: [u8; 32],
    /// Until when it is good.
    pub(crate) expires_at: DateTime<Utc>,
}

const LIVE: Statement = Statement::read(
    "one_time_tokens.live",
    "select email, bits, token_hash, expires_at from one_time_tokens
     where user_id = ? and purpose = ? and expires_at > ? and bits is not null",
);

/// The live token of a user for a purpose, if it is of the kind that is sent.
pub(crate) async fn live(
    executor: impl Executor,
    user: UserId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<Live>, Error> {
    let values = [user.get().into(), purpose.as_str().into(), to_millis(now).into()];
    let row: Option<LiveRow> = executor.run(&LIVE, &values).await?;
    row.map(Live::try_from).transpose()
}

const RENEW: Statement = Statement::write(
    "one_time_tokens.renew",
    "update one_time_tokens set token_hash = ?, bits = ? where user_id = ? and purpose = ? and token_hash = ?",
);

/// Gives a live token other bits, and with them another hash; `false` if it is live no more.
pub(crate) async fn renew(
    executor: impl Executor,
    (user, purpose): (UserId, Purpose),
    old_hash: &[u8; 32],
    (hash, bits): (&[u8; 32], &Bits),
) -> Result<bool, Error> {
    let values = [
        (&hash[..]).into(),
        (&bits[..]).into(),
        user.get().into(),
        purpose.as_str().into(),
        (&old_hash[..]).into(),
    ];
    let written: Written = executor.run(&RENEW, &values).await?;
    Ok(written.rows > 0)
}

/// A live token that somebody presents.
pub(crate) struct Presented {
    /// Whose it is.
    pub(crate) user: UserId,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// The address that it was sent to; none if a command printed it.
    pub(crate) email: Option<String>,
}

const FIND: Statement = Statement::read(
    "one_time_tokens.find",
    "select user_id, purpose, email from one_time_tokens where token_hash = ? and expires_at > ?",
);

/// Whose live token this is, and what it is for.
pub(crate) async fn find(
    executor: impl Executor,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Presented>, Error> {
    let row: Option<PresentedRow> = executor.run(&FIND, &[(&hash[..]).into(), to_millis(now).into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let Some(purpose) = Purpose::from_stored(&row.purpose) else { return Ok(None) };
    Ok(Some(Presented { user: user_row::id(row.user_id)?, purpose, email: row.email }))
}

/// `lower` folds more letters than those of ASCII in MySQL: the caller, who has locked the user, compares again.
const CONSUME: Statement = Statement::write(
    "one_time_tokens.consume",
    "delete from one_time_tokens
     where token_hash = ? and purpose = ? and expires_at > ? and (email is null or exists (
         select 1 from users
         where users.user_id = one_time_tokens.user_id
           and hex(lower(users.email)) = hex(lower(one_time_tokens.email))
     ))",
);

/// Uses a token up; `false` if it is live no more, or the user has another address than the one that it was sent to.
pub(crate) async fn consume(
    executor: impl Executor,
    purpose: Purpose,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let values = [(&hash[..]).into(), purpose.as_str().into(), to_millis(now).into()];
    let written: Written = executor.run(&CONSUME, &values).await?;
    Ok(written.rows > 0)
}

const END_ALL: Statement =
    Statement::idempotent_write("one_time_tokens.end_all", "delete from one_time_tokens where user_id = ?");

/// Ends every live token of a user.
pub(crate) async fn end_all(executor: impl Executor, user: UserId) -> Result<(), Error> {
    executor.run::<Written>(&END_ALL, &[user.get().into()]).await.map(drop)
}

/// A few at a time: a long transaction would hold up others.
const DELETE_EXPIRED: Statement = Statement::idempotent_write(
    "one_time_tokens.delete_expired",
    "delete from one_time_tokens where expires_at < ? order by expires_at limit 500",
)
.on_sqlite(
    "delete from one_time_tokens where token_hash in
     (select token_hash from one_time_tokens where expires_at < ? order by expires_at limit 500)",
);

/// Removes some tokens that expired before a time, and returns how many.
pub(crate) async fn delete_expired(executor: impl Executor, before: DateTime<Utc>) -> Result<u64, Error> {
    let written: Written = executor.run(&DELETE_EXPIRED, &[to_millis(before).into()]).await?;
    Ok(written.rows)
}

#[derive(FromRow)]
struct LiveRow {
    email: String,
    bits: Vec<u8>,
    token_hash: Vec<u8>,
    expires_at: i64,
}

impl TryFrom<LiveRow> for Live {
    type Error = Error;

    fn try_from(row: LiveRow) -> Result<Self, Error> {
        Ok(Self {
            email: row.email,
            bits: octets(&row.bits)?,
            hash: octets(&row.token_hash)?,
            expires_at: from_millis(row.expires_at)?,
        })
    }
}

fn octets(column: &[u8]) -> Result<[u8; 32], Error> {
    column.try_into().map_err(|_| Error::Internal("a column of a token is not 32 octets long".into()))
}

#[derive(FromRow)]
struct PresentedRow {
    user_id: i64,
    purpose: String,
    email: Option<String>,
}
