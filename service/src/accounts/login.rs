//! What somebody signs in with: a name or an e-mail address.

use crate::field::Invalid;
use crate::users::{Email, Lookup};

/// A name, or an e-mail address if it has an `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The text that is compared, with ASCII letters in lower case.
    folded: String,
    lookup: Lookup,
}

impl Login {
    /// The most characters.
    const MAX_LENGTH: usize = 255;

    /// Reads a login from a request. It need not be one that anybody could have.
    ///
    /// # Errors
    /// `too_short` or `too_long`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.chars().count() {
            0 => return Err(Invalid::new("too_short", "must be a name or an e-mail address")),
            1..=Self::MAX_LENGTH => {}
            _ => return Err(Invalid::new("too_long", "must have at most 255 characters")),
        }
        let (username, email) =
            if text.contains('@') { (None, Some(text.to_owned())) } else { (Some(text.to_owned()), None) };
        let lookup = Lookup::new(username, email)
            .ok_or_else(|| Invalid::new("too_short", "must be a name or an e-mail address"))?;
        Ok(Self { folded: folded(text), lookup })
    }

    /// The login as limits count it; see [`folded`].
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The login as it was given.
    pub(crate) fn given(&self) -> &str {
        self.username().or(self.email_spellings().first().map(String::as_str)).unwrap_or_default()
    }

    /// The name, if it is one.
    pub(super) fn username(&self) -> Option<&str> {
        self.lookup.username()
    }

    /// The address in each form that a row may hold it in, if it is one.
    pub(super) fn email_spellings(&self) -> &[String] {
        self.lookup.email_spellings()
    }
}

/// The one text for all spellings of a name or an address: as this service stores it, with ASCII letters in lower case.
pub(crate) fn folded(login: &str) -> String {
    let stored = Email::parse(login).map_or_else(|_| login.to_owned(), Email::into_string);
    stored.to_ascii_lowercase()
}

/// Whether a row's name or address is the one that was given: octet for octet, but for the case of ASCII letters. The
/// database's own comparison is laxer.
pub(crate) fn is_same(given: &str, stored: &str) -> bool {
    given.eq_ignore_ascii_case(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_with_an_at_sign_is_an_address() {
        let name = Login::parse("Ada").unwrap();
        assert_eq!((name.username(), name.folded()), (Some("Ada"), "ada"));
        let address = Login::parse("Ada@Example.com").unwrap();
        assert_eq!(address.username(), None);
        assert_eq!(address.email_spellings()[0], "Ada@Example.com");
    }

    #[test]
    fn the_spellings_of_an_address_share_their_limits() {
        let folded = |text: &str| Login::parse(text).unwrap().folded;
        assert_eq!(folded("ada@münchen.de"), folded("ADA@xn--mnchen-3ya.de"));
        assert_ne!(folded("ada"), folded("adä"));
    }

    #[test]
    fn anything_of_some_length_is_a_login() {
        for text in ["a", "@", "ada\0", &"x".repeat(255)] {
            assert!(Login::parse(text).is_ok(), "{text:?}");
        }
        assert_eq!(Login::parse("").unwrap_err().code, "too_short");
        assert_eq!(Login::parse(&"x".repeat(256)).unwrap_err().code, "too_long");
    }

    #[test]
    fn accents_are_not_ignored() {
        assert!(is_same("Ada", "aDA"));
        assert!(!is_same("josé", "jose"));
        assert!(!is_same("JOSÉ", "josé"));
    }
}
