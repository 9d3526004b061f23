//! The status of an account.

use utoipa::ToSchema;

use crate::field::Invalid;

/// Whether a user may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Status {
    /// The user may.
    Active,
    /// The user may not, and has no sessions.
    Disabled,
}

impl Status {
    /// Whether the user may sign in.
    pub(crate) fn is_active(self) -> bool {
        self == Self::Active
    }

    /// Reads a status from a request.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err(Invalid::new("invalid_format", "must be active or disabled")),
        }
    }

    /// A status that the database holds; a user without an account is active. What nobody knows does not let anybody in.
    pub(crate) fn from_stored(text: Option<&str>) -> Self {
        match text {
            None | Some("active") => Self::Active,
            Some(_) => Self::Disabled,
        }
    }

    /// The status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_of_two_words() {
        for status in [Status::Active, Status::Disabled] {
            assert_eq!(Status::parse(status.as_str()), Ok(status));
            assert_eq!(Status::from_stored(Some(status.as_str())), status);
        }
        for text in ["", "Active", "locked", "active "] {
            assert_eq!(Status::parse(text).unwrap_err().code, "invalid_format");
        }
    }

    #[test]
    fn no_account_is_active_and_an_unknown_status_is_not() {
        assert_eq!(Status::from_stored(None), Status::Active);
        assert_eq!(Status::from_stored(Some("locked")), Status::Disabled);
    }
}
