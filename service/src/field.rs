//! What is wrong with one field of an input, and what an update does to a field.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// Why a value was refused, before it is known which field it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Stable, for programs: `too_short`, `invalid_format`, …
    pub code: &'static str,
    /// For people: what to send instead.
    pub message: String,
}

impl Invalid {
    /// A refusal with a stable code and a sentence for people.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Names the field that held the value.
    #[must_use]
    pub fn at(self, field: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError { field: field.into(), code: self.code, message: self.message }
    }
}

/// One refused field, as an error body lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The name of the field in the request; further in, the path to it, such as `roles[1]` or `address.street`.
    #[schema(examples("username"))]
    pub field: Cow<'static, str>,
    /// Stable, for programs.
    #[schema(examples("too_short"))]
    pub code: &'static str,
    /// For people.
    #[schema(examples("must have 3 to 50 characters"))]
    pub message: String,
}

/// The value that was read from an input, unless some of its fields are invalid.
///
/// # Errors
/// The errors of those fields.
pub(crate) fn unless_invalid<T>(value: Option<T>, errors: Vec<FieldError>) -> Result<T, Vec<FieldError>> {
    value.filter(|_| errors.is_empty()).ok_or(errors)
}

/// What an update does to a field that may be empty. Three states, so that a field can be left alone and can
/// also be cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The request does not name the field: it keeps its value.
    #[default]
    Keep,
    /// The request sets the field to `null`.
    Clear,
    /// The request gives a new value.
    Set(T),
}

impl<T> Change<T> {
    /// The new value, if the change brings one.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// The same as references.
    pub const fn as_ref(&self) -> Change<&T> {
        match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(value),
        }
    }

    /// Whether the field keeps its value.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}
