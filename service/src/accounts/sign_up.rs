//! Adding a user, with a password or without.

use secrecy::zeroize::Zeroizing;
use tracing::{info, instrument};

use super::{Error, Service, repository};
use crate::access::{Caller, Permission, Refusal};
use crate::field::Invalid;
use crate::http::ClientNetwork;
use crate::limits::Attempt;
use crate::mail::{Language, LinkKind};
use crate::passwords::{About, PasswordHash};
use crate::users::{NewUser, User};

/// The password that a new user gets.
pub enum FirstPassword {
    /// In the clear; the policy decides.
    Clear(Zeroizing<String>),
    /// Hashed elsewhere.
    Hash(PasswordHash),
    /// Set by the user, by a link in a mail of this language.
    Invitation(Language),
}

impl Service {
    /// Adds a user together with the password: both, or neither.
    ///
    /// Without a caller this is open sign-up, which requires a password and is limited for each address.
    ///
    /// # Errors
    /// [`Error::Users`] if another user has the name or the address; [`Error::Invalid`]; [`Error::Limits`];
    /// [`Error::Refused`].
    #[instrument(level = "debug", name = "accounts.sign_up", skip_all)]
    pub async fn sign_up(
        &self,
        caller: Option<&Caller>,
        user: NewUser,
        password: Option<FirstPassword>,
        network: ClientNetwork,
    ) -> Result<User, Error> {
        match (caller, &password) {
            (None, None) => {
                return Err(Error::Invalid(Invalid::new("missing", "is required").at("password")));
            }
            // An imported hash would let in whoever knows a password that this service has never judged.
            // An invitation is a mail to an address that somebody else wrote down.
            (None, Some(FirstPassword::Hash(_) | FirstPassword::Invitation(_))) => {
                return Err(Refusal::Forbidden(Permission::ACCOUNTS_WRITE).into());
            }
            (Some(caller), Some(FirstPassword::Hash(_) | FirstPassword::Invitation(_))) => {
                caller.require(&Permission::ACCOUNTS_WRITE)?;
            }
            (Some(_), _) | (None, Some(FirstPassword::Clear(_))) => {}
        }
        let about = About { username: user.username.as_str(), email: user.email.as_str() };
        let new = match &password {
            Some(FirstPassword::Clear(text)) => Some(self.accept(text, &about)?),
            _ => None,
        };
        let attempt = match caller {
            None => Some(self.sign_up_attempt(network).await?),
            Some(_) => None,
        };
        let added = match (new, password) {
            (Some(new), _) => match self.hasher.hash(new).await {
                Ok(hash) => self.add(user, Some(&hash)).await,
                Err(busy) => Err(busy.into()),
            },
            (None, Some(FirstPassword::Hash(hash))) => self.add(user, Some(&hash)).await,
            (None, Some(FirstPassword::Invitation(language))) => {
                // Large, because it is many statements; beside the others the box costs nothing.
                Box::pin(self.add_invited(user, language)).await
            }
            (None, _) => self.add(user, None).await,
        };
        if let Some(attempt) = attempt
            && added.as_ref().is_err_and(Error::is_outage)
        {
            attempt.give_back().await;
        }
        let user = added?;
        info!(user_id = %user.id, by = caller.map(|caller| tracing::field::display(caller.user_id)), "A user was added");
        Ok(user)
    }

    /// Counts a sign-up for the address, whether it succeeds or not, unless the service fails.
    async fn sign_up_attempt(&self, network: ClientNetwork) -> Result<Attempt, Error> {
        let mut attempt = Attempt::new(self.limits().await?);
        attempt.take(&self.settings.limits.sign_up, &[network.as_bytes()]).await?;
        Ok(attempt)
    }

    async fn add(&self, user: NewUser, hash: Option<&PasswordHash>) -> Result<User, Error> {
        let Some(hash) = hash else { return Ok(self.users.create(user).await?) };
        let now = self.clock.now();
        let added = self.users.create_with(user, |mut transaction, id| async move {
            repository::set_password(&mut transaction, id, Some(hash), now).await
        });
        Ok(added.await?)
    }

    /// Adds a user and sends an invitation: both, or neither.
    async fn add_invited(&self, user: NewUser, language: Language) -> Result<User, Error> {
        let links = &self.addresses.links(LinkKind::Invitation, language).await?;
        let email = user.email.clone();
        let email = email.as_str();
        let counted = self.addresses.count(LinkKind::Invitation, email).await?;
        let added = self.users.create_with(user, |mut transaction, id| async move {
            links.send(&mut transaction, Some((id, email))).await
        });
        let added = added.await;
        if added.is_err() {
            counted.give_back().await;
        }
        let user = added?;
        links.wake();
        Ok(user)
    }
}
