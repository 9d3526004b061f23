//! The errors of the use cases of sessions, and how they are reported over HTTP.

use axum::http::{HeaderValue, StatusCode, header};

use crate::access::Refusal;
use crate::db::{self, DatabaseError};
use crate::field::Invalid;
use crate::http::{Problem, user_not_found};
use crate::{keys, random, tokens};

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user has no session of this id.
    #[error("the user has no such session")]
    NotFound,
    /// No user has this id.
    #[error("no user has this id")]
    UserNotFound,
    /// The refresh token was used before: its session is ended.
    #[error("the refresh token was used before")]
    Reused,
    /// No tokens are issued for this audience.
    #[error("no tokens are issued for this audience")]
    UnknownAudience,
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The keys are unavailable.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// No token could be made.
    #[error(transparent)]
    Tokens(#[from] tokens::Error),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] random::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl DatabaseError for Error {
    fn database_error(&self) -> Option<&db::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::new(
                StatusCode::NOT_FOUND,
                "session_not_found",
                "The user has no session of this id, or it has ended",
            ),
            Error::UserNotFound => user_not_found(),
            Error::Reused => Self::new(
                StatusCode::UNAUTHORIZED,
                "token_reused",
                "The refresh token was used before, so the session was ended; sign in again",
            )
            .with_header(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(r#"Bearer error="invalid_token""#),
            ),
            Error::UnknownAudience => {
                let invalid =
                    Invalid::new("unknown_audience", "is not an audience that tokens are issued for");
                Self::invalid(vec![invalid.at("audience")])
            }
            Error::Refused(refusal) => refusal.into(),
            Error::Keys(error) => error.into(),
            Error::Tokens(error) => error.into(),
            Error::Random(error) => Self::internal(error),
            Error::Database(error) => error.into(),
        }
    }
}
