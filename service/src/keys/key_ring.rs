//! The keys of a process, read anew from time to time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::warn;

use super::Error;
use super::file;
use super::key_set::KeySet;
use super::mac_keys::MacKeys;
use super::signing_key::{Jwk, SigningKey, VerifyingKey};
use super::source::{self, Source};
use crate::backoff::Backoff;
use crate::clock::{Clock, IdleSince};
use crate::config;
use crate::error_chain::chain;

/// How long the keys are used before they are read anew. A new key is published two hours before it signs.
const REFRESH_INTERVAL: Duration = Duration::from_mins(5);

/// How often somebody who names an unknown key may cause the keys to be read.
const UNKNOWN_KID_INTERVAL: Duration = Duration::from_mins(1);

/// The pauses after failures to read.
const INITIAL_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_mins(1);

/// The length of a thumbprint (RFC 7638) with SHA-256: no other text is the id of a key.
const KID_LENGTH: usize = 43;

/// The keys, read anew every 5 minutes by whoever needs them then. A clone is the same ring. What cannot be read leaves the
/// keys as they are.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    source: Source,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held while the keys are read: one reads for all.
    reading: tokio::sync::Mutex<()>,
}

struct State {
    key_set: Option<Arc<KeySet>>,
    read: IdleSince,
    /// When an unknown key last caused a reading.
    unknown: Option<IdleSince>,
    backoff: Backoff,
    /// Why the last reading failed, if it did.
    failure: Option<Error>,
}

impl KeyRing {
    /// Opens the keys. A file must be there and sound, or be made if the configuration says so; a secret is fetched when it is
    /// needed, and a failure then ends a request, not the process.
    ///
    /// # Errors
    /// If the file cannot be read or made.
    pub async fn open(config: config::Keys, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        match config {
            config::Keys::File { path, make } => {
                if make {
                    file::make(&path, clock.now())?;
                }
                let ring = Self::over(Source::File(path), clock);
                ring.current().await.map(|_| ring)
            }
            config::Keys::Secret(mut secret) => {
                let fetched = secret.fetched.take();
                let read = fetched.map(|text| source::parse(&text, &secret.id).map(Arc::new));
                let ring = Self::over(Source::secret(secret), clock);
                if let Some(read) = &read {
                    ring.state().keep(read);
                }
                Ok(ring)
            }
        }
    }

    fn over(source: Source, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            key_set: None,
            read: IdleSince::now(),
            unknown: None,
            backoff: Backoff::new(INITIAL_DELAY, MAX_DELAY),
            failure: None,
        };
        Self(Arc::new(Inner {
            source,
            clock,
            state: Mutex::new(state),
            reading: tokio::sync::Mutex::const_new(()),
        }))
    }

    /// The key that signs.
    ///
    /// # Errors
    /// If the keys have never been read, and cannot be now.
    pub async fn signing(&self) -> Result<Arc<SigningKey>, Error> {
        self.current().await?.signing(self.0.clock.now()).ok_or_else(Self::empty)
    }

    /// The key of this id, if its signatures are accepted. For an id that is not known the keys are read anew, at most once a
    /// minute: it may be new.
    ///
    /// # Errors
    /// If the keys cannot be read. An unknown id may be a key's then.
    pub async fn verifying(&self, kid: &str) -> Result<Option<Arc<VerifyingKey>>, Error> {
        let find = |key_set: &KeySet| {
            key_set.published(self.0.clock.now()).find(|key| key.kid() == kid).map(Arc::clone)
        };
        if let Some(key) = find(&*self.current().await?) {
            return Ok(Some(key));
        }
        if kid.len() != KID_LENGTH {
            return Ok(None);
        }
        Ok(find(&*self.reload_for_unknown_kid().await?))
    }

    /// The keys for message authentication codes.
    ///
    /// # Errors
    /// If the keys have never been read, and cannot be now.
    pub async fn mac_keys(&self) -> Result<MacKeys, Error> {
        self.current().await?.mac_keys(self.0.clock.now()).ok_or_else(Self::empty)
    }

    /// The same for a code that no key has made: it may be a new key's. They are read anew at most once a minute.
    ///
    /// # Errors
    /// If the keys cannot be read. The code may be a key's then.
    pub async fn reload_mac_keys(&self) -> Result<MacKeys, Error> {
        self.reload_for_unknown_kid().await?.mac_keys(self.0.clock.now()).ok_or_else(Self::empty)
    }

    /// The public keys, as they are published.
    ///
    /// # Errors
    /// If the keys have never been read, and cannot be now.
    pub async fn jwks(&self) -> Result<Vec<Jwk>, Error> {
        let key_set = self.current().await?;
        Ok(key_set.published(self.0.clock.now()).map(|key| key.jwk().clone()).collect())
    }

    /// The keys, read if they are not known or not fresh. Who comes while another reads has the old ones.
    async fn current(&self) -> Result<Arc<KeySet>, Error> {
        let known = self.state().known();
        let _turn = match known {
            Known::Fresh(key_set) => return Ok(key_set),
            Known::Nothing(Some(failure)) => return Err(failure),
            Known::Nothing(None) => self.0.reading.lock().await,
            Known::Due(key_set) => match self.0.reading.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(key_set),
            },
        };
        // Another may have read before it was this one's turn.
        let known = self.state().known();
        match known {
            Known::Fresh(key_set) => Ok(key_set),
            Known::Nothing(Some(failure)) => Err(failure),
            Known::Nothing(None) => self.read().await,
            Known::Due(key_set) => Ok(self.read().await.unwrap_or(key_set)),
        }
    }

    /// The keys, read anew unless that was done for an unknown one within the last minute.
    async fn reload_for_unknown_kid(&self) -> Result<Arc<KeySet>, Error> {
        let before = self.state().key_set.clone();
        let _turn = self.0.reading.lock().await;
        let answer = self.state().answer_for_unknown(before.as_ref());
        match answer {
            Some(answer) => answer,
            None => self.read().await,
        }
    }

    /// Reads the keys; whoever calls this holds the turn.
    async fn read(&self) -> Result<Arc<KeySet>, Error> {
        // On the heap: it is seldom called, and takes much more room than all else that a request with a token needs.
        let read = Box::pin(self.0.source.read()).await.map(Arc::new);
        if let Err(error) = &read {
            warn!(cause = chain(error), "The signing keys could not be read");
        }
        self.state().keep(&read);
        read
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A set has a key of each kind, so this does not occur.
    fn empty() -> Error {
        Error::Malformed { place: "memory".to_owned(), message: "are none".to_owned() }
    }
}

/// What can be returned without a reading.
enum Known {
    Fresh(Arc<KeySet>),
    Due(Arc<KeySet>),
    /// With the reason, while it is too early for another attempt.
    Nothing(Option<Error>),
}

impl State {
    fn known(&self) -> Known {
        match &self.key_set {
            Some(key_set) if self.read.elapsed() < REFRESH_INTERVAL || self.backoff.is_paused() => {
                Known::Fresh(Arc::clone(key_set))
            }
            Some(key_set) => Known::Due(Arc::clone(key_set)),
            None => Known::Nothing(self.failure.clone().filter(|_| self.backoff.is_paused())),
        }
    }

    /// What can be said of an unknown key without a reading; `None` if there may be one, which is then counted.
    fn answer_for_unknown(&mut self, before: Option<&Arc<KeySet>>) -> Option<Result<Arc<KeySet>, Error>> {
        if let Some(key_set) = &self.key_set
            && before.is_none_or(|before| !Arc::ptr_eq(key_set, before))
        {
            return Some(Ok(Arc::clone(key_set)));
        }
        if self.unknown.is_none_or(|last| last.elapsed() >= UNKNOWN_KID_INTERVAL) {
            self.unknown = Some(IdleSince::now());
            return None;
        }
        match (&self.failure, &self.key_set) {
            (Some(failure), _) => Some(Err(failure.clone())),
            (None, key_set) => key_set.clone().map(Ok),
        }
    }

    fn keep(&mut self, read: &Result<Arc<KeySet>, Error>) {
        match read {
            Ok(key_set) => {
                self.key_set = Some(Arc::clone(key_set));
                self.read = IdleSince::now();
                self.failure = None;
                self.backoff.succeeded();
            }
            Err(error) => {
                self.failure = Some(error.clone());
                self.backoff.failed();
            }
        }
    }
}

#[cfg(test)]
mod tests;
