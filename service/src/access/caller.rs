//! Who calls: the user and the session that a request's token names.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use super::refusal::MAX_AUTH_AGE;
use super::{Authority, Permission, Refusal};
use crate::http::Problem;
use crate::user_id::UserId;

/// The user whose token a request carries, as the database knew them when the request began.
///
/// As an extractor it is there on every route that requires a token. As `Option<Caller>` it is also `None` where no
/// token was required or `ACCESS=open`.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// The session that the token is of.
    pub session_id: Uuid,
    /// When the user gave the password.
    pub signed_in_at: DateTime<Utc>,
    /// What the user may do.
    pub authority: Authority,
}

impl Caller {
    /// Whether this is the caller's own id.
    #[must_use]
    pub fn is(&self, user: UserId) -> bool {
        self.user_id == user
    }

    /// Refuses a caller without a permission.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`].
    pub fn require(&self, permission: &Permission) -> Result<(), Refusal> {
        if self.authority.holds(permission) { Ok(()) } else { Err(Refusal::Forbidden(permission.clone())) }
    }

    /// Refuses a caller who lacks one of these permissions.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] with the first one.
    pub fn require_all<'a>(
        &self,
        permissions: impl IntoIterator<Item = &'a Permission>,
    ) -> Result<(), Refusal> {
        permissions.into_iter().try_for_each(|permission| self.require(permission))
    }

    /// Refuses a caller who lacks a permission that another user holds.
    ///
    /// # Errors
    /// [`Refusal::Outranked`].
    pub fn require_over(&self, other: &Authority) -> Result<(), Refusal> {
        if self.authority.covers(other) { Ok(()) } else { Err(Refusal::Outranked) }
    }

    /// Refuses a caller who gave the password too long ago.
    ///
    /// # Errors
    /// [`Refusal::SignInTooOld`].
    pub fn require_recent_sign_in(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        // In milliseconds, as the database holds it.
        let ago = now.trunc_subsecs(3).signed_duration_since(self.signed_in_at).to_std().unwrap_or_default();
        if ago <= MAX_AUTH_AGE { Ok(()) } else { Err(Refusal::SignInTooOld) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal(NoCaller))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// Why the token of a request was not accepted, on a route that serves whoever asks.
#[derive(Debug, Clone)]
pub struct NotAccepted(pub Problem);

impl<S: Send + Sync> OptionalFromRequestParts<S> for NotAccepted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the route wants a caller, but its declaration does not require a token")]
struct NoCaller;
