//! A request that may have been sent before: the name that it is remembered by, and a fingerprint of what it asks for.

use std::{fmt, iter};

use aws_lc_rs::{digest, hmac};

use super::IdempotencyKey;
use crate::keys::{MacKeys, code_of};
use crate::user_id::UserId;

/// The purpose for which the key of fingerprints is derived.
const PURPOSE: &str = "idempotency";

/// A SHA-256, plain or keyed.
pub(super) type Hash = [u8; 32];

/// A request with an `Idempotency-Key`.
pub struct Repeatable {
    name: Hash,
    /// By the key that makes fingerprints, and by those that have made them.
    fingerprints: Vec<Hash>,
}

impl Repeatable {
    /// A request with `ACCESS=open`, where all callers are one and there is nothing secret in what they ask for.
    ///
    /// The service has no key of its own then. The client's takes its place, which the database does not have either: so nobody who
    /// reads the table can try out what a fingerprint is of.
    #[must_use]
    pub fn open(key: &IdempotencyKey, content: &[&[u8]]) -> Self {
        let client = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        Self { name: name(key, None), fingerprints: vec![fingerprint(&client, key, content)] }
    }

    /// A request with `ACCESS=tokens`. A password may be in what it asks for: only with a key that is not in the database can
    /// somebody try out which.
    #[must_use]
    pub fn keyed(key: &IdempotencyKey, caller: Option<UserId>, keys: &MacKeys, content: &[&[u8]]) -> Self {
        let fingerprints = keys.accepted(PURPOSE).map(|by| fingerprint(&by, key, content)).collect();
        Self { name: name(key, caller), fingerprints }
    }

    pub(super) const fn name(&self) -> &Hash {
        &self.name
    }

    /// The fingerprint to be kept.
    pub(super) fn fingerprint(&self) -> &[u8] {
        self.fingerprints.first().map_or(&[], |fingerprint| fingerprint)
    }

    /// Whether a fingerprint that was kept is of a request for the same.
    pub(super) fn has(&self, kept: &[u8]) -> bool {
        self.fingerprints.iter().any(|fingerprint| fingerprint == kept)
    }
}

/// Without the fingerprints.
impl fmt::Debug for Repeatable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Repeatable([redacted])")
    }
}

/// Keys are the caller's own: the same key of somebody else is another one. Whoever calls without a token is nobody.
fn name(key: &IdempotencyKey, caller: Option<UserId>) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&caller.unwrap_or(UserId::NOBODY).get().to_be_bytes());
    context.update(key.as_bytes());
    octets(context.finish().as_ref())
}

fn fingerprint(by: &hmac::Key, key: &IdempotencyKey, content: &[&[u8]]) -> Hash {
    octets(code_of(by, iter::once(key.as_bytes()).chain(content.iter().copied())).as_ref())
}

fn octets(hash: &[u8]) -> Hash {
    let mut octets = Hash::default();
    octets.copy_from_slice(hash);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::parse(text.as_bytes()).unwrap()
    }

    fn user(text: &str) -> Option<UserId> {
        UserId::parse(text).ok()
    }

    #[test]
    fn the_same_request_has_the_same_fingerprint_and_no_other_has() {
        let request = Repeatable::open(&key("k"), &[b"ada", b"ada@example.com"]);
        assert!(Repeatable::open(&key("\"k\""), &[b"ada", b"ada@example.com"]).has(request.fingerprint()));
        for (other, content) in [
            ("k", &[&b"ada"[..], b"ada@example.org"][..]),
            ("k", &[b"adaada", b"@example.com"]),
            ("k", &[b"ada", b"ada@example.com", b""]),
            ("l", &[b"ada", b"ada@example.com"]),
        ] {
            assert!(
                !Repeatable::open(&key(other), content).has(request.fingerprint()),
                "{other} {content:?}"
            );
        }
    }

    #[test]
    fn a_key_is_its_callers_own() {
        let names = [name(&key("k"), None), name(&key("k"), user("1")), name(&key("k"), user("2"))];
        assert!(names[0] != names[1] && names[1] != names[2]);
        assert_eq!(name(&key("\"k\""), user("1")), names[1]);
    }

    #[test]
    fn a_fingerprint_of_a_key_that_is_replaced_is_known() {
        let [old, new] = [1, 2].map(|octet| hmac::Key::new(hmac::HMAC_SHA256, &[octet; 32]));
        let made = fingerprint(&old, &key("k"), &[b"ada"]);
        let now = [new, old].map(|by| fingerprint(&by, &key("k"), &[b"ada"]));
        let request = Repeatable { name: name(&key("k"), None), fingerprints: now.to_vec() };
        assert!(request.has(&made));
        assert_ne!(request.fingerprint(), made);
    }
}
