//! The errors of the use cases of roles, and how they are reported over HTTP.

use axum::http::StatusCode;

use crate::access::Refusal;
use crate::db::{self, DatabaseError};
use crate::field::{FieldError, Invalid};
use crate::http::{MAX_ERRORS, Problem, user_not_found};

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No role has this name.
    #[error("no role has this name")]
    RoleNotFound,
    /// No user has this id.
    #[error("no user has this id")]
    UserNotFound,
    /// The roles at these places of the request do not exist.
    #[error("some roles do not exist")]
    UnknownRoles(Vec<usize>),
    /// Somebody has the role.
    #[error("somebody has the role")]
    InUse,
    /// The role is built in.
    #[error("the role is built in")]
    BuiltIn,
    /// Nobody else could administer the service.
    #[error("this is the last administrator")]
    LastAdministrator,
    /// There are as many roles as there may be.
    #[error("there are too many roles")]
    TooManyRoles,
    /// A token could not hold so many roles and permissions.
    #[error("a token could not hold so much")]
    TooMuchForAToken(&'static str),
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] Refusal),
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
        let conflict = |code, detail| Self::new(StatusCode::CONFLICT, code, detail);
        match error {
            Error::RoleNotFound => Self::new(StatusCode::NOT_FOUND, "role_not_found", "Role not found"),
            Error::UserNotFound => user_not_found(),
            Error::UnknownRoles(places) => {
                Self::invalid(places.into_iter().take(MAX_ERRORS).map(unknown_role).collect())
            }
            Error::InUse => conflict("role_in_use", "Somebody has this role; take it away first"),
            Error::BuiltIn => conflict("role_built_in", "The role admin is built in and cannot be changed"),
            Error::TooManyRoles => {
                conflict("too_many_roles", "There are 1,000 roles already; delete one first")
            }
            Error::LastAdministrator => conflict(
                "last_administrator",
                "This is the last active administrator with a password; make another one first",
            ),
            Error::TooMuchForAToken(field) => Self::invalid(vec![
                Invalid::new(
                    "too_many",
                    "are too many: an access token with all of them would be larger than 4 KiB",
                )
                .at(field),
            ]),
            Error::Refused(refusal) => refusal.into(),
            Error::Database(error) => error.into(),
        }
    }
}

fn unknown_role(place: usize) -> FieldError {
    Invalid::new("unknown_role", "is not a role; GET /roles lists them").at(format!("roles[{place}]"))
}
