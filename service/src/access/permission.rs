//! Permissions: what a role allows.

use std::borrow::Cow;
use std::fmt;

use utoipa::ToSchema;

use crate::field::Invalid;

/// `resource:action`, of at most 100 characters in all.
///
/// This service knows the nine below. Others are for other services: they come along in the `scope` of a token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(
    value_type = String,
    max_length = 100,
    pattern = "^[a-z0-9_.-]+:[a-z0-9_.-]+$",
    examples("users:read")
)]
pub struct Permission(Cow<'static, str>);

impl Permission {
    /// To see users.
    pub const USERS_READ: Self = Self::own("users:read");
    /// To add and change users.
    pub const USERS_WRITE: Self = Self::own("users:write");
    /// To remove users.
    pub const USERS_DELETE: Self = Self::own("users:delete");
    /// To see the accounts of others.
    pub const ACCOUNTS_READ: Self = Self::own("accounts:read");
    /// To disable others, set their passwords and change their addresses.
    pub const ACCOUNTS_WRITE: Self = Self::own("accounts:write");
    /// To see the sessions of others and to introspect tokens.
    pub const SESSIONS_READ: Self = Self::own("sessions:read");
    /// To end the sessions of others.
    pub const SESSIONS_WRITE: Self = Self::own("sessions:write");
    /// To see roles, and who has which.
    pub const ROLES_READ: Self = Self::own("roles:read");
    /// To change roles, and who has which.
    pub const ROLES_WRITE: Self = Self::own("roles:write");

    /// The permissions that mean something to this service.
    pub const OF_THIS_SERVICE: &'static [Self] = &[
        Self::USERS_READ,
        Self::USERS_WRITE,
        Self::USERS_DELETE,
        Self::ACCOUNTS_READ,
        Self::ACCOUNTS_WRITE,
        Self::SESSIONS_READ,
        Self::SESSIONS_WRITE,
        Self::ROLES_READ,
        Self::ROLES_WRITE,
    ];

    /// The most characters.
    const MAX_LENGTH: usize = 100;

    const fn own(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Reads a permission from a request.
    ///
    /// # Errors
    /// `too_long` or `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(Invalid::new("too_long", "must have at most 100 characters"));
        }
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'))
        };
        match text.split_once(':') {
            Some((resource, action)) if is_word(resource) && is_word(action) => {
                Ok(Self(Cow::Owned(text.to_owned())))
            }
            _ => Err(Invalid::new(
                "invalid_format",
                "must be resource:action, each of a-z, 0-9, '_', '.' and '-', such as orders:read",
            )),
        }
    }

    /// A permission that the database holds.
    pub(crate) fn from_stored(text: &str) -> Self {
        Self(Cow::Owned(text.to_owned()))
    }

    /// The permission.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_a_resource_and_an_action() {
        for text in ["users:read", "a:b", "order-items.eu:re_open.2", &format!("{}:x", "a".repeat(98))] {
            assert_eq!(Permission::parse(text).unwrap().as_str(), text);
        }
        for own in Permission::OF_THIS_SERVICE {
            assert_eq!(Permission::parse(own.as_str()).unwrap(), *own);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", ":", "users", "users:", ":read", "a:b:c", "Users:read", "users:read ", "ü:x", "a b:c", "*:*"]
        {
            assert_eq!(Permission::parse(text).unwrap_err().code, "invalid_format", "{text:?}");
        }
        assert_eq!(Permission::parse(&format!("{}:x", "a".repeat(99))).unwrap_err().code, "too_long");
    }
}
