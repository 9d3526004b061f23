//! What a new password must be: NIST SP 800-63B-4, section 3.1.1.2, and OWASP ASVS 5.0, V6.2.

use std::fmt;

use secrecy::zeroize::Zeroizing;

use super::blocklist;
use super::presented::nfc;
use crate::config;
use crate::field::Invalid;

/// The most characters of a password: enough for any phrase.
const MAX_LENGTH: usize = 256;

/// What people call this service.
const SERVICE: &str = "users-service";

/// A password that the policy has accepted, in Unicode's normalization form C. Its memory is wiped when it is dropped.
pub struct NewPassword(Zeroizing<String>);

impl NewPassword {
    pub(super) fn into_text(self) -> Zeroizing<String> {
        self.0
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword([redacted])")
    }
}

/// Whose password it is to be: what others guess first.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The user's name.
    pub username: &'a str,
    /// The user's e-mail address.
    pub email: &'a str,
}

/// What a new password must be. There are no rules on which characters it consists of, as those make passwords
/// predictable, and it does not expire.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    min_length: usize,
}

impl Policy {
    /// As configured.
    #[must_use]
    pub const fn new(config: &config::Passwords) -> Self {
        Self { min_length: config.min_length }
    }

    /// Accepts a password, or names the first rule that it breaks.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `one_character`, `is_username`, `is_email`, `is_service_name` or `too_common`.
    pub fn check(&self, password: &str, about: &About<'_>) -> Result<NewPassword, Invalid> {
        let password = nfc(password);
        let length = password.chars().count();
        if length < self.min_length {
            return Err(Invalid::new(
                "too_short",
                format!("must have at least {} characters", self.min_length),
            ));
        }
        if length > MAX_LENGTH {
            return Err(Invalid::new("too_long", format!("must have at most {MAX_LENGTH} characters")));
        }
        let lower = Zeroizing::new(password.to_lowercase());
        if is_one_character(&lower) {
            return Err(Invalid::new("one_character", "must not be one character repeated"));
        }
        if repeats(&lower, about.username) {
            return Err(Invalid::new("is_username", "must not be the username, alone or repeated"));
        }
        let (local_part, _) = about.email.rsplit_once('@').unwrap_or((about.email, ""));
        if repeats(&lower, about.email) || repeats(&lower, local_part) {
            let message = "must not be the e-mail address or what is before its @, alone or repeated";
            return Err(Invalid::new("is_email", message));
        }
        if repeats(&lower, SERVICE) {
            return Err(Invalid::new(
                "is_service_name",
                "must not be the name of the service, alone or repeated",
            ));
        }
        if blocklist::contains(&password) {
            return Err(Invalid::new(
                "too_common",
                "is among the passwords that are guessed first; choose another",
            ));
        }
        Ok(NewPassword(password))
    }
}

fn is_one_character(password: &str) -> bool {
    let mut characters = password.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

/// Whether a password, in lower case, is a word, or the word again and again, the last time perhaps cut short. So it is,
/// too, if only their letters and digits are: `jane.doe-jane.doe` repeats `Jane Doe`.
fn repeats(password: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    is_cycle(password.chars(), word.chars()) || is_cycle(alphanumeric(password), alphanumeric(&word))
}

fn is_cycle(text: impl Iterator<Item = char> + Clone, word: impl Iterator<Item = char> + Clone) -> bool {
    let length = word.clone().count();
    let long_enough = length > 0 && text.clone().count() >= length;
    long_enough && text.zip(word.cycle()).all(|(one, other)| one == other)
}

fn alphanumeric(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().filter(|character| character.is_alphanumeric())
}

#[cfg(test)]
mod tests;
