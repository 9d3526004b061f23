//! The errors of the use cases of accounts, and how they are reported over HTTP.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};

use crate::access::Refusal;
use crate::db::{self, DatabaseError};
use crate::field::FieldError;
use crate::http::{Problem, user_not_found};
use crate::passwords::Busy;
use crate::{keys, limits, random, roles, sessions, tokens, users};

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No user has this id.
    #[error("no user has this id")]
    UserNotFound,
    /// Nobody has this login and this password.
    #[error("nobody has this login and this password")]
    InvalidCredentials,
    /// The password is right, but the user may not sign in.
    #[error("the account is disabled")]
    Disabled,
    /// The user may not sign in, so there is nothing to invite to.
    #[error("the user is disabled")]
    UserDisabled,
    /// The password is right, but the address is not proved, as a sign-in requires here.
    #[error("the address is not proved")]
    EmailNotVerified,
    /// The current password is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The one-time token is used, expired or unknown.
    #[error("the one-time token is not valid")]
    TokenInvalid,
    /// Mail is off.
    #[error("mail is off")]
    MailOff,
    /// Nobody else could administer the service.
    #[error("this is the last administrator")]
    LastAdministrator,
    /// A field cannot be accepted.
    #[error("a field cannot be accepted")]
    Invalid(FieldError),
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was tried too often.
    #[error(transparent)]
    Limits(#[from] limits::Exceeded),
    /// Too many hashes are being computed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// No session could be begun.
    #[error(transparent)]
    Sessions(#[from] sessions::Error),
    /// The user could not be added.
    #[error(transparent)]
    Users(#[from] users::Error),
    /// The keys are unavailable.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] random::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl Error {
    /// Whether the service or its database is unavailable: nobody has failed at anything then.
    pub(crate) const fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Busy(_)
                | Self::Keys(_)
                | Self::Database(db::Error::Unavailable { .. })
                | Self::Sessions(
                    sessions::Error::Keys(_)
                        | sessions::Error::Tokens(tokens::Error::Keys(_))
                        | sessions::Error::Database(db::Error::Unavailable { .. })
                )
                | Self::Users(users::Error::Database(db::Error::Unavailable { .. }))
        )
    }
}

/// Whether nobody has failed at anything: it succeeded, or the service was unavailable.
pub(crate) fn is_no_failure<T>(result: &Result<T, Error>) -> bool {
    result.as_ref().map_or_else(Error::is_outage, |_| true)
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
            Self::Database(error)
            | Self::Sessions(sessions::Error::Database(error))
            | Self::Users(users::Error::Database(error)) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::UserNotFound => user_not_found(),
            Error::InvalidCredentials => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_credentials",
                "Nobody has this login and this password",
            )
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Error::Disabled => {
                Self::new(StatusCode::FORBIDDEN, "account_disabled", "The account is disabled")
            }
            Error::UserDisabled => Self::new(
                StatusCode::CONFLICT,
                "account_disabled",
                "The account is disabled; enable it first",
            ),
            Error::EmailNotVerified => Self::new(
                StatusCode::FORBIDDEN,
                "email_not_verified",
                "The e-mail address is not verified; ask for a mail at POST /email-verifications",
            ),
            Error::WrongPassword => {
                Self::new(StatusCode::FORBIDDEN, "wrong_password", "The current password is wrong")
            }
            Error::TokenInvalid => Self::new(
                StatusCode::UNAUTHORIZED,
                "token_invalid",
                "The token is unknown, used or expired; ask for a new one",
            )
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Error::MailOff => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "mail_off",
                "Mail is off; start the service with another setting of MAIL to turn it on",
            )
            .with_retry_after(Duration::from_secs(30)),
            Error::LastAdministrator => roles::Error::LastAdministrator.into(),
            Error::Invalid(error) => Self::invalid(vec![error]),
            Error::Refused(refusal) => refusal.into(),
            Error::Limits(exceeded) => exceeded.into(),
            Error::Busy(busy) => busy.into(),
            Error::Sessions(error) => error.into(),
            Error::Users(error) => error.into(),
            Error::Keys(error) => error.into(),
            Error::Random(error) => Self::internal(error),
            Error::Database(error) => error.into(),
        }
    }
}
