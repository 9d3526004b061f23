//! Changing a password, and setting one by a one-time token.

use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;
use tracing::info;

use super::error::is_no_failure;
use super::login::is_same;
use super::repository::{self, Candidate};
use super::verification::Verified;
use super::{Error, Service};
use crate::access::{Caller, reauthorize};
use crate::client_network::ClientNetwork;
use crate::db::Transaction;
use crate::field::Invalid;
use crate::language::Language;
use crate::limits::Attempt;
use crate::mail::{Kind, Notice, Outbox};
use crate::one_time_tokens::{OneTimeToken, Presented};
use crate::passwords::{About, NewPassword, PasswordHash, PresentedPassword};
use crate::user_id::UserId;
use crate::{addresses, one_time_tokens, roles, sessions, user_row};

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The network of the client, for which attempts are counted.
    pub network: ClientNetwork,
    /// What the client reads.
    pub language: Language,
}

impl Service {
    /// Changes a password. Callers give their own current one; for others they need permission and no password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`]; [`Error::Invalid`]; [`Error::UserNotFound`]; [`Error::Refused`] if the user holds a
    /// permission that the caller lacks; [`Error::Limits`]; [`Error::Busy`].
    pub async fn change_password(
        &self,
        caller: &Caller,
        user: UserId,
        current: Option<PresentedPassword>,
        new: &Zeroizing<String>,
        origin: Origin,
    ) -> Result<(), Error> {
        let candidate = repository::candidate(&self.database, user).await?.ok_or(Error::UserNotFound)?;
        if !caller.is(user) {
            // Before the policy judges: it knows the name and the address of the user.
            let authority = roles::authority_of(&self.database, user).await?.ok_or(Error::UserNotFound)?;
            caller.require_over(&authority)?;
        }
        let new = self.accept(new, &candidate.about())?;
        // The user is told of each change by mail.
        let mut change = Attempt::new(self.limits().await?);
        let [by, whose] = [caller.user_id, user].map(|user| user.get().to_be_bytes());
        change.take(&self.settings.limits.sign_up, &[b"changed password", &by, &whose]).await?;
        let changed = if caller.is(user) {
            // Large, because it is many statements; beside two password hashes the box costs nothing.
            Box::pin(self.change_own(caller, &candidate, current, new, origin)).await
        } else {
            self.change_of_other(caller, &candidate, new, origin).await
        };
        if changed.is_err() {
            change.give_back().await;
        }
        changed?;
        self.wake();
        info!(user_id = %user, by = %caller.user_id, "A password was changed");
        Ok(())
    }

    async fn change_of_other(
        &self,
        caller: &Caller,
        candidate: &Candidate,
        new: NewPassword,
        origin: Origin,
    ) -> Result<(), Error> {
        let hash = self.hash_for(caller, new).await?;
        self.change(caller, None, candidate, (&hash, origin.language)).await
    }

    /// Hashes a password that a caller gives to somebody else: so many at once as there may be attempts to sign in, so that one caller
    /// keeps nobody from signing in.
    pub(super) async fn hash_for(&self, caller: &Caller, new: NewPassword) -> Result<PasswordHash, Error> {
        let mut at_once = Attempt::new(self.limits().await?);
        at_once.take(&self.settings.limits.sign_in, &[b"hash", &caller.user_id.get().to_be_bytes()]).await?;
        let hash = self.hasher.hash(new).await;
        at_once.give_back().await;
        Ok(hash?)
    }

    /// Attempts count on the session as well as on the account and the IP address: whoever has stolen a token may try from many.
    async fn change_own(
        &self,
        caller: &Caller,
        candidate: &Candidate,
        current: Option<PresentedPassword>,
        new: NewPassword,
        origin: Origin,
    ) -> Result<(), Error> {
        let missing = || Error::Invalid(Invalid::new("missing", "is required").at("current_password"));
        let current = current.ok_or_else(missing)?;
        let limits = self.limits().await?;
        let subject: [&[u8]; 2] = [b"current password", caller.session_id.as_bytes()];
        let hit = limits.take(&self.settings.limits.sign_in, &subject).await?;
        let login = candidate.username.to_ascii_lowercase();
        let changed = match self.verify(&login, Some(candidate), current, origin.network).await {
            Ok(verified) => self.change_verified(caller, candidate, verified, (new, origin.language)).await,
            Err(error) => Err(wrong_password(error)),
        };
        if is_no_failure(&changed) {
            limits.give_back(&[hit]).await;
        }
        changed
    }

    async fn change_verified(
        &self,
        caller: &Caller,
        candidate: &Candidate,
        verified: Verified,
        (new, language): (NewPassword, Language),
    ) -> Result<(), Error> {
        let changed = match self.hasher.hash(new).await {
            Ok(hash) => self.change(caller, Some(candidate), candidate, (&hash, language)).await,
            Err(busy) => Err(busy.into()),
        };
        if is_no_failure(&changed) {
            verified.attempt.give_back().await;
        }
        changed
    }

    /// With a password that was verified, the account must still be as it was then.
    async fn change(
        &self,
        caller: &Caller,
        verified: Option<&Candidate>,
        candidate: &Candidate,
        (hash, language): (&PasswordHash, Language),
    ) -> Result<(), Error> {
        let kept = verified.map(|_| caller.session_id.into());
        let (user, notice) = (candidate.user_id, candidate.hash.is_some().then_some(language));
        let changed = self.database.transaction(|mut transaction| async move {
            if let Some(candidate) = verified {
                self.require_unchanged(&mut transaction, candidate).await.map_err(wrong_password)?;
                reauthorize::<Error>(&mut transaction, caller).await?;
            } else {
                roles::require_over(&mut transaction, caller, user, Error::UserNotFound).await?;
            }
            self.set(&mut transaction, user, hash, kept, notice).await
        });
        changed.await
    }

    /// Sets a password by a one-time token, and ends all sessions. One that was sent proves the address that it went to.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], also for a disabled account; [`Error::Invalid`], which leaves the token as good as it was; [`Error::Limits`];
    /// [`Error::Busy`].
    pub async fn confirm_password(
        &self,
        token: &OneTimeToken,
        new: &Zeroizing<String>,
        origin: Origin,
    ) -> Result<(), Error> {
        let limits = self.limits().await?;
        let hit = limits.take(&self.settings.limits.confirm, &[origin.network.as_bytes()]).await?;
        let confirmed = self.confirm(&token.hash(), new, origin).await;
        if is_no_failure(&confirmed) {
            limits.give_back(&[hit]).await;
        }
        let user = confirmed?;
        self.wake();
        info!(user_id = %user, "A password was set by a one-time token");
        Ok(())
    }

    async fn confirm(
        &self,
        token_hash: &[u8; 32],
        new: &Zeroizing<String>,
        origin: Origin,
    ) -> Result<UserId, Error> {
        let now = self.clock.now();
        let presented = one_time_tokens::find(&self.database, token_hash, now).await?;
        let presented = presented.filter(|presented| presented.purpose.sets_password());
        let presented = &presented.ok_or(Error::TokenInvalid)?;
        let user = presented.user;
        let candidate = repository::candidate(&self.database, user).await?;
        let candidate =
            candidate.filter(|candidate| candidate.status.is_active()).ok_or(Error::TokenInvalid)?;
        let notice = candidate.hash.is_some().then_some(origin.language);
        let new = self.accept(new, &candidate.about())?;
        let hash = &self.hasher.hash(new).await?;
        let address = &self.known_address(origin.network).await?;
        let confirmed = self.database.transaction(|mut transaction| async move {
            user_row::lock(&mut transaction, user).await?;
            let now_there = repository::candidate(&mut transaction, user).await?;
            now_there.filter(|candidate| candidate.status.is_active()).ok_or(Error::TokenInvalid)?;
            prove(&mut transaction, presented, now).await?;
            if !one_time_tokens::consume(&mut transaction, presented.purpose, token_hash, now).await? {
                return Err(Error::TokenInvalid);
            }
            // Whoever has the token is the user, and signs in from here next, whatever strangers try elsewhere.
            repository::remember_address(&mut transaction, user, address, now).await?;
            self.set(&mut transaction, user, hash, None, notice).await
        });
        confirmed.await?;
        Ok(user)
    }

    /// Sets a password, ends the sessions but for one if one is kept, and whatever else would let somebody in. A notice goes out
    /// in a language, if there is one.
    async fn set(
        &self,
        transaction: &mut Transaction,
        user: UserId,
        hash: &PasswordHash,
        kept: Option<sessions::SessionId>,
        notice: Option<Language>,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        if let (Some(mail), Some(language)) = (&self.outbox, notice) {
            tell_of_new_password(mail, &mut *transaction, user, language, now).await?;
        }
        repository::set_password(&mut *transaction, user, Some(hash), now).await?;
        one_time_tokens::end_all(&mut *transaction, user).await?;
        Ok(sessions::end_all(&mut *transaction, user, kept, now).await?)
    }

    /// Lets a notice be sent at once.
    fn wake(&self) {
        if let Some(mail) = &self.outbox {
            mail.wake();
        }
    }

    /// A new password, if the policy accepts it.
    pub(super) fn accept(&self, text: &str, about: &About<'_>) -> Result<NewPassword, Error> {
        self.policy.check(text, about).map_err(|invalid| Error::Invalid(invalid.at("password")))
    }
}

impl Candidate {
    /// What a password of this user must not be.
    fn about(&self) -> About<'_> {
        About { username: &self.username, email: &self.email }
    }
}

/// Proves the address that a token was sent to, if it was, and if it is still the user's. Whoever set up the account before
/// that may have been a stranger: what they left goes.
async fn prove(
    transaction: &mut Transaction,
    presented: &Presented,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(sent_to) = &presented.email else { return Ok(()) };
    let addressee = addresses::addressee(&mut *transaction, presented.user).await?;
    let addressee = addressee.filter(|addressee| is_same(&addressee.email, sent_to));
    let addressee = addressee.ok_or(Error::TokenInvalid)?;
    if !addressee.is_proved {
        repository::forget_addresses_of(&mut *transaction, addressee.user).await?;
    }
    Ok(addresses::prove(&mut *transaction, addressee.user, &addressee.email, now).await?)
}

/// Tells a user, whose row is locked, that the password was changed; at an address that is proved, or not at all.
pub(super) async fn tell_of_new_password(
    outbox: &Outbox,
    transaction: &mut Transaction,
    user: UserId,
    language: Language,
    now: DateTime<Utc>,
) -> Result<(), crate::db::Error> {
    let addressee = addresses::addressee(&mut *transaction, user).await?;
    let Some(addressee) = addressee.filter(|addressee| addressee.is_proved) else { return Ok(()) };
    let (kind, to) = (Kind::Notice(Notice::PasswordChanged), Some((user, &*addressee.email)));
    outbox.enqueue(&mut *transaction, kind, language, to, now).await
}

fn wrong_password(error: Error) -> Error {
    match error {
        Error::InvalidCredentials => Error::WrongPassword,
        error => error,
    }
}
