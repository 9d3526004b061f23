//! Why a caller is refused, and how that is reported over HTTP (RFC 6750 section 3, RFC 9470 section 3).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response};

use super::Permission;
use crate::http::Problem;
use crate::openapi::problem_responses;

/// How long ago the password may have been given for a call that decides over the account, as `max_age` of RFC 9470 section 3.
pub(super) const MAX_AUTH_AGE: Duration = Duration::from_mins(10);

/// Why a caller is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No token was sent.
    #[error("no token was sent")]
    Unauthenticated,
    /// What was sent is no token that is accepted here.
    #[error("the token is not valid")]
    TokenInvalid,
    /// The token was valid, but is not any more.
    #[error("the token has expired")]
    TokenExpired,
    /// The session of the token has ended, or its user may not sign in any more.
    #[error("the session has ended")]
    SessionEnded,
    /// The call requires that the password was given a short time ago.
    #[error("the sign-in is too long ago")]
    SignInTooOld,
    /// The caller lacks a permission.
    #[error("the caller lacks the permission {0}")]
    Forbidden(Permission),
    /// The other user, or the role, has a permission that the caller lacks.
    #[error("the caller lacks a permission of the other")]
    Outranked,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthenticated => unauthorized(
                "unauthenticated",
                "Send a token of this service, as in `Authorization: Bearer …`; POST /sessions gives one",
                None,
            ),
            Refusal::TokenInvalid => invalid_token("token_invalid", "This token is not valid here"),
            Refusal::TokenExpired => invalid_token(
                "token_expired",
                "The token has expired; POST /sessions/refresh gives a new one",
            ),
            Refusal::SessionEnded => invalid_token("session_ended", "The session has ended; sign in again"),
            Refusal::SignInTooOld => sign_in_too_old(),
            Refusal::Forbidden(permission) => {
                let challenge = format!(r#"error="insufficient_scope", scope="{permission}""#);
                let detail = format!("This call needs the permission {permission}");
                challenging(StatusCode::FORBIDDEN, "forbidden", detail, Some(&challenge))
            }
            Refusal::Outranked => {
                let detail = "This concerns a permission that you do not have yourself";
                Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
            }
        }
    }
}

fn invalid_token(code: &'static str, detail: &'static str) -> Problem {
    unauthorized(code, detail, Some(&format!(r#"error="invalid_token", error_description="{detail}""#)))
}

fn sign_in_too_old() -> Problem {
    let seconds = MAX_AUTH_AGE.as_secs();
    let detail =
        format!("This call requires a sign-in within the last {} minutes; sign in again", seconds / 60);
    let challenge = format!(
        r#"error="insufficient_user_authentication", error_description="{detail}", max_age="{seconds}""#
    );
    unauthorized("reauthentication_required", detail, Some(&challenge))
}

fn unauthorized(
    code: &'static str,
    detail: impl Into<Cow<'static, str>>,
    challenge: Option<&str>,
) -> Problem {
    challenging(StatusCode::UNAUTHORIZED, code, detail, challenge)
}

/// With `WWW-Authenticate`.
fn challenging(
    status: StatusCode,
    code: &'static str,
    detail: impl Into<Cow<'static, str>>,
    challenge: Option<&str>,
) -> Problem {
    let value = challenge.map_or_else(|| "Bearer".to_owned(), |challenge| format!("Bearer {challenge}"));
    let value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("Bearer"));
    Problem::new(status, code, detail).with_header(header::WWW_AUTHENTICATE, value)
}

/// 404: the call belongs to the accounts, and those are off.
#[must_use]
pub(super) fn accounts_off() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "accounts_off",
        "Accounts are off; start the service with ACCESS=tokens to turn them on",
    )
}

/// What can be wrong with a caller, for the document: 401, 403.
#[derive(Debug)]
pub(super) struct CallerProblems;

impl IntoResponses for CallerProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problem_responses([
            ("No token was sent, or one that is not accepted", Refusal::Unauthenticated.into()),
            ("The caller lacks a permission", Refusal::Forbidden(Permission::USERS_READ).into()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn challenge(refusal: Refusal) -> (u16, String) {
        let response = Problem::from(refusal).into_response();
        let challenge = response.headers().get(header::WWW_AUTHENTICATE);
        (response.status().as_u16(), challenge.map_or("", |value| value.to_str().unwrap()).to_owned())
    }

    #[test]
    fn the_challenge_says_what_is_wrong_with_a_token_that_was_sent() {
        assert_eq!(challenge(Refusal::Unauthenticated), (401, "Bearer".to_owned()));
        for refusal in [Refusal::TokenInvalid, Refusal::TokenExpired, Refusal::SessionEnded] {
            let (status, challenge) = challenge(refusal);
            assert_eq!(status, 401);
            assert!(
                challenge.starts_with(r#"Bearer error="invalid_token", error_description=""#),
                "{challenge}"
            );
        }
    }

    #[test]
    fn a_missing_permission_is_named() {
        let (status, challenge) = challenge(Refusal::Forbidden(Permission::USERS_READ));
        assert_eq!((status, &*challenge), (403, r#"Bearer error="insufficient_scope", scope="users:read""#));
    }

    #[test]
    fn a_sign_in_that_is_too_old_tells_the_age_that_is_accepted() {
        let (status, challenge) = challenge(Refusal::SignInTooOld);
        assert_eq!(status, 401);
        assert!(challenge.starts_with(r#"Bearer error="insufficient_user_authentication""#), "{challenge}");
        assert!(challenge.ends_with(r#"max_age="600""#), "{challenge}");
    }
}
