//! Keys for message authentication codes (HMAC-SHA256), kept and rotated with the signing keys.

use std::sync::Arc;

use aws_lc_rs::hmac;

/// One such key. It is never shown, not even in debug output.
pub struct MacKey(hmac::Key);

impl MacKey {
    /// The key of these octets.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The key for one purpose: what is made with it says nothing to another.
    #[must_use]
    pub fn derive(&self, purpose: &'static str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&self.0, purpose.as_bytes()).as_ref())
    }
}

/// The code of several parts by a key. Each part comes after its length: otherwise parts could be shifted from one to the next.
pub(crate) fn code_of<'a>(key: &hmac::Key, parts: impl IntoIterator<Item = &'a [u8]>) -> hmac::Tag {
    let mut mac = hmac::Context::with_key(key);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.sign()
}

/// The keys at a moment.
#[derive(Clone)]
pub struct MacKeys {
    pub(super) making: Arc<MacKey>,
    pub(super) others: Vec<Arc<MacKey>>,
}

impl MacKeys {
    /// One to make codes with, and others whose codes are still accepted.
    #[must_use]
    pub fn new(making: Arc<MacKey>, others: Vec<Arc<MacKey>>) -> Self {
        Self { making, others }
    }

    /// The key to make codes with, for one purpose.
    #[must_use]
    pub fn derive(&self, purpose: &'static str) -> hmac::Key {
        self.making.derive(purpose)
    }

    /// Every key whose codes are accepted, for one purpose; the one that makes them comes first.
    pub fn accepted(&self, purpose: &'static str) -> impl Iterator<Item = hmac::Key> {
        std::iter::once(&self.making).chain(&self.others).map(move |key| key.derive(purpose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_for_one_purpose_is_none_for_another() {
        let key = MacKey::new(&[7; 32]);
        let code = hmac::sign(&key.derive("refresh"), b"message");
        assert!(hmac::verify(&key.derive("refresh"), b"message", code.as_ref()).is_ok());
        assert!(hmac::verify(&key.derive("limits"), b"message", code.as_ref()).is_err());
        assert!(hmac::verify(&MacKey::new(&[8; 32]).derive("refresh"), b"message", code.as_ref()).is_err());
    }

    #[test]
    fn codes_of_every_key_are_accepted_and_one_key_makes_them() {
        let [making, other] = [7, 8].map(|byte| Arc::new(MacKey::new(&[byte; 32])));
        let keys = MacKeys::new(making, vec![Arc::clone(&other)]);
        let old = hmac::sign(&other.derive("refresh"), b"message");
        let accepts = |key: hmac::Key| hmac::verify(&key, b"message", old.as_ref()).is_ok();
        assert!(keys.accepted("refresh").any(accepts));
        assert!(!accepts(keys.derive("refresh")));
    }
}
