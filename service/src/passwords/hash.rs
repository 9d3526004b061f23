//! A password's hash as text: what the database holds.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use tracing::warn;

use super::kinds::{self, Kind};
use crate::field::Invalid;

/// A password's hash: one made here, one imported, or whatever the database held.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Zeroizing<String>);

impl PasswordHash {
    /// The longest text of a hash that is accepted or made, in octets, all of them printable ASCII.
    pub const MAX_LENGTH: usize = kinds::MAX_LENGTH;

    /// Takes over a hash that another program made.
    ///
    /// # Errors
    /// `unknown_kind`, `too_costly` or `malformed`.
    pub fn parse_imported(text: &str) -> Result<Self, Invalid> {
        Kind::parse(text)?;
        Ok(Self::from_stored(text.to_owned()))
    }

    /// Takes what the database holds. If it is no hash, it verifies as a wrong password does.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is, unless it cannot be read; then this is logged.
    pub(super) fn read(&self) -> Option<Kind> {
        let kind = Kind::parse(&self.0);
        if let Err(unreadable) = &kind {
            warn!(
                reason = unreadable.code(),
                "A stored password hash cannot be read; its password counts as wrong"
            );
        }
        kind.ok()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}
