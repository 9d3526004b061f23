//! Roles and their parts.

use std::collections::BTreeSet;

use utoipa::ToSchema;

use crate::access::{Permission, RoleName};
use crate::field::Invalid;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Unique.
    pub name: RoleName,
    /// For people; may be empty.
    pub description: String,
    /// What it allows. Those of `admin` are every permission there is.
    pub permissions: BTreeSet<Permission>,
}

/// What a role is for, in up to 500 characters; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, max_length = 500, examples("Answers tickets"))]
pub struct Description(String);

impl Description {
    /// The most characters, as the column has them.
    const MAX_LENGTH: usize = 500;

    /// Reads a description from a request.
    ///
    /// # Errors
    /// `too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(Invalid::new("too_long", "must have at most 500 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("invalid_characters", "must not have control characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The description.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The description.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_may_be_empty_and_is_one_line() {
        for text in ["", "Answers tickets", "Ölförderung 🛢", &"x".repeat(500)] {
            assert_eq!(Description::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Description::parse(&"x".repeat(501)).unwrap_err().code, "too_long");
        assert_eq!(Description::parse("a\nb").unwrap_err().code, "invalid_characters");
    }
}
