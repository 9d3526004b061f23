//! The use cases of sessions.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::extract::FromRef;
use chrono::{DateTime, SubsecRound, Utc};
use tracing::{info, instrument, warn};
use uuid::Uuid;

use super::refresh_token::{self, PURPOSE, Presented, Secret};
use super::repository::{self, NewSession, Refreshable};
use super::standing::Standing;
use super::{Client, Error, Issued, Session, SessionId};
use crate::access::{Authority, Caller, Refusal, RoleName};
use crate::app_state::Accounts;
use crate::clock::Clock;
use crate::config::SessionLifetime;
use crate::db::{Database, Transaction};
use crate::tokens::{Claims, Grant, Tokens};
use crate::user_id::UserId;
use crate::{random, roles, user_row};

/// For how long the predecessor of a refresh token gets the same successor again: an answer may be lost, and two tabs may
/// refresh at once.
const GRACE: Duration = Duration::from_secs(30);
/// The most sessions of a user at once.
const MOST: u32 = 100;
/// How often a refresh is decided anew that meets another one.
const ATTEMPTS: u32 = 5;

/// The use cases of sessions.
#[derive(Clone)]
pub struct Service {
    database: Database,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    lifetime: SessionLifetime,
    pub(super) sign_up_is_open: bool,
}

impl FromRef<Accounts> for Service {
    fn from_ref(accounts: &Accounts) -> Self {
        Self {
            database: accounts.database.clone(),
            clock: Arc::clone(&accounts.clock),
            tokens: accounts.tokens.clone(),
            lifetime: accounts.settings.session_lifetime,
            sign_up_is_open: accounts.settings.sign_up_is_open,
        }
    }
}

/// A session that was begun, and what its tokens are made from.
pub(crate) struct Begun {
    id: SessionId,
    user_id: UserId,
    generation: u32,
    secret: Secret,
    signed_in_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    authority: Authority,
}

/// A token that is valid now.
pub(super) struct Introspected {
    pub(super) claims: Claims,
    pub(super) authority: Authority,
    pub(super) scope: Vec<String>,
    pub(super) issuer: String,
}

impl Service {
    /// Begins a session for a user whose row is locked and who may sign in. Past the most at once, the longest unused end.
    pub(crate) async fn begin(
        &self,
        transaction: &mut Transaction,
        user: UserId,
        client: &Client,
    ) -> Result<Begun, Error> {
        let now = self.clock.now();
        let absolute_expiry = now + self.lifetime.absolute;
        let expires_at = absolute_expiry.min(now + self.lifetime.idle);
        let secret: Secret = random::bytes()?;
        let id = SessionId::from(Uuid::new_v4());
        let authority = roles::authority_of(&mut *transaction, user).await?.ok_or(Error::UserNotFound)?;
        let superfluous = repository::beyond(&mut *transaction, user, MOST - 1, now).await?;
        for session in superfluous {
            repository::end(&mut *transaction, user, session, now).await?;
        }
        let session =
            NewSession { id, user_id: user, secret: &secret, now, expires_at, absolute_expiry, client };
        repository::insert(&mut *transaction, &session).await?;
        Ok(Begun { id, user_id: user, generation: 0, secret, signed_in_at: now, expires_at, authority })
    }

    /// The tokens of a session.
    ///
    /// # Errors
    /// If the keys cannot be had.
    pub(crate) async fn issue(&self, session: &Begun, audience: Option<&str>) -> Result<Issued, Error> {
        let now = self.clock.now();
        let names: Vec<String> = session.authority.roles().map(RoleName::to_string).collect();
        let scope = roles::scope_of(&self.database, &session.authority).await?;
        let grant = Grant {
            user_id: session.user_id.get(),
            session_id: session.id.get(),
            auth_time: session.signed_in_at.timestamp(),
            roles: &names,
            scope: &scope,
            audience,
        };
        let access = self.tokens.issue(&grant, now).await?;
        let key = self.tokens.keys().mac_keys().await?.derive(PURPOSE);
        Ok(Issued {
            session_id: session.id,
            user_id: session.user_id,
            access_token: access.text,
            expires_in: access.expires_in,
            refresh_token: refresh_token::issue(&key, session.id, session.generation, &session.secret),
            refresh_expires_in: session.expires_at.signed_duration_since(now).to_std().unwrap_or_default(),
        })
    }

    /// Refuses an audience that no tokens are issued for.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`].
    pub(crate) fn check_audience(&self, audience: Option<&str>) -> Result<(), Error> {
        let known = audience.is_none_or(|audience| self.tokens.accepts_audience(audience));
        if known { Ok(()) } else { Err(Error::UnknownAudience) }
    }

    /// New tokens for a refresh token.
    ///
    /// A token is good once. Within [`GRACE`] its immediate predecessor gets the same successor again; anything older ends
    /// the session, because somebody else may have it.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`], [`Refusal::SessionEnded`], [`Error::Reused`].
    #[instrument(level = "debug", name = "sessions.refresh", skip_all)]
    pub async fn refresh(&self, token: &str, audience: Option<&str>) -> Result<Issued, Error> {
        self.check_audience(audience)?;
        let presented = Presented::parse(token).ok_or(Refusal::TokenInvalid)?;
        for _ in 0..ATTEMPTS {
            let session = self.genuine(&presented).await?;
            let standing = self.standing(presented.session).await?;
            if let Some(begun) = self.rotate(&presented, &session, standing).await? {
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
        standing: Standing,
    ) -> Result<Option<Begun>, Error> {
        let now = self.clock.now();
        let mut expires_at = standing.expires_at;
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
            Successor::None => return Err(self.end_reused(presented, session, &standing, now).await?),
            Successor::Unborn => return Err(Refusal::TokenInvalid.into()),
        }
        Ok(Some(Begun {
            id: presented.session,
            user_id: standing.user_id,
            generation: presented.generation + 1,
            secret: session.secret,
            signed_in_at: standing.signed_in_at,
            expires_at,
            authority: standing.authority,
        }))
    }

    async fn end_reused(
        &self,
        presented: &Presented,
        session: &Refreshable,
        standing: &Standing,
        now: DateTime<Utc>,
    ) -> Result<Error, Error> {
        repository::end(&self.database, standing.user_id, presented.session, now).await?;
        warn!(
            session_id = %presented.session,
            user_id = %standing.user_id,
            presented = presented.generation,
            current = session.generation,
            "A refresh token was used again; the session was ended"
        );
        Ok(Error::Reused)
    }

    /// What a token is checked against, if the service made it.
    async fn genuine(&self, presented: &Presented) -> Result<Refreshable, Error> {
        let session = repository::refreshable(&self.database, presented.session).await?;
        let session = session.ok_or(Refusal::TokenInvalid)?;
        let is_genuine = |key: hmac::Key| presented.is_genuine(&key, &session.secret);
        let keys = self.tokens.keys();
        if keys.mac_keys().await?.accepted(PURPOSE).any(is_genuine)
            || keys.mac_keys_anew().await?.accepted(PURPOSE).any(is_genuine)
        {
            return Ok(session);
        }
        Err(Refusal::TokenInvalid.into())
    }

    /// What decides over a session that may be used.
    async fn standing(&self, session: SessionId) -> Result<Standing, Error> {
        let standing = repository::standing(&self.database, session).await?.ok_or(Refusal::SessionEnded)?;
        standing.check(self.clock.now())?;
        Ok(standing)
    }

    /// What an access token says.
    pub(super) async fn claims_of(&self, token: &str) -> Result<Claims, Error> {
        self.tokens.verify(token, self.clock.now()).await.map_err(refused)
    }

    /// The same, and what decides over its session now.
    pub(super) async fn of_claims(&self, claims: Claims) -> Result<(Claims, Standing), Error> {
        let standing = self.standing(claims.session_id.into()).await?;
        // A session that is somebody else's: no token of this service says so.
        if standing.user_id.get() != claims.user_id {
            return Err(Refusal::TokenInvalid.into());
        }
        Ok((claims, standing))
    }

    /// What an access token of this service says, for whichever audience, with what decides over its session and the
    /// permissions of its user now; `None` if it is not valid now.
    ///
    /// # Errors
    /// If that cannot be found out.
    #[instrument(level = "debug", name = "sessions.introspect", skip_all)]
    pub(super) async fn introspect(&self, token: &str) -> Result<Option<Introspected>, Error> {
        let now = self.clock.now();
        let verified = self.tokens.verify_for_any_audience(token, now).await.map_err(refused);
        let known = match verified {
            Ok(claims) => self.of_claims(claims).await,
            Err(error) => Err(error),
        };
        match known {
            Ok((claims, standing)) => {
                let scope = roles::scope_of(&self.database, &standing.authority).await?;
                let issuer = self.tokens.issuer().to_owned();
                Ok(Some(Introspected { claims, authority: standing.authority, scope, issuer }))
            }
            Err(Error::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends the session of a refresh token.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`], [`Refusal::SessionEnded`].
    #[instrument(level = "debug", name = "sessions.sign_out", skip_all)]
    pub async fn sign_out(&self, token: &str) -> Result<(), Error> {
        let presented = Presented::parse(token).ok_or(Refusal::TokenInvalid)?;
        self.genuine(&presented).await?;
        let standing = self.standing(presented.session).await?;
        self.end_own(standing.user_id, presented.session).await
    }

    /// Ends a session of the caller.
    ///
    /// # Errors
    /// [`Refusal::SessionEnded`].
    pub async fn end_own(&self, user: UserId, session: SessionId) -> Result<(), Error> {
        if repository::end(&self.database, user, session, self.clock.now()).await? {
            return Ok(());
        }
        Err(Refusal::SessionEnded.into())
    }

    /// The live sessions of a user, the latest first.
    ///
    /// # Errors
    /// [`Error::UserNotFound`].
    #[instrument(level = "debug", name = "sessions.list", skip_all, fields(user_id = %user))]
    pub async fn list(&self, user: UserId) -> Result<Vec<Session>, Error> {
        repository::list(&self.database, user, self.clock.now()).await?.ok_or(Error::UserNotFound)
    }

    /// Ends a session of a user.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Refused`] if the user holds a permission that the caller lacks.
    #[instrument(level = "debug", name = "sessions.end", skip_all, fields(user_id = %user))]
    pub async fn end(&self, caller: &Caller, user: UserId, session: SessionId) -> Result<(), Error> {
        let now = self.clock.now();
        let ended = self.database.transaction(|mut transaction| async move {
            require_over(&mut transaction, caller, user).await?;
            if repository::end(&mut transaction, user, session, now).await? {
                Ok(())
            } else {
                Err(Error::NotFound)
            }
        });
        ended.await?;
        info!(user_id = %user, session_id = %session, by = %caller.user_id, "A session was ended");
        Ok(())
    }

    /// Ends every session of a user.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Refused`] if the user holds a permission that the caller lacks.
    #[instrument(level = "debug", name = "sessions.end_all", skip_all, fields(user_id = %user))]
    pub async fn end_all(&self, caller: &Caller, user: UserId) -> Result<(), Error> {
        let now = self.clock.now();
        let ended = self.database.transaction(|mut transaction| async move {
            require_over(&mut transaction, caller, user).await?;
            Ok::<_, Error>(repository::end_all(&mut transaction, user, None, now).await?)
        });
        ended.await?;
        info!(user_id = %user, by = %caller.user_id, "All sessions of a user were ended");
        Ok(())
    }
}

/// Locks a user, and refuses a caller who lacks a permission that the user holds.
async fn require_over(transaction: &mut Transaction, caller: &Caller, user: UserId) -> Result<(), Error> {
    if !user_row::lock(&mut *transaction, user).await? {
        return Err(Error::UserNotFound);
    }
    let authority = roles::authority_of(&mut *transaction, user).await?.ok_or(Error::UserNotFound)?;
    if caller.is(user) { Ok(()) } else { Ok(caller.require_over(&authority)?) }
}

fn refused(error: crate::tokens::Refused) -> Error {
    use crate::tokens::Refused;
    match error {
        Refused::Invalid(_) => Refusal::TokenInvalid.into(),
        Refused::Expired => Refusal::TokenExpired.into(),
        Refused::Unavailable(error) => error.into(),
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
        1 if age.to_std().unwrap_or_default() <= GRACE => Successor::Same,
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
