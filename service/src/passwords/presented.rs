//! A password as somebody typed it, before it is known to be right.

use std::fmt;
use std::sync::Arc;

use icu_normalizer::ComposingNormalizerBorrowed;
use secrecy::zeroize::Zeroizing;

/// A password that was presented: any text, of any length. Its memory is wiped when the last clone is dropped.
#[derive(Clone)]
pub struct PresentedPassword(Arc<Zeroizing<String>>);

impl PresentedPassword {
    /// Takes the text as it was received.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// As it was received.
    pub(super) fn as_received(&self) -> &str {
        &self.0
    }

    /// In Unicode's normalization form C.
    pub(super) fn to_nfc(&self) -> Zeroizing<String> {
        nfc(&self.0)
    }
}

impl fmt::Debug for PresentedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedPassword([redacted])")
    }
}

/// A text in Unicode's normalization form C: what looks the same and is typed on another keyboard is the same.
pub(super) fn nfc(text: &str) -> Zeroizing<String> {
    // It grows threefold at most (Unicode's FAQ on normalization), so that no copy is left behind by growing.
    let mut normalized = Zeroizing::new(String::with_capacity(3 * text.len()));
    let written = ComposingNormalizerBorrowed::new_nfc().normalize_to(text, &mut *normalized);
    written.unwrap_or_else(|error| unreachable!("a String takes any text: {error}"));
    normalized
}
