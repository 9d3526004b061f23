//! What can go wrong with a use case of the users, and how it is told over HTTP.

use axum::http::StatusCode;

use crate::field::{FieldError, Invalid};
use crate::http::Problem;
use crate::store;

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No user has the id that was asked for.
    #[error("no user has this id")]
    NotFound,
    /// Another user has the value already.
    #[error("another user has this {0}")]
    Taken(UniqueField),
    /// The database could not do its part.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A field that no two users share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueField {
    /// `username`
    Username,
    /// `email`
    Email,
}

impl UniqueField {
    /// The name of the field in requests and responses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
        }
    }

    /// How a sentence begins with it.
    const fn title(self) -> &'static str {
        match self {
            Self::Username => "Username",
            Self::Email => "Email",
        }
    }
}

impl std::fmt::Display for UniqueField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "user_not_found", "User not found"),
            Error::Taken(field) => {
                let code = match field {
                    UniqueField::Username => "username_taken",
                    UniqueField::Email => "email_taken",
                };
                Self::new(StatusCode::CONFLICT, code, format!("{} already exists", field.title()))
                    .with_errors(vec![taken(field)])
            }
            Error::Store(error) => error.into(),
        }
    }
}

fn taken(field: UniqueField) -> FieldError {
    Invalid::new("taken", "is taken by another user; choose another").at(field.name())
}
