//! The names of roles.

use std::fmt;

use utoipa::ToSchema;

use crate::field::Invalid;

/// 2 to 50 of `a` to `z`, digits, `_` and `-`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(
    value_type = String,
    min_length = 2,
    max_length = 50,
    pattern = "^[a-z][a-z0-9_-]{1,49}$",
    examples("support")
)]
pub struct RoleName(String);

impl RoleName {
    /// The built-in role that holds every permission.
    pub const ADMIN: &'static str = "admin";

    /// Reads a name from a request.
    ///
    /// # Errors
    /// `too_short`, `too_long` or `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.chars().count() {
            ..2 => return Err(Invalid::new("too_short", "must have 2 to 50 characters")),
            51.. => return Err(Invalid::new("too_long", "must have 2 to 50 characters")),
            _ => {}
        }
        let inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if !text.starts_with(|first: char| first.is_ascii_lowercase()) || !text.bytes().all(inner) {
            return Err(Invalid::new(
                "invalid_format",
                "must be of a-z, 0-9, '_' and '-' and begin with a letter, such as support",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The built-in role.
    #[must_use]
    pub fn admin() -> Self {
        Self(Self::ADMIN.to_owned())
    }

    /// A name that the database holds.
    pub(crate) const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Whether this is the built-in role.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0 == Self::ADMIN
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_with_a_letter() {
        for text in ["admin", "a1", "on-call_2", &"x".repeat(50)] {
            assert_eq!(RoleName::parse(text).unwrap().as_str(), text);
        }
        for (text, code) in [
            ("", "too_short"),
            ("a", "too_short"),
            (&*"x".repeat(51), "too_long"),
            ("1a", "invalid_format"),
            ("-a", "invalid_format"),
            ("Admin", "invalid_format"),
            ("a b", "invalid_format"),
            ("rôle", "invalid_format"),
            ("a:b", "invalid_format"),
        ] {
            assert_eq!(RoleName::parse(text).unwrap_err().code, code, "{text:?}");
        }
    }
}
