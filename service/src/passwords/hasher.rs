//! Computes and verifies the hashes of passwords.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Params;
use secrecy::zeroize::Zeroizing;
use tracing::error;

use super::busy::Busy;
use super::computation::Cost;
use super::hash::PasswordHash;
use super::kinds::{Argon2, Kind, SALT};
use super::memory::Memory;
use super::policy::NewPassword;
use super::presented::PresentedPassword;
use super::queue::Queue;
use crate::error_chain::chain;
use crate::{config, metrics, random};

/// What a presented password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not the password, or there is none.
    Mismatch,
    /// The password.
    Match,
    /// The password, but its hash is of another kind, of other parameters, or of another form of the same text:
    /// replace it by [`Hasher::rehash`].
    NeedsRehash,
}

/// Computes and verifies the hashes of passwords, off the threads of requests, a few at once.
///
/// Clones share the queue, the memory and the count.
#[derive(Clone)]
pub struct Hasher(Arc<Shared>);

struct Shared {
    params: Params,
    queue: Queue,
    computed: Arc<AtomicU64>,
}

impl Hasher {
    /// Hashes at this cost, so many at once. It starts nothing and takes no memory before the first hash.
    #[must_use]
    pub fn new(config: config::Hashing) -> Self {
        let config::Hashing { params, at_once } = config;
        let queue = Queue::new(at_once, params.m_cost());
        Self(Arc::new(Shared { params, queue, computed: Arc::default() }))
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// If the queue is full, or does not get on.
    pub async fn hash(&self, password: NewPassword) -> Result<PasswordHash, Busy> {
        self.compute(password.into_text()).await
    }

    /// Another hash of a password that has been verified as [`Verdict::NeedsRehash`]. The policy does not matter: it is
    /// for new passwords.
    ///
    /// # Errors
    /// If the queue is full, or does not get on. The old hash is as good as before: keep it, and let the person in.
    pub async fn rehash(&self, password: PresentedPassword) -> Result<PasswordHash, Busy> {
        self.compute(password.to_nfc()).await
    }

    /// Whether this is the password.
    ///
    /// New hashes are those of the text in normalization form C, others those of the octets that their program
    /// received. Argon2id in the form of new hashes can be either: form C is tried first, then, if they differ, the
    /// octets as received. So one hash is computed for each password in form C, which nearly all are, and for other
    /// kinds; for a password in another form two if it is wrong. Without a hash, or with one that cannot be read, the
    /// same work is done on one that no password has.
    ///
    /// # Errors
    /// If the queue is full, or does not get on.
    pub async fn verify(
        &self,
        password: PresentedPassword,
        hash: Option<PasswordHash>,
    ) -> Result<Verdict, Busy> {
        let params = self.0.params.clone();
        let stored = hash.as_ref().and_then(PasswordHash::read);
        let stored = stored.unwrap_or_else(|| Kind::Argon2(Argon2::blank(params.clone(), [0; SALT])));
        let computed = Arc::clone(&self.0.computed);
        let cost = stored.cost(&params);
        self.0.queue.run(cost, move |memory| verdict(&stored, &password, &params, memory, &computed)).await
    }

    /// How many hashes this process has computed, to verify with or to keep.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.0.computed.load(Ordering::Relaxed)
    }

    async fn compute(&self, password: Zeroizing<String>) -> Result<PasswordHash, Busy> {
        let salt = random::bytes().map_err(|error| {
            error!(cause = chain(&error), "A salt for a password hash could not be generated");
            Busy
        })?;
        let params = self.0.params.clone();
        let computed = Arc::clone(&self.0.computed);
        let hash = self.0.queue.run(Cost::Ordinary, move |memory| {
            count(&computed);
            Argon2::compute(params, salt, password.as_bytes(), memory)
        });
        Ok(PasswordHash::from_stored(hash.await?.to_text()))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("params", &self.0.params).field("computed", &self.computed()).finish()
    }
}

/// Counts a hash, of this hasher and of the process.
fn count(computed: &AtomicU64) {
    computed.fetch_add(1, Ordering::Relaxed);
    metrics::HASHES.count();
}

/// See [`Hasher::verify`].
fn verdict(
    stored: &Kind,
    password: &PresentedPassword,
    current: &Params,
    memory: &mut Memory,
    computed: &AtomicU64,
) -> Verdict {
    let mut matches = |password: &str| {
        count(computed);
        stored.matches(password.as_bytes(), memory)
    };
    let received = password.as_received();
    if let Kind::Argon2(argon2) = stored
        && argon2.may_be_own()
    {
        let nfc = password.to_nfc();
        if matches(&nfc) {
            return if argon2.is_current(current) { Verdict::Match } else { Verdict::NeedsRehash };
        }
        if *nfc == received {
            return Verdict::Mismatch;
        }
    }
    if matches(received) { Verdict::NeedsRehash } else { Verdict::Mismatch }
}

#[cfg(test)]
mod tests;
