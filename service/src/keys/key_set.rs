//! The keys at work, read from the stored form, and which of them is in which state at a time.
//!
//! A signing key is published, then it signs, then it is retired: its tokens are still verified. One who verifies elsewhere
//! has it before its first token comes, and has it until its last token is over.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use super::Error;
use super::mac_keys::{MacKey, MacKeys};
use super::moment::Moment;
use super::signing_key::{SigningKey, VerifyingKey};
use super::stored::Stored;

/// Keys in the order in which they were made; there is at least one of each.
pub(super) struct KeySet {
    keys: Vec<Timed<SigningKey>>,
    mac_keys: Vec<Timed<MacKey>>,
}

struct Timed<K> {
    key: Arc<K>,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

impl<K> Timed<K> {
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// The key that works at a time: the newest whose time has come. If none's has, because the clock was set back, the oldest:
/// that one others know.
fn active<K>(keys: &[Timed<K>], now: DateTime<Utc>) -> Option<&Timed<K>> {
    keys.iter().rev().find(|key| key.from <= now).or_else(|| keys.first())
}

impl KeySet {
    /// Takes each key from the stored form.
    pub(super) fn new(stored: &Stored, place: &str) -> Result<Self, Error> {
        let malformed = |message: String| Error::Malformed { place: place.to_owned(), message };
        let mut key_set = Self { keys: Vec::new(), mac_keys: Vec::new() };
        for (entry, number) in stored.keys.iter().zip(1..) {
            let key = SigningKey::from_pkcs8(entry.pkcs8.expose_secret())
                .map_err(|error| malformed(format!("hold a key, number {number}, that {error}")))?;
            if key.kid() != entry.kid {
                return Err(malformed(format!("hold a key, number {number}, with the kid of another")));
            }
            let until = entry.verifies_until.map(Moment::get);
            key_set.keys.push(Timed { key: Arc::new(key), from: entry.signs_from.get(), until });
        }
        for (entry, number) in stored.mac_keys.iter().zip(1..) {
            let bytes = entry.bytes().ok_or_else(|| {
                malformed(format!("hold a MAC key, number {number}, that is not 32 octets in base64"))
            })?;
            let key = Arc::new(MacKey::new(bytes.expose_secret()));
            let until = entry.accepted_until.map(Moment::get);
            key_set.mac_keys.push(Timed { key, from: entry.makes_from.get(), until });
        }
        Ok(key_set)
    }

    /// Reads the stored form.
    pub(super) fn parse(text: &[u8], place: &str) -> Result<Self, Error> {
        Self::new(&Stored::parse(text, place)?, place)
    }

    /// The key that signs.
    pub(super) fn signing(&self, now: DateTime<Utc>) -> Option<Arc<SigningKey>> {
        active(&self.keys, now).map(|timed| Arc::clone(&timed.key))
    }

    /// The keys that verify: those to come, the one that signs, and those whose tokens are not over.
    pub(super) fn published(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Arc<VerifyingKey>> {
        self.keys.iter().filter(move |timed| !timed.is_over(now)).map(|timed| timed.key.public())
    }

    /// The keys for codes.
    pub(super) fn mac_keys(&self, now: DateTime<Utc>) -> Option<MacKeys> {
        let making = active(&self.mac_keys, now)?;
        let others = self.mac_keys.iter().rev().filter(|timed| !timed.is_over(now));
        let others = others.filter(|timed| !Arc::ptr_eq(&timed.key, &making.key));
        let others = others.map(|timed| Arc::clone(&timed.key)).collect();
        Some(MacKeys::new(Arc::clone(&making.key), others))
    }
}

impl Stored {
    /// Reads what [`Self::render`] has written, and tries each key. `place` is for the message.
    pub(crate) fn read(text: &[u8], place: &str) -> Result<Self, Error> {
        let stored = Self::parse(text, place)?;
        KeySet::new(&stored, place)?;
        Ok(stored)
    }
}
