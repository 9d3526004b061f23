//! One-time tokens: 256 random bits, of which the database holds the SHA-256.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use crate::random;

/// What tells scanners of logs and repositories what they have found.
const PREFIX: &str = "uso_";

/// A token that is good once.
#[derive(Debug)]
pub struct OneTimeToken(SecretString);

impl OneTimeToken {
    /// A new one.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn new() -> Result<Self, random::Error> {
        let bits = random::bytes::<32>()?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits)).into()))
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
    pub(super) fn hash(&self) -> [u8; 32] {
        let digest = digest::digest(&digest::SHA256, self.0.expose_secret().as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_ref());
        hash
    }
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To set a password.
    Password,
}

impl Purpose {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
        }
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
}
