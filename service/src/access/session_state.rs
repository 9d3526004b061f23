//! Whether a session may be used, and what for: the one rule for requests, refreshes and introspection.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Authority, Caller, Refusal};
use crate::db::{Error, Executor, Statement, from_millis};
use crate::status::Status;
use crate::user_id::UserId;
use crate::user_row;

/// What decides over a session: it, its user, the user's state and permissions, read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionState {
    pub(crate) user_id: UserId,
    pub(crate) signed_in_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) has_ended: bool,
    pub(crate) is_disabled: bool,
    pub(crate) authority: Authority,
}

impl SessionState {
    /// Refuses a session that has ended or expired, or whose user is disabled.
    pub(crate) fn check(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        if now < self.expires_at { self.check_not_ended() } else { Err(Refusal::SessionEnded) }
    }

    const fn check_not_ended(&self) -> Result<(), Refusal> {
        if self.has_ended || self.is_disabled { Err(Refusal::SessionEnded) } else { Ok(()) }
    }
}

/// All that a request with a token has to know, in one statement.
const STATE: Statement = Statement::read(
    "sessions.state",
    "select sessions.user_id, sessions.signed_in_at, sessions.expires_at, sessions.ended_at, accounts.status,
            roles.role, roles.permissions
     from sessions
     left join accounts on accounts.user_id = sessions.user_id
     left join user_roles on user_roles.user_id = sessions.user_id
     left join roles on roles.role = user_roles.role
     where sessions.session_id = ?",
);

/// What decides over a session; `None` if there is none of this id.
pub(crate) async fn session_state(
    executor: impl Executor,
    session: Uuid,
) -> Result<Option<SessionState>, Error> {
    let rows: Vec<Row> = executor.run(&STATE, &[session.as_bytes()[..].into()]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (user_id, signed_in_at, expires_at) =
        (user_row::id(first.user_id)?, from_millis(first.signed_in_at)?, from_millis(first.expires_at)?);
    let has_ended = first.ended_at.is_some();
    let is_disabled = !Status::from_stored(first.status.as_deref()).is_active();
    let roles = rows.into_iter().filter_map(|row| Some((row.role?, row.permissions?)));
    let authority = Authority::from_stored(roles);
    Ok(Some(SessionState { user_id, signed_in_at, expires_at, has_ended, is_disabled, authority }))
}

/// Refuses a caller who has been signed out or disabled, or has lost a permission, since the request was let in: for requests
/// that may have waited since, for a lock or a hash.
pub(crate) async fn reauthorize<E: From<Error> + From<Refusal>>(
    executor: impl Executor,
    caller: &Caller,
) -> Result<(), E> {
    let state = session_state(executor, caller.session_id).await?.ok_or(Refusal::SessionEnded)?;
    state.check_not_ended()?;
    if state.authority.covers(&caller.authority) { Ok(()) } else { Err(Refusal::Outranked.into()) }
}

#[derive(Debug, FromRow)]
struct Row {
    user_id: i64,
    signed_in_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    status: Option<String>,
    role: Option<String>,
    permissions: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_session_may_be_used_until_it_ends_or_its_user_is_disabled() {
        let now = DateTime::UNIX_EPOCH + Duration::from_hours(1);
        let good = SessionState {
            user_id: UserId::try_from(1_u64).unwrap(),
            signed_in_at: DateTime::UNIX_EPOCH,
            expires_at: now + Duration::from_millis(1),
            has_ended: false,
            is_disabled: false,
            authority: Authority::default(),
        };
        assert_eq!(good.check(now), Ok(()));
        for bad in [
            SessionState { has_ended: true, ..good.clone() },
            SessionState { is_disabled: true, ..good.clone() },
            SessionState { expires_at: now, ..good.clone() },
        ] {
            assert_eq!(bad.check(now), Err(Refusal::SessionEnded), "{bad:?}");
        }
    }
}
