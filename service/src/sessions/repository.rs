//! The statements of sessions. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::refresh_token::Secret;
use super::{Client, Session, SessionId};
use crate::db::{Error, Executor, Statement, Written, from_millis, to_millis};
use crate::user_id::UserId;

/// A session as it begins.
pub(super) struct NewSession<'a> {
    pub(super) id: SessionId,
    pub(super) user_id: UserId,
    pub(super) secret: &'a Secret,
    pub(super) now: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) absolute_expiry: DateTime<Utc>,
    pub(super) client: &'a Client,
}

const INSERT: Statement = Statement::write(
    "sessions.insert",
    "insert into sessions (session_id, user_id, secret, generation, signed_in_at, refreshed_at, expires_at,
                           absolute_expiry, ip_address, user_agent)
     values (?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
);

/// Adds a session.
pub(super) async fn insert(executor: impl Executor, session: &NewSession<'_>) -> Result<(), Error> {
    let address = session.client.address().to_string();
    let values = [
        session.id.as_bytes().into(),
        session.user_id.get().into(),
        (&session.secret[..]).into(),
        to_millis(session.now).into(),
        to_millis(session.now).into(),
        to_millis(session.expires_at).into(),
        to_millis(session.absolute_expiry).into(),
        address.as_str().into(),
        session.client.user_agent().into(),
    ];
    executor.run::<Written>(&INSERT, &values).await.map(drop)
}

const REFRESHABLE: Statement = Statement::read(
    "sessions.refreshable",
    "select secret, generation, refreshed_at, absolute_expiry from sessions where session_id = ?",
);

/// What a refresh token is checked against.
pub(super) struct Refreshable {
    pub(super) secret: Secret,
    pub(super) generation: u32,
    pub(super) refreshed_at: DateTime<Utc>,
    pub(super) absolute_expiry: DateTime<Utc>,
}

/// What the tokens of a session are checked against; `None` if there is none of this id.
pub(super) async fn refreshable(
    executor: impl Executor,
    session: SessionId,
) -> Result<Option<Refreshable>, Error> {
    let row: Option<RefreshableRow> = executor.run(&REFRESHABLE, &[session.as_bytes().into()]).await?;
    row.map(Refreshable::try_from).transpose()
}

const ROTATE: Statement = Statement::write(
    "sessions.rotate",
    "update sessions set generation = generation + 1, refreshed_at = ?, expires_at = ?
     where session_id = ? and generation = ? and ended_at is null and expires_at > ?",
);

/// Moves a session on from this generation; `false` if it is not at it any more, or has ended.
pub(super) async fn rotate(
    executor: impl Executor,
    session: SessionId,
    generation: u32,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let values = [
        to_millis(now).into(),
        to_millis(expires_at).into(),
        session.as_bytes().into(),
        generation.into(),
        to_millis(now).into(),
    ];
    let written: Written = executor.run(&ROTATE, &values).await?;
    Ok(written.rows > 0)
}

/// It expires as well: its row is kept for a day then, and not for its idle life.
const END: Statement = Statement::write(
    "sessions.end",
    "update sessions set ended_at = ?, expires_at = ?
     where session_id = ? and user_id = ? and ended_at is null and expires_at > ?",
);

/// Ends a session; `false` if the user has none of this id that has not ended.
pub(super) async fn end(
    executor: impl Executor,
    user: UserId,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let now = to_millis(now).into();
    let values = [now, now, session.as_bytes().into(), user.get().into(), now];
    let written: Written = executor.run(&END, &values).await?;
    Ok(written.rows > 0)
}

const END_ALL: Statement = Statement::idempotent_write(
    "sessions.end_all",
    "update sessions set ended_at = ?, expires_at = ? where user_id = ? and session_id <> ? and ended_at is null",
);

/// Ends every session of a user, but for one if one is to be kept.
pub(crate) async fn end_all(
    executor: impl Executor,
    user: UserId,
    but_for: Option<SessionId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // No session has the nil UUID.
    let kept = but_for.unwrap_or(Uuid::nil().into());
    let now = to_millis(now).into();
    let values = [now, now, user.get().into(), kept.as_bytes().into()];
    executor.run::<Written>(&END_ALL, &values).await.map(drop)
}

const BEYOND: Statement = Statement::read(
    "sessions.beyond",
    "select session_id, ended_at is null and expires_at > ? as is_live from sessions where user_id = ?
     order by is_live desc, refreshed_at desc, session_id limit 1000 offset ?",
);

/// The sessions of a user beyond this many, and whether they are live: those first, the longest unused last.
pub(super) async fn beyond(
    executor: impl Executor,
    user: UserId,
    kept: u32,
    now: DateTime<Utc>,
) -> Result<Vec<(SessionId, bool)>, Error> {
    let values = [to_millis(now).into(), user.get().into(), kept.into()];
    let rows: Vec<BeyondRow> = executor.run(&BEYOND, &values).await?;
    rows.into_iter().map(|row| Ok((session_id(&row.session_id)?, row.is_live != 0))).collect()
}

const DELETE: Statement =
    Statement::idempotent_write("sessions.delete", "delete from sessions where session_id = ?");

/// Removes a session that has ended. Its tokens are unknown afterwards.
pub(super) async fn delete(executor: impl Executor, session: SessionId) -> Result<(), Error> {
    executor.run::<Written>(&DELETE, &[session.as_bytes().into()]).await.map(drop)
}

/// A user without sessions is one row without a session.
const LIST: Statement = Statement::read(
    "sessions.list",
    "select sessions.session_id, sessions.signed_in_at, sessions.refreshed_at, sessions.expires_at,
            sessions.ip_address, sessions.user_agent
     from users
     left join sessions on sessions.user_id = users.user_id and sessions.ended_at is null and sessions.expires_at > ?
     where users.user_id = ?
     order by sessions.signed_in_at desc, sessions.session_id",
);

/// The live sessions of a user, the latest first; `None` if there is no such user.
pub(super) async fn list(
    executor: impl Executor,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Vec<Session>>, Error> {
    let rows: Vec<ListRow> = executor.run(&LIST, &[to_millis(now).into(), user.get().into()]).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    rows.into_iter().filter_map(ListRow::into_session).collect::<Result<_, _>>().map(Some)
}

/// A few at a time: a long transaction would hold up others.
const DELETE_EXPIRED: Statement = Statement::idempotent_write(
    "sessions.delete_expired",
    "delete from sessions where expires_at < ? order by expires_at limit 500",
)
.on_sqlite(
    "delete from sessions where session_id in
     (select session_id from sessions where expires_at < ? order by expires_at limit 500)",
);

/// Removes some sessions that expired before a time, and returns how many.
pub(super) async fn delete_expired(executor: impl Executor, before: DateTime<Utc>) -> Result<u64, Error> {
    let written: Written = executor.run(&DELETE_EXPIRED, &[to_millis(before).into()]).await?;
    Ok(written.rows)
}

fn session_id(octets: &[u8]) -> Result<SessionId, Error> {
    Uuid::from_slice(octets).map(SessionId::from).map_err(|error| Error::Internal(error.into()))
}

#[derive(FromRow)]
struct RefreshableRow {
    secret: Vec<u8>,
    generation: i64,
    refreshed_at: i64,
    absolute_expiry: i64,
}

impl TryFrom<RefreshableRow> for Refreshable {
    type Error = Error;

    fn try_from(row: RefreshableRow) -> Result<Self, Error> {
        let malformed = || Error::Internal("a session's secret or generation is malformed".into());
        Ok(Self {
            secret: row.secret.try_into().map_err(|_| malformed())?,
            generation: row.generation.try_into().map_err(|_| malformed())?,
            refreshed_at: from_millis(row.refreshed_at)?,
            absolute_expiry: from_millis(row.absolute_expiry)?,
        })
    }
}

#[derive(Debug, FromRow)]
struct BeyondRow {
    session_id: Vec<u8>,
    is_live: i64,
}

#[derive(Debug, FromRow)]
struct ListRow {
    session_id: Option<Vec<u8>>,
    signed_in_at: Option<i64>,
    refreshed_at: Option<i64>,
    expires_at: Option<i64>,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

impl ListRow {
    fn into_session(self) -> Option<Result<Session, Error>> {
        let id = self.session_id?;
        let (signed_in_at, refreshed_at, expires_at) =
            (self.signed_in_at?, self.refreshed_at?, self.expires_at?);
        let (ip_address, user_agent) = (self.ip_address?, self.user_agent?);
        let session = || {
            Ok(Session {
                id: session_id(&id)?,
                signed_in_at: from_millis(signed_in_at)?,
                refreshed_at: from_millis(refreshed_at)?,
                expires_at: from_millis(expires_at)?,
                ip_address,
                user_agent,
            })
        };
        Some(session())
    }
}
