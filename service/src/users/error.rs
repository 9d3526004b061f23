//! The errors of the use cases of the users, and how they are reported over HTTP.

use std::time::Duration;

use axum::http::StatusCode;

use crate::access::Refusal;
use crate::db::{self, DatabaseError};
use crate::field::Invalid;
use crate::http::{self, Problem, user_not_found};
use crate::{keys, limits, roles};

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No user has the id that was asked for.
    #[error("no user has this id")]
    NotFound,
    /// Another user already has a value that must be unique.
    #[error("another user has this username or e-mail address")]
    Taken(Taken),
    /// The user is not what the request says that it has seen.
    #[error("the user has been changed meanwhile")]
    ChangedMeanwhile,
    /// Another request had the `Idempotency-Key`.
    #[error("another request had the idempotency key")]
    KeyReused,
    /// The request with the `Idempotency-Key` is still running.
    #[error("the request with the idempotency key is still running")]
    InProgress,
    /// Nobody else could administer the service.
    #[error("this is the last administrator")]
    LastAdministrator,
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The caller has learnt too often what is taken.
    #[error(transparent)]
    Limits(#[from] limits::Exceeded),
    /// The keys are unavailable.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<limits::Error> for Error {
    fn from(error: limits::Error) -> Self {
        match error {
            limits::Error::Exceeded(exceeded) => exceeded.into(),
            limits::Error::Database(error) => error.into(),
        }
    }
}

impl DatabaseError for Error {
    fn database_error(&self) -> Option<&db::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

/// Which of a user's values another user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// `username`
    pub username: bool,
    /// `email`
    pub email: bool,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => user_not_found(),
            Error::Taken(taken) => conflict(taken),
            Error::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "Another request had this Idempotency-Key; send each request with a key of its own",
            ),
            Error::InProgress => Self::new(
                StatusCode::CONFLICT,
                "request_in_progress",
                "The request with this Idempotency-Key is still running; send it again later",
            )
            .with_retry_after(Duration::from_secs(1)),
            Error::ChangedMeanwhile => http::changed_meanwhile(),
            Error::LastAdministrator => roles::Error::LastAdministrator.into(),
            Error::Refused(refusal) => refusal.into(),
            Error::Limits(exceeded) => exceeded.into(),
            Error::Keys(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}

/// Lists every value that is taken. The code is the name's if both are.
fn conflict(taken: Taken) -> Problem {
    let (code, detail) = if taken.username {
        ("username_taken", "Username already exists")
    } else {
        ("email_taken", "Email already exists")
    };
    let fields = [("username", taken.username), ("email", taken.email)];
    let errors = fields
        .into_iter()
        .filter(|(_, taken)| *taken)
        .map(|(field, _)| Invalid::new("taken", "is taken by another user; choose another").at(field));
    Problem::new(StatusCode::CONFLICT, code, detail).with_errors(errors.collect())
}
