//! Adding a user, with a password or without.

use secrecy::zeroize::Zeroizing;
use tracing::info;

use super::{Error, Service, repository};
use crate::access::{Caller, Permission, Refusal};
use crate::client_network::ClientNetwork;
use crate::field::Invalid;
use crate::idempotency::{IdempotencyKey, Repeatable};
use crate::language::Language;
use crate::limits::Attempt;
use crate::mail::LinkKind;
use crate::passwords::{About, NewPassword, PasswordHash};
use crate::users::{Added, NewUser, User};

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
    /// A request with a key that has been finished before is answered as it was then, without a hash, a mail or a user anew.
    ///
    /// # Errors
    /// [`Error::Users`] if another user has the name or the address, or another request has the key; [`Error::Invalid`];
    /// [`Error::Limits`]; [`Error::Refused`].
    pub async fn sign_up(
        &self,
        caller: Option<&Caller>,
        user: NewUser,
        password: Option<FirstPassword>,
        network: ClientNetwork,
        key: Option<&IdempotencyKey>,
    ) -> Result<User, Error> {
        permit(caller, password.as_ref())?;
        let about = About { username: user.username.as_str(), email: user.email.as_str() };
        let new = match &password {
            Some(FirstPassword::Clear(text)) => Some(self.accept(text, &about)?),
            _ => None,
        };
        let request = match key {
            Some(key) => Some(self.repeatable(key, caller, &user, password.as_ref()).await?),
            None => None,
        };
        let attempt = match caller {
            None => Some(self.sign_up_attempt(network).await?),
            Some(_) => None,
        };
        let added = self.add_once(caller, user, new, password, request.as_ref()).await;
        // Whether it is the right password for a key is told only within the limit: a wrong one counts.
        let is_no_sign_up = added.as_ref().map_or_else(Error::is_outage, |added| added.before);
        if let Some(attempt) = attempt
            && is_no_sign_up
        {
            attempt.give_back().await;
        }
        let Added { user, before } = added?;
        if !before {
            let by = caller.map(|caller| tracing::field::display(caller.user_id));
            info!(user_id = %user.id, by, "A user was added");
        }
        Ok(user)
    }

    /// The request, with all that it asks for.
    async fn repeatable(
        &self,
        key: &IdempotencyKey,
        caller: Option<&Caller>,
        user: &NewUser,
        password: Option<&FirstPassword>,
    ) -> Result<Repeatable, Error> {
        let way_in: [&[u8]; 2] = match password {
            None => [b"none", b""],
            Some(FirstPassword::Clear(text)) => [b"password", text.as_bytes()],
            Some(FirstPassword::Hash(hash)) => [b"hash", hash.as_str().as_bytes()],
            Some(FirstPassword::Invitation(_)) => [b"invitation", b""],
        };
        let keys = self.tokens.keys().mac_keys().await?;
        let content = [&user.content()[..], &way_in].concat();
        Ok(Repeatable::keyed(key, caller.map(|caller| caller.user_id), &keys, &content))
    }

    /// Adds the user, unless the request has added it before.
    async fn add_once(
        &self,
        caller: Option<&Caller>,
        user: NewUser,
        new: Option<NewPassword>,
        password: Option<FirstPassword>,
        request: Option<&Repeatable>,
    ) -> Result<Added, Error> {
        if let Some(request) = request
            && let Some(user) = self.users.added_by(request, &user).await?
        {
            return Ok(Added { user, before: true });
        }
        match (new, password) {
            (Some(new), _) => {
                let hash = match caller {
                    Some(caller) => self.hash_for(caller, new).await?,
                    None => self.hasher.hash(new).await?,
                };
                self.add(caller, user, Some(&hash), request).await
            }
            (None, Some(FirstPassword::Hash(hash))) => self.add(caller, user, Some(&hash), request).await,
            (None, Some(FirstPassword::Invitation(language))) => {
                // Large, because it is many statements; beside the others the box costs nothing.
                Box::pin(self.add_invited(caller, user, language, request)).await
            }
            (None, _) => self.add(caller, user, None, request).await,
        }
    }

    /// Counts a sign-up for the address, whether it succeeds or not, unless the service fails.
    async fn sign_up_attempt(&self, network: ClientNetwork) -> Result<Attempt, Error> {
        let mut attempt = Attempt::new(self.limits().await?);
        attempt.take(&self.settings.limits.sign_up, &[network.as_bytes()]).await?;
        Ok(attempt)
    }

    async fn add(
        &self,
        caller: Option<&Caller>,
        user: NewUser,
        hash: Option<&PasswordHash>,
        request: Option<&Repeatable>,
    ) -> Result<Added, Error> {
        let now = self.clock.now();
        let added = self
            .users
            .create_with(caller, user, request, &|mut transaction, id| {
                Box::pin(async move {
                    match hash {
                        Some(hash) => repository::set_password(&mut transaction, id, Some(hash), now).await,
                        None => Ok(()),
                    }
                })
            })
            .await;
        Ok(added?)
    }

    /// Adds a user and sends an invitation: both, or neither.
    async fn add_invited(
        &self,
        caller: Option<&Caller>,
        user: NewUser,
        language: Language,
        request: Option<&Repeatable>,
    ) -> Result<Added, Error> {
        let links = &self.addresses.links(LinkKind::Invitation, language).await?;
        let email = user.email.clone();
        let email = email.as_str();
        let added = self
            .users
            .create_with(caller, user, request, &|mut transaction, id| {
                Box::pin(async move { links.send(&mut transaction, Some((id, email))).await })
            })
            .await;
        if added.as_ref().is_ok_and(|added| !added.before) {
            links.wake();
        }
        Ok(added?)
    }
}

/// Who may give a new user such a password.
fn permit(caller: Option<&Caller>, password: Option<&FirstPassword>) -> Result<(), Error> {
    match (caller, password) {
        (None, None) => Err(Error::Invalid(Invalid::new("missing", "is required").at("password"))),
        // An imported hash would let in whoever knows a password that this service has never judged.
        // An invitation is a mail to an address that somebody else wrote down.
        (None, Some(FirstPassword::Hash(_) | FirstPassword::Invitation(_))) => {
            Err(Refusal::Forbidden(Permission::ACCOUNTS_WRITE).into())
        }
        (Some(caller), Some(FirstPassword::Hash(_) | FirstPassword::Invitation(_))) => {
            Ok(caller.require(&Permission::ACCOUNTS_WRITE)?)
        }
        (Some(_), _) | (None, Some(FirstPassword::Clear(_))) => Ok(()),
    }
}
