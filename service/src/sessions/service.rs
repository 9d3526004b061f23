//! The use cases of sessions.

use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::extract::FromRef;
use chrono::{DateTime, Utc};
use tracing::info;
use uuid::Uuid;

use super::refresh_token::{self, PURPOSE, Presented, Secret};
use super::repository::{self, NewSession, Refreshable};
use super::{Client, Error, Issued, Session, SessionId};
use crate::access::{self, Authority, Caller, Refusal, RoleName, SessionState};
use crate::app_state::Accounts;
use crate::clock::Clock;
use crate::config::SessionLifetime;
use crate::db::{Database, Transaction};
use crate::tokens::{Claims, Grant, Tokens};
use crate::user_id::UserId;
use crate::{random, roles};

/// The most sessions of a user at once.
const MAX_SESSIONS: u32 = 100;
/// How many are kept beside those although they have ended: a user with a million of them could not be removed in time.
const MAX_ENDED: usize = 100;

/// The use cases of sessions.
#[derive(Clone)]
pub struct Service {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    tokens: Tokens,
    pub(super) lifetime: SessionLifetime,
    pub(super) sign_up_is_open: bool,
}

impl FromRef<Arc<Accounts>> for Service {
    fn from_ref(accounts: &Arc<Accounts>) -> Self {
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
    pub(super) id: SessionId,
    pub(super) user_id: UserId,
    pub(super) generation: u32,
    pub(super) secret: Secret,
    pub(super) signed_in_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) authority: Authority,
}

/// A token that is valid now.
pub(super) struct Introspected {
    pub(super) claims: Claims,
    pub(super) authority: Authority,
    pub(super) scope: Vec<String>,
    pub(super) issuer: String,
}

impl Service {
    /// Begins a session for a user whose row is locked and who may sign in. Past the most at once, the longest unused end; those that ended
    /// long ago go.
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
        let superfluous = repository::beyond(&mut *transaction, user, MAX_SESSIONS - 1, now).await?;
        for (place, (session, is_live)) in superfluous.into_iter().enumerate() {
            if is_live {
                repository::end(&mut *transaction, user, session, now).await?;
            } else if place >= MAX_ENDED {
                repository::delete(&mut *transaction, session).await?;
            }
        }
        let session =
            NewSession { id, user_id: user, secret: &secret, now, expires_at, absolute_expiry, client };
        repository::insert(&mut *transaction, &session).await?;
        Ok(Begun { id, user_id: user, generation: 0, secret, signed_in_at: now, expires_at, authority })
    }

    /// The tokens of a session.
    ///
    /// # Errors
    /// If the keys are unavailable.
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

    /// What a token is checked against, if the service made it.
    pub(super) async fn genuine(&self, presented: &Presented) -> Result<Refreshable, Error> {
        let session = repository::refreshable(&self.database, presented.session).await?;
        let session = session.ok_or(Refusal::TokenInvalid)?;
        let is_genuine = |key: hmac::Key| presented.is_genuine(&key, &session.secret);
        let keys = self.tokens.keys();
        if keys.mac_keys().await?.accepted(PURPOSE).any(is_genuine)
            || keys.reload_mac_keys().await?.accepted(PURPOSE).any(is_genuine)
        {
            return Ok(session);
        }
        Err(Refusal::TokenInvalid.into())
    }

    /// What decides over a session that may be used.
    pub(super) async fn session_state(&self, session: SessionId) -> Result<SessionState, Error> {
        let state =
            access::session_state(&self.database, session.get()).await?.ok_or(Refusal::SessionEnded)?;
        state.check(self.clock.now())?;
        Ok(state)
    }

    /// What an access token says.
    pub(super) async fn claims_of(&self, token: &str) -> Result<Claims, Error> {
        self.tokens.verify(token, self.clock.now()).await.map_err(refused)
    }

    /// The same, and what decides over its session now.
    pub(super) async fn of_claims(&self, claims: Claims) -> Result<(Claims, SessionState), Error> {
        let state = self.session_state(claims.session_id.into()).await?;
        // A session that is somebody else's: no token of this service says so.
        if state.user_id.get() != claims.user_id {
            return Err(Refusal::TokenInvalid.into());
        }
        Ok((claims, state))
    }

    /// What an access token of this service says, for whichever audience, with what decides over its session and the
    /// permissions of its user now; `None` if it is not valid now.
    ///
    /// # Errors
    /// If that cannot be found out.
    pub(super) async fn introspect(&self, token: &str) -> Result<Option<Introspected>, Error> {
        let now = self.clock.now();
        let verified = self.tokens.verify_for_any_audience(token, now).await.map_err(refused);
        let known = match verified {
            Ok(claims) => self.of_claims(claims).await,
            Err(error) => Err(error),
        };
        match known {
            Ok((claims, state)) => {
                let scope = roles::scope_of(&self.database, &state.authority).await?;
                let issuer = self.tokens.issuer().to_owned();
                Ok(Some(Introspected { claims, authority: state.authority, scope, issuer }))
            }
            Err(Error::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends the session of a refresh token.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`], [`Refusal::SessionEnded`].
    pub async fn sign_out(&self, token: &str) -> Result<(), Error> {
        let presented = Presented::parse(token).ok_or(Refusal::TokenInvalid)?;
        self.genuine(&presented).await?;
        let state = self.session_state(presented.session).await?;
        self.end_own(state.user_id, presented.session).await
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
    pub async fn list(&self, user: UserId) -> Result<Vec<Session>, Error> {
        repository::list(&self.database, user, self.clock.now()).await?.ok_or(Error::UserNotFound)
    }

    /// Ends a session of a user.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Refused`] if the user holds a permission that the caller lacks.
    pub async fn end(&self, caller: &Caller, user: UserId, session: SessionId) -> Result<(), Error> {
        let now = self.clock.now();
        let ended = self.database.transaction(|mut transaction| async move {
            roles::require_over(&mut transaction, caller, user, Error::UserNotFound).await?;
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
    pub async fn end_all(&self, caller: &Caller, user: UserId) -> Result<(), Error> {
        let now = self.clock.now();
        let ended = self.database.transaction(|mut transaction| async move {
            roles::require_over(&mut transaction, caller, user, Error::UserNotFound).await?;
            Ok::<_, Error>(repository::end_all(&mut transaction, user, None, now).await?)
        });
        ended.await?;
        info!(user_id = %user, by = %caller.user_id, "All sessions of a user were ended");
        Ok(())
    }
}

fn refused(error: crate::tokens::Refused) -> Error {
    use crate::tokens::Refused;
    match error {
        Refused::Invalid(_) => Refusal::TokenInvalid.into(),
        Refused::Expired => Refusal::TokenExpired.into(),
        Refused::Unavailable(error) => error.into(),
    }
}
