//! The use cases of addresses.

use std::sync::Arc;

use axum::extract::FromRef;
use tracing::info;

use super::links::Links;
use super::repository::{self, Addressee};
use super::undeliverable;
use crate::access::Caller;
use crate::accounts::{Error, Login, is_no_failure, is_same};
use crate::app_state::Accounts;
use crate::client_network::ClientNetwork;
use crate::clock::Clock;
use crate::config;
use crate::db::Database;
use crate::language::Language;
use crate::limits::Limits;
use crate::mail::{LinkKind, Outbox, RequestedLink};
use crate::one_time_tokens::{self, KEY_PURPOSE, OneTimeToken, Purpose};
use crate::tokens::Tokens;
use crate::user_id::UserId;
use crate::{random, roles, user_row};

/// The use cases of addresses.
#[derive(Clone)]
pub struct Service {
    database: Database,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    limits: config::Limits,
    outbox: Option<Outbox>,
}

impl FromRef<Arc<Accounts>> for Service {
    fn from_ref(accounts: &Arc<Accounts>) -> Self {
        Self {
            database: accounts.database.clone(),
            clock: Arc::clone(&accounts.clock),
            tokens: accounts.tokens.clone(),
            limits: accounts.settings.limits,
            outbox: accounts.outbox.clone(),
        }
    }
}

impl Service {
    /// Takes down that somebody asks for a link for a login. Nobody learns whether anybody has it: it is not looked for here, but
    /// when the outbox is worked off.
    ///
    /// # Errors
    /// [`Error::MailOff`]; [`Error::Limits`] if one IP address asks too often.
    pub(super) async fn ask(
        &self,
        link: RequestedLink,
        login: &Login,
        language: Language,
        network: ClientNetwork,
    ) -> Result<(), Error> {
        let outbox = self.outbox.as_ref().ok_or(Error::MailOff)?;
        let limits = self.counting().await?;
        let hit = limits.take(&self.limits.mail_ip, &[network.as_bytes()]).await?;
        if let Err(error) = outbox.ask(&self.database, link, language, login, self.clock.now()).await {
            limits.give_back(&[hit]).await;
            return Err(error.into());
        }
        outbox.wake_later();
        Ok(())
    }

    /// Sends a user a link to set a first password.
    ///
    /// # Errors
    /// [`Error::MailOff`]; [`Error::UserNotFound`]; [`Error::Refused`] if the user holds a permission that the caller lacks;
    /// [`Error::UserDisabled`], who could not sign in with the password.
    pub(super) async fn invite(
        &self,
        caller: &Caller,
        user: UserId,
        language: Language,
    ) -> Result<(), Error> {
        let links = &self.links(LinkKind::Invitation, language).await?;
        let invited = self.database.transaction(|mut transaction| async move {
            roles::require_over(&mut transaction, caller, user, Error::UserNotFound).await?;
            let addressee =
                repository::addressee(&mut transaction, user).await?.ok_or(Error::UserNotFound)?;
            require_active(&addressee)?;
            // Whoever invites knows that the mailbox is there again.
            undeliverable::forget(&mut transaction, &addressee.email).await?;
            Ok::<_, Error>(links.send(&mut transaction, Some((user, &addressee.email))).await?)
        });
        invited.await?;
        links.wake();
        info!(user_id = %user, by = %caller.user_id, "A user was invited");
        Ok(())
    }

    /// Records that the user has the address that a token was sent to.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], also if the user has another address by now, or is disabled; [`Error::Limits`].
    pub(super) async fn confirm(&self, token: &OneTimeToken, network: ClientNetwork) -> Result<(), Error> {
        let limits = self.counting().await?;
        let hit = limits.take(&self.limits.confirm, &[network.as_bytes()]).await?;
        let confirmed = self.confirm_counted(&token.hash()).await;
        if is_no_failure(&confirmed) {
            limits.give_back(&[hit]).await;
        }
        let user = confirmed?;
        info!(user_id = %user, "An address was proved");
        Ok(())
    }

    async fn confirm_counted(&self, hash: &[u8; 32]) -> Result<UserId, Error> {
        let (now, purpose) = (self.clock.now(), Purpose::Verification);
        let presented = one_time_tokens::find(&self.database, hash, now).await?;
        let presented = presented.filter(|presented| presented.purpose == purpose);
        let presented = presented.ok_or(Error::TokenInvalid)?;
        let (user, email) = (presented.user, &presented.email.ok_or(Error::TokenInvalid)?);
        let confirmed = self.database.transaction(|mut transaction| async move {
            user_row::lock(&mut transaction, user).await?;
            let addressee = repository::addressee(&mut transaction, user).await?;
            let addressee = addressee
                .filter(|addressee| is_same(&addressee.email, email) && addressee.status.is_active());
            let addressee = addressee.ok_or(Error::TokenInvalid)?;
            if !one_time_tokens::consume(&mut transaction, purpose, hash, now).await? {
                return Err(Error::TokenInvalid);
            }
            Ok(repository::prove(&mut transaction, user, &addressee.email, now).await?)
        });
        confirmed.await?;
        Ok(user)
    }

    /// What sends links of a kind.
    ///
    /// # Errors
    /// [`Error::MailOff`]; [`Error::Keys`].
    pub(crate) async fn links(&self, kind: LinkKind, language: Language) -> Result<Links, Error> {
        let outbox = self.outbox.clone().ok_or(Error::MailOff)?;
        let key = self.tokens.keys().mac_keys().await?.derive(KEY_PURPOSE);
        Ok(Links { outbox, kind, language, key, bits: random::bytes()?, now: self.clock.now() })
    }

    async fn counting(&self) -> Result<Limits, Error> {
        Ok(Limits::open(self.database.clone(), Arc::clone(&self.clock), self.tokens.keys()).await?)
    }
}

fn require_active(addressee: &Addressee) -> Result<(), Error> {
    if addressee.status.is_active() { Ok(()) } else { Err(Error::UserDisabled) }
}
