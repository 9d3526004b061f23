//! The header `Idempotency-Key`.

use std::fmt;

use axum::extract::OptionalFromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;

use crate::field::Invalid;
use crate::http::Problem;

/// The name of the header.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// What a client has chosen to tell a request from all others: 1 to 255 printable ASCII characters.
///
/// The draft has it be a string of structured fields (RFC 9651 section 3.3.3), in double quotes. Most clients send it without: a
/// bare key is the same as one in quotes, and has no blank, comma, semicolon, quote or backslash.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    const MAX_LENGTH: usize = 255;

    /// Reads the value of the header.
    ///
    /// # Errors
    /// `invalid_format` or `too_long`.
    pub fn parse(value: &[u8]) -> Result<Self, Invalid> {
        let value = value.trim_ascii();
        let key = match value.strip_prefix(b"\"") {
            Some(rest) => rest.strip_suffix(b"\"").and_then(unescaped),
            None => {
                value.iter().copied().all(is_bare).then(|| value.iter().copied().map(char::from).collect())
            }
        };
        match key {
            Some(key) if key.len() > Self::MAX_LENGTH => {
                Err(Invalid::new("too_long", "must have at most 255 characters"))
            }
            Some(key) if !key.is_empty() => Ok(Self(key)),
            _ => Err(Invalid::new(
                "invalid_format",
                "must be there once, with 1 to 255 printable ASCII characters in double quotes, such as a UUID",
            )),
        }
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Without the key: with it and its request, somebody else would get the answer.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdempotencyKey([redacted])")
    }
}

/// What is between the quotes; only a quote and a backslash are escaped.
fn unescaped(text: &[u8]) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut octets = text.iter();
    while let Some(octet) = octets.next() {
        let octet = match octet {
            b'\\' => octets.next().filter(|escaped| matches!(escaped, b'"' | b'\\'))?,
            b'"' => return None,
            octet => octet,
        };
        key.push(matches!(octet, b' '..=b'~').then(|| char::from(*octet))?);
    }
    Some(key)
}

fn is_bare(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b",;\"\\".contains(&octet)
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        // Of two, nobody could say which one counts.
        let value = if values.next().is_some() { b"" } else { value.as_bytes() };
        match Self::parse(value) {
            Ok(key) => Ok(Some(key)),
            Err(invalid) => Err(Problem::invalid(vec![invalid.at("Idempotency-Key")])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, &'static str> {
        IdempotencyKey::parse(text.as_bytes()).map(|key| key.0).map_err(|invalid| invalid.code)
    }

    #[test]
    fn a_key_is_the_same_with_quotes_and_without() {
        for text in ["8e03978e-40d5-43e8-bc93-6894a57f9324", "a", "x_1:/+=@.~", &"k".repeat(255)] {
            assert_eq!(parsed(text).as_deref(), Ok(text));
            assert_eq!(parsed(&format!("\"{text}\"")).as_deref(), Ok(text));
            assert_eq!(parsed(&format!(" \"{text}\" ")).as_deref(), Ok(text));
        }
        assert_eq!(parsed(r#""a b, \"c\"; \\d""#).as_deref(), Ok(r#"a b, "c"; \d"#));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "\"\"",
            "\"",
            "\"a",
            "a\"",
            "a b",
            "a,b",
            "\"a\", \"b\"",
            "a;b=1",
            "\"a\";b=1",
            "\"a\\",
            "\"a\\\"",
            "\"a\\b\"",
            "\"a\"b\"",
            "é",
            "\"é\"",
            "\"a\tb\"",
            "a\\b",
        ] {
            assert_eq!(parsed(text), Err("invalid_format"), "{text}");
        }
        for text in ["k".repeat(256), format!("\"{}\"", "k".repeat(256))] {
            assert_eq!(parsed(&text), Err("too_long"));
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = IdempotencyKey::parse(b"8e03978e").unwrap();
        assert_eq!(format!("{key:?}"), "IdempotencyKey([redacted])");
    }
}
