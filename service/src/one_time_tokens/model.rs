//! What a one-time token is, and what there are tokens for.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use crate::random;

/// What tells scanners of logs and repositories what they have found.
const PREFIX: &str = "uso_";

/// A token that is good once: 256 bits that nobody can guess, of which the database holds the SHA-256.
#[derive(Debug)]
pub struct OneTimeToken(SecretString);

impl OneTimeToken {
    /// A new one, which nothing but the token itself can bring back.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn new() -> Result<Self, random::Error> {
        Ok(Self::of_octets(&random::bytes::<32>()?))
    }

    /// The one with these octets.
    pub(super) fn of_octets(octets: &[u8]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(octets)).into())
    }

    /// One that somebody presents.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned().into())
    }

    /// The token.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }

    /// What the database holds of it. A fast hash is enough for so many random bits (ASVS 5.0, 6.5.2).
    pub(crate) fn hash(&self) -> [u8; 32] {
        let digest = digest::digest(&digest::SHA256, self.0.expose_secret().as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_ref());
        hash
    }
}

/// What a token is for. A user has one live token at most for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To set a password: printed by a command.
    Password,
    /// To prove an address.
    Verification,
    /// To set a password that was forgotten, which proves the address as well.
    Reset,
    /// To set a first password, which proves the address as well.
    Invitation,
}

impl Purpose {
    /// Each of them.
    const ALL: [Self; 4] = [Self::Password, Self::Verification, Self::Reset, Self::Invitation];

    /// The purpose that the database holds; `None` for one of another release.
    pub(super) fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Verification => "verification",
            Self::Reset => "reset",
            Self::Invitation => "invitation",
        }
    }

    /// Whether its tokens set a password.
    pub(crate) const fn sets_password(self) -> bool {
        matches!(self, Self::Password | Self::Reset | Self::Invitation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presented_token_has_the_hash_of_the_one_that_was_made() {
        let token = OneTimeToken::new().unwrap();
        let text = token.secret().expose_secret();
        assert!(text.starts_with(PREFIX) && text.len() == PREFIX.len() + 43, "{text}");
        assert_eq!(OneTimeToken::presented(text).hash(), token.hash());
        assert_ne!(OneTimeToken::new().unwrap().hash(), token.hash());
        assert!(!format!("{token:?}").contains(text));
    }

    #[test]
    fn a_purpose_is_stored_as_one_word() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::from_stored(purpose.as_str()), Some(purpose));
        }
        assert_eq!(Purpose::from_stored("recovery"), None);
        assert!(!Purpose::Verification.sets_password());
    }
}
