//! The one way in which a password is checked, wherever one is asked for: limits first, then always a hash.

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::hmac;
use tracing::info;

use super::repository::{self, Candidate, KnownAddress};
use super::{Error, Service};
use crate::client_network::ClientNetwork;
use crate::limits::{self, Attempt, Exceeded, Limits};
use crate::passwords::{PasswordHash, PresentedPassword, Verdict};
use crate::user_id::UserId;

/// For how many days an address counts as known after a sign-in.
pub(super) const KNOWN_DAYS: i64 = 30;
/// How many keys may have made the codes of so many days: a key is replaced after 28 days at the earliest.
const KEYS_OF_KNOWN_DAYS: usize = 3;

/// The purpose for which the key is derived.
const KNOWN_ADDRESSES: &str = "known-addresses";

/// A password that was right.
pub(super) struct Verified {
    /// The hash to keep from now on, if the present one is of other parameters or of another kind.
    pub(super) replacement: Option<PasswordHash>,
    /// To be given back once everything else has succeeded.
    pub(super) attempt: Attempt,
}

impl Service {
    /// Checks a password for a login, which may be nobody's. A hash is computed in any case, so that neither the answer nor
    /// the work tells whether there is such a user.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::Limits`], [`Error::Busy`].
    pub(super) async fn verify(
        &self,
        login: &str,
        candidate: Option<&Candidate>,
        password: PresentedPassword,
        network: ClientNetwork,
    ) -> Result<Verified, Error> {
        let attempt = self.attempt(login, candidate, network).await?;
        let hash = candidate.and_then(|candidate| candidate.hash.clone());
        match self.hasher.verify(password.clone(), hash).await {
            Ok(Verdict::Match) => Ok(Verified { replacement: None, attempt }),
            Ok(Verdict::NeedsRehash) => {
                // The old hash is as good as before if there is no room for another one now.
                Ok(Verified { replacement: self.hasher.rehash(password).await.ok(), attempt })
            }
            Ok(Verdict::Mismatch) => Err(Error::InvalidCredentials),
            Err(busy) => {
                attempt.give_back().await;
                Err(busy.into())
            }
        }
    }

    /// Counts an attempt on every limit, or on none if one of them has no room.
    async fn attempt(
        &self,
        login: &str,
        candidate: Option<&Candidate>,
        network: ClientNetwork,
    ) -> Result<Attempt, Error> {
        let settings = &self.settings.limits;
        let address = network.as_bytes();
        let [kind, whose] = &subject(login, candidate);
        let mut attempt = Attempt::new(self.limits().await?);
        let counted = async {
            attempt.take(&settings.sign_in_ip, &[address]).await?;
            attempt.take(&settings.sign_in, &[kind, whose, address]).await?;
            match attempt.take(&settings.sign_in_login, &[kind, whose]).await {
                Err(limits::Error::Exceeded(exceeded)) => {
                    self.require_known(candidate, network, exceeded).await
                }
                counted => Ok(counted?),
            }
        };
        match counted.await {
            Ok(()) => Ok(attempt),
            Err(error) => {
                attempt.give_back().await;
                Err(error)
            }
        }
    }

    /// A login that many strangers have tried is served to its user only: from addresses of earlier sign-ins. For a login that
    /// nobody has, the same is looked up.
    async fn require_known(
        &self,
        candidate: Option<&Candidate>,
        network: ClientNetwork,
        exceeded: Exceeded,
    ) -> Result<(), Error> {
        let user = candidate.map_or(UserId::NOBODY, |candidate| candidate.user_id);
        let since = self.clock.now() - chrono::TimeDelta::days(KNOWN_DAYS);
        let mut is_known = false;
        for address in self.known_addresses(network).await? {
            is_known |= repository::knows_address(&self.database, user, &address, since).await?;
        }
        if !is_known {
            return Err(exceeded.into());
        }
        info!(user_id = %user, "A login is under attack; a known address was served");
        Ok(())
    }

    /// What the database may hold of an address, under each key that may have been in use.
    async fn known_addresses(&self, network: ClientNetwork) -> Result<Vec<KnownAddress>, Error> {
        let keys = self.tokens.keys().mac_keys().await?;
        let keys = keys.accepted(KNOWN_ADDRESSES).take(KEYS_OF_KNOWN_DAYS);
        Ok(keys.map(|key| known_address(&key, network)).collect())
    }

    /// What the database is to hold of an address.
    pub(super) async fn known_address(&self, network: ClientNetwork) -> Result<KnownAddress, Error> {
        Ok(known_address(&self.tokens.keys().mac_keys().await?.derive(KNOWN_ADDRESSES), network))
    }

    /// The limits, which count in the database.
    pub(super) async fn limits(&self) -> Result<Limits, Error> {
        Ok(Limits::open(self.database.clone(), Arc::clone(&self.clock), self.tokens.keys()).await?)
    }
}

/// Whose attempts count together. Those at an account do by its id, or whoever holds a session could change the name after each
/// ten; but those at its name and at its address each by themselves: were one refused for the other, it would tell that both are of
/// one account. A login that nobody has counts by its text, which costs as much.
fn subject<'a>(login: &'a str, candidate: Option<&Candidate>) -> [Cow<'a, [u8]>; 2] {
    let Some(candidate) = candidate else { return [b"login".into(), login.as_bytes().into()] };
    let kind: &[u8] = if login.contains('@') { b"address" } else { b"name" };
    [kind.into(), candidate.user_id.get().to_be_bytes().to_vec().into()]
}

fn known_address(key: &hmac::Key, network: ClientNetwork) -> KnownAddress {
    let mut address = KnownAddress::default();
    address.copy_from_slice(&hmac::sign(key, network.as_bytes()).as_ref()[..size_of::<KnownAddress>()]);
    address
}
