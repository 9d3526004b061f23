//! The only source of random secrets: the generator of AWS-LC, which the kernel seeds.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

/// The generator has failed, so there is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random number generator failed")]
pub struct Error;

/// Unpredictable bytes.
///
/// # Errors
/// If the generator fails.
pub fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Error)?;
    Ok(bytes)
}

/// A password of 44 letters, digits, `-` and `_` with more than 256 random bits. It needs no escaping in SQL, JSON or a
/// URL, and MySQL's `validate_password` takes it up to its policy `STRONG`: it has characters of all four kinds.
///
/// # Errors
/// If the generator fails.
pub fn password() -> Result<SecretString, Error> {
    loop {
        // Three passwords in four have all kinds: drawing again costs half a bit of the 264.
        let password = URL_SAFE_NO_PAD.encode(bytes::<33>()?);
        if has_all_kinds(&password) {
            return Ok(password.into());
        }
    }
}

/// Whether there is a lower-case letter, an upper-case letter, a digit, and another character.
fn has_all_kinds(password: &str) -> bool {
    let kinds: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, |byte| {
            !byte.is_ascii_alphanumeric()
        }];
    kinds.iter().all(|is_of_kind| password.as_bytes().iter().any(is_of_kind))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn every_password_is_strong_and_needs_no_escaping() {
        for _ in 0..1000 {
            let password = password().unwrap();
            let password = password.expose_secret();
            assert_eq!(password.len(), 44);
            assert!(has_all_kinds(password), "{password}");
            assert!(password.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        }
    }

    #[test]
    fn a_password_without_one_of_the_kinds_is_drawn_again() {
        assert!(has_all_kinds("aA1-"));
        for weak in ["", "A1-", "a1_", "aA-", "aA1"] {
            assert!(!has_all_kinds(weak), "{weak}");
        }
    }

    #[test]
    fn no_secret_is_generated_twice() {
        let drawn: HashSet<[u8; 16]> = (0..1000).map(|_| bytes().unwrap()).collect();
        assert_eq!(drawn.len(), 1000);
    }
}
