//! Signing in with a password.

use tracing::info;

use super::repository::{self, Candidate};
use super::verification::Verified;
use super::{Error, Login, Service, Status};
use crate::addresses;
use crate::client_network::ClientNetwork;
use crate::db::Transaction;
use crate::limits::Attempt;
use crate::passwords::{PasswordHash, PresentedPassword};
use crate::sessions::{Begun, Client, Issued};

impl Service {
    /// Begins a session for whoever knows the password.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], alike for an unknown login, a wrong password and an account without one;
    /// [`Error::Disabled`] and [`Error::EmailNotVerified`] after the right password; [`Error::Limits`]; [`Error::Busy`].
    pub async fn sign_in(
        &self,
        login: &Login,
        password: PresentedPassword,
        client: &Client,
        audience: Option<&str>,
    ) -> Result<Issued, Error> {
        self.sessions.check_audience(audience)?;
        let begun = match self.attempt_sign_in(login, password.clone(), client).await? {
            Some(begun) => begun,
            None => self.attempt_sign_in(login, password, client).await?.ok_or(Error::InvalidCredentials)?,
        };
        let issued = self.sessions.issue(&begun, audience).await?;
        info!(user_id = %issued.user_id, session_id = %issued.session_id, "Signed in");
        Ok(issued)
    }

    /// `None` if the account has changed since the password was verified: perhaps another sign-in with it has replaced an outdated
    /// hash, and the password is as right as before.
    async fn attempt_sign_in(
        &self,
        login: &Login,
        password: PresentedPassword,
        client: &Client,
    ) -> Result<Option<Begun>, Error> {
        let network = ClientNetwork::from(client.address());
        let candidate = repository::find(&self.database, login).await?;
        let verified = self.verify(login.folded(), candidate.as_ref(), password, network).await;
        let (Verified { replacement, attempt }, Some(candidate)) = (verified?, candidate) else {
            return Err(Error::InvalidCredentials);
        };
        let begun = self.begin(&candidate, replacement.as_ref(), &attempt, client, network).await;
        let has_changed = matches!(begun, Err(Error::InvalidCredentials));
        if has_changed || begun.as_ref().is_err_and(Error::is_outage) {
            attempt.give_back().await;
        }
        if has_changed { Ok(None) } else { begun.map(Some) }
    }

    /// Begins the session while the account, locked, still has the very hash that was verified, and may sign in. The attempt is
    /// given back.
    async fn begin(
        &self,
        candidate: &Candidate,
        replacement: Option<&PasswordHash>,
        attempt: &Attempt,
        client: &Client,
        network: ClientNetwork,
    ) -> Result<Begun, Error> {
        let (user, now) = (candidate.user_id, self.clock.now());
        let address = self.known_address(network).await?;
        let begun = self.database.transaction(|mut transaction| async move {
            self.require_unchanged(&mut transaction, candidate).await?;
            if !self.settings.sign_in_unverified {
                let addressee = addresses::addressee(&mut transaction, user).await?;
                addressee.filter(|addressee| addressee.is_proved).ok_or(Error::EmailNotVerified)?;
            }
            if let Some(hash) = replacement {
                repository::replace_hash(&mut transaction, user, hash).await?;
            }
            repository::signed_in(&mut transaction, user, now).await?;
            repository::remember_address(&mut transaction, user, &address, now).await?;
            let begun = self.sessions.begin(&mut transaction, user, client).await?;
            attempt.give_back_in(&mut transaction).await?;
            Ok::<_, Error>(begun)
        });
        begun.await
    }

    /// Locks the row of a user whose password was verified, and refuses if anything has changed that decided it.
    pub(super) async fn require_unchanged(
        &self,
        transaction: &mut Transaction,
        verified: &Candidate,
    ) -> Result<(), Error> {
        let now = repository::lock(transaction, verified.user_id).await?;
        let now = now.filter(|now| now.hash.is_some() && now.hash == verified.hash);
        match now.ok_or(Error::InvalidCredentials)?.status {
            Status::Active => Ok(()),
            Status::Disabled => Err(Error::Disabled),
        }
    }
}
