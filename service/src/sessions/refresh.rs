//! Refreshing: a refresh token is good once, and for a moment its predecessor is good for the same successor.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use tracing::warn;

use super::refresh_token::Presented;
use super::repository::{self, Refreshable};
use super::service::Begun;
use super::{Error, Issued, Service};
use crate::access::{Refusal, SessionState};
use crate::metrics;

/// For how long the predecessor of a refresh token gets the same successor again: an answer may be lost, and two tabs may
/// refresh at once.
const GRACE_PERIOD: Duration = Duration::from_secs(30);
/// How often a refresh is decided anew that meets another one.
const ATTEMPTS: u32 = 5;

impl Service {
    /// New tokens for a refresh token.
    ///
    /// A token is good once. Within [`GRACE_PERIOD`] its immediate predecessor gets the same successor again; anything older ends
    /// the session, because somebody else may have it.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`], [`Refusal::SessionEnded`], [`Error::Reused`].
    pub async fn refresh(&self, token: &str, audience: Option<&str>) -> Result<Issued, Error> {
        self.check_audience(audience)?;
        let presented = Presented::parse(token).ok_or(Refusal::TokenInvalid)?;
        for _ in 0..ATTEMPTS {
            let session = self.genuine(&presented).await?;
            let state = self.session_state(presented.session).await?;
            if let Some(begun) = self.rotate(&presented, &session, state).await? {
                return self.issue(&begun, audience).await;
            }
        }
        // Others have ended it, or moved it on several times meanwhile.
        Err(Refusal::SessionEnded.into())
    }

    /// Moves a session on to the successor of a genuine token; `None` if another refresh has changed it meanwhile.
    async fn rotate(
        &self,
        presented: &Presented,
        session: &Refreshable,
        state: SessionState,
    ) -> Result<Option<Begun>, Error> {
        let now = self.clock.now();
        let mut expires_at = state.expires_at;
        match successor(presented.generation, session, now) {
            Successor::Next => {
                expires_at = session.absolute_expiry.min(now + self.lifetime.idle);
                let generation = presented.generation;
                if !repository::rotate(&self.database, presented.session, generation, now, expires_at).await?
                {
                    return Ok(None);
                }
            }
            Successor::Same => {}
            Successor::None => return Err(self.end_reused(presented, session, &state, now).await?),
            Successor::Unborn => return Err(Refusal::TokenInvalid.into()),
        }
        Ok(Some(Begun {
            id: presented.session,
            user_id: state.user_id,
            generation: presented.generation + 1,
            secret: session.secret,
            signed_in_at: state.signed_in_at,
            expires_at,
            authority: state.authority,
        }))
    }

    async fn end_reused(
        &self,
        presented: &Presented,
        session: &Refreshable,
        state: &SessionState,
        now: DateTime<Utc>,
    ) -> Result<Error, Error> {
        repository::end(&self.database, state.user_id, presented.session, now).await?;
        metrics::REFRESH_TOKENS_REUSED.count();
        warn!(
            session_id = %presented.session,
            user_id = %state.user_id,
            presented = presented.generation,
            current = session.generation,
            "A refresh token was used again; the session was ended"
        );
        Ok(Error::Reused)
    }
}

/// What a genuine token of some generation is good for.
#[derive(Debug, PartialEq, Eq)]
enum Successor {
    /// The next generation: it is the current token.
    Next,
    /// The current generation, again: it is the predecessor, a moment ago.
    Same,
    /// Nothing: it was used before.
    None,
    /// Nothing: there is no such generation yet.
    Unborn,
}

fn successor(presented: u32, session: &Refreshable, now: DateTime<Utc>) -> Successor {
    // In milliseconds, as the database holds it.
    let age = now.trunc_subsecs(3).signed_duration_since(session.refreshed_at);
    match i64::from(session.generation) - i64::from(presented) {
        ..0 => Successor::Unborn,
        0 => Successor::Next,
        // A clock that was set back makes it younger, not older.
        1 if age.to_std().unwrap_or_default() <= GRACE_PERIOD => Successor::Same,
        1.. => Successor::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_immediate_predecessor_gets_its_successor_again_and_only_for_a_moment() {
        let refreshed_at = DateTime::UNIX_EPOCH + Duration::from_hours(1);
        let session =
            Refreshable { secret: [0; 32], generation: 5, refreshed_at, absolute_expiry: refreshed_at };
        let at = |generation, seconds| {
            successor(generation, &session, refreshed_at + chrono::TimeDelta::seconds(seconds))
        };
        assert_eq!(at(5, 0), Successor::Next);
        assert_eq!(at(5, 1_000_000), Successor::Next);
        assert_eq!(at(4, 0), Successor::Same);
        assert_eq!(at(4, 30), Successor::Same);
        assert_eq!(at(4, -3600), Successor::Same);
        assert_eq!(at(4, 31), Successor::None);
        assert_eq!(at(3, 0), Successor::None);
        assert_eq!(at(6, 0), Successor::Unborn);
    }
}
