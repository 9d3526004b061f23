//! The keys as they are stored, in a file or in a secret, and what a rotation makes of them. docs/keys.md describes the
//! form.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::Error;
use super::moment::Moment;
use super::signing_key::SigningKey;
use super::{TOKEN_LEEWAY, TOKEN_LIFETIME};
use crate::random;

/// The form that this release reads and writes.
const VERSION: u32 = 1;

/// The largest value of a secret in Secrets Manager.
pub(super) const MAX_SIZE: usize = 64 << 10;

/// How long a key is published before it signs: verifiers elsewhere keep what they fetched, some for an hour.
pub(super) const PUBLISHED_AHEAD: Duration = Duration::from_hours(2);

/// How long at least, when a rotation took its time: as long as what was fetched is kept, and a process reads the keys anew.
const MIN_AHEAD: Duration = Duration::from_mins(65);

/// How long a key verifies after its successor has begun to sign: the life of a token, and twice the leeway, for a clock that
/// is slow where it was signed and another that is fast.
const RETIREMENT: Duration = Duration::from_secs(TOKEN_LIFETIME.as_secs() + 2 * TOKEN_LEEWAY.as_secs());

/// How old the newest MAC key is when a rotation adds another: less than the 30 days from one rotation to the next.
const MAC_KEY_AGE: Duration = Duration::from_hours(28 * 24);

/// How long the codes of a MAC key are accepted after its successor has begun: longer than any session lives.
const MAC_RETIREMENT: Duration = Duration::from_hours(400 * 24);

/// Rotations in a row, each of which adds a key, must not fill the secret.
const MAX_KEYS: usize = 8;

/// The form, as JSON.
#[derive(Deserialize, Serialize)]
pub(crate) struct Stored {
    version: u32,
    /// In the order in which they were made.
    pub(super) keys: Vec<KeyEntry>,
    /// Likewise.
    pub(super) mac_keys: Vec<MacEntry>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct KeyEntry {
    pub(super) kid: String,
    created_at: Moment,
    pub(super) signs_from: Moment,
    /// When it is dropped. The newest has no end yet.
    pub(super) verifies_until: Option<Moment>,
    #[serde(serialize_with = "exposed")]
    pub(super) pkcs8: SecretString,
}

#[derive(Deserialize, Serialize)]
pub(super) struct MacEntry {
    created_at: Moment,
    pub(super) makes_from: Moment,
    /// When it is dropped. The newest has no end yet.
    pub(super) accepted_until: Option<Moment>,
    #[serde(serialize_with = "exposed")]
    key: SecretString,
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

impl Stored {
    /// The first key of all, which signs at once: nobody verifies tokens yet. Also what is left after a leak: this key alone.
    pub(crate) fn first(now: DateTime<Utc>) -> Result<Self, Error> {
        Ok(Self {
            version: VERSION,
            keys: vec![KeyEntry::new(now, now)?],
            mac_keys: vec![MacEntry::new(now, now)?],
        })
    }

    /// Adds a key that will sign in two hours, sets an end to the one before, and drops those whose end has come.
    pub(crate) fn rotated(mut self, now: DateTime<Utc>) -> Result<Self, Error> {
        let begins = now + PUBLISHED_AHEAD;
        self.keys.retain(|key| key.verifies_until.is_none_or(|end| end.get() > now));
        if self.keys.len() >= MAX_KEYS {
            return Err(Error::Full(self.keys.len()));
        }
        for key in self.keys.iter_mut().filter(|key| key.verifies_until.is_none()) {
            key.verifies_until = Some((begins + RETIREMENT).into());
        }
        self.keys.push(KeyEntry::new(now, begins)?);
        self.mac_keys.retain(|key| key.accepted_until.is_none_or(|end| end.get() > now));
        if self.mac_keys.last().is_none_or(|newest| newest.created_at.get() + MAC_KEY_AGE <= now) {
            for key in self.mac_keys.iter_mut().filter(|key| key.accepted_until.is_none()) {
                key.accepted_until = Some((begins + MAC_RETIREMENT).into());
            }
            self.mac_keys.push(MacEntry::new(now, begins)?);
        }
        Ok(self)
    }

    /// Reads what [`Self::render`] has written, without trying the keys. `place` is for the message.
    pub(super) fn parse(text: &[u8], place: &str) -> Result<Self, Error> {
        let malformed = |message: String| Error::Malformed { place: place.to_owned(), message };
        // The message of serde_json may quote a value, which may be a key.
        let stored: Self = serde_json::from_slice(text).map_err(|error| {
            let what = if error.is_data() {
                "lack a member, or hold a value of a wrong type"
            } else if error.is_eof() {
                "end early"
            } else {
                "are not JSON"
            };
            malformed(format!("{what} (line {}, column {})", error.line(), error.column()))
        })?;
        if stored.version != VERSION {
            let message = format!("have version {}; this release reads version {VERSION}", stored.version);
            return Err(malformed(message));
        }
        if stored.keys.is_empty() || stored.mac_keys.is_empty() {
            return Err(malformed("are none: keys or mac_keys is empty".to_owned()));
        }
        Ok(stored)
    }

    /// The form as text, which is wiped from memory.
    pub(crate) fn render(&self) -> Result<Zeroizing<String>, Error> {
        // As large as it can become: a buffer that grows leaves copies behind.
        let mut text = Zeroizing::new(Vec::with_capacity(MAX_SIZE));
        let written = serde_json::to_writer_pretty(&mut *text, self).map_err(|error| error.to_string());
        let text = written.and_then(|()| {
            String::from_utf8(std::mem::take(&mut *text)).map_err(|error| error.utf8_error().to_string())
        });
        text.map(Zeroizing::new).map_err(|message| Error::Malformed { place: "memory".to_owned(), message })
    }

    /// Whether a rotation of `current` at some time gives this: every key that it has of its own is the newest.
    pub(crate) fn follows(&self, current: &Self) -> bool {
        let known = |kid: &str| current.keys.iter().any(|key| key.kid == kid);
        let Some((newest, older)) = self.keys.split_last() else { return false };
        let kept = |key: &KeyEntry| older.iter().any(|old| old.kid == key.kid);
        !known(&newest.kid)
            && older.iter().all(|key| known(&key.kid))
            && current.keys.last().is_some_and(kept)
    }

    /// Whether the newest key will be known to every verifier when it signs.
    pub(crate) fn is_ahead(&self, now: DateTime<Utc>) -> bool {
        self.keys.last().is_some_and(|newest| newest.signs_from.get() >= now + MIN_AHEAD)
    }
}

impl KeyEntry {
    fn new(now: DateTime<Utc>, signs_from: DateTime<Utc>) -> Result<Self, Error> {
        let key = SigningKey::generate()?;
        Ok(Self {
            kid: key.kid().to_owned(),
            created_at: now.into(),
            signs_from: signs_from.into(),
            verifies_until: None,
            pkcs8: key.to_pkcs8()?,
        })
    }
}

impl MacEntry {
    fn new(now: DateTime<Utc>, makes_from: DateTime<Utc>) -> Result<Self, Error> {
        let bytes = Zeroizing::new(random::bytes::<32>()?);
        Ok(Self {
            created_at: now.into(),
            makes_from: makes_from.into(),
            accepted_until: None,
            key: BASE64.encode(bytes.as_slice()).into(),
        })
    }

    /// The octets of the key; `None` if they are not 32 in base64.
    pub(super) fn bytes(&self) -> Option<SecretSlice<u8>> {
        let bytes = BASE64.decode(self.key.expose_secret()).ok()?;
        Some(SecretSlice::from(bytes)).filter(|bytes| bytes.expose_secret().len() == 32)
    }
}

#[cfg(test)]
mod tests;
