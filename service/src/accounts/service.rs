//! The use cases of accounts: what they are made from, and the state of an account.

use std::sync::Arc;

use axum::extract::FromRef;
use tracing::info;

use super::{Account, Error, Status, repository};
use crate::access::Caller;
use crate::app_state::{AccountSettings, Accounts};
use crate::clock::Clock;
use crate::db::Database;
use crate::mail::Outbox;
use crate::passwords::{Hasher, Policy};
use crate::tokens::Tokens;
use crate::user_id::UserId;
use crate::{addresses, one_time_tokens, roles, sessions, users};

/// The use cases of accounts.
#[derive(Clone)]
pub struct Service {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tokens: Tokens,
    pub(super) hasher: Hasher,
    pub(super) policy: Policy,
    pub(super) settings: AccountSettings,
    pub(super) sessions: sessions::Service,
    pub(super) users: users::Service,
    pub(super) addresses: addresses::Service,
    pub(super) outbox: Option<Outbox>,
}

impl FromRef<Arc<Accounts>> for Service {
    fn from_ref(accounts: &Arc<Accounts>) -> Self {
        Self {
            database: accounts.database.clone(),
            clock: Arc::clone(&accounts.clock),
            tokens: accounts.tokens.clone(),
            hasher: accounts.hasher.clone(),
            policy: accounts.policy,
            settings: accounts.settings,
            sessions: sessions::Service::from_ref(accounts),
            users: users::Service::from_ref(accounts),
            addresses: addresses::Service::from_ref(accounts),
            outbox: accounts.outbox.clone(),
        }
    }
}

impl Service {
    /// The account of a user.
    ///
    /// # Errors
    /// [`Error::UserNotFound`].
    pub async fn get(&self, user: UserId) -> Result<Account, Error> {
        repository::get(&self.database, user).await?.ok_or(Error::UserNotFound)
    }

    /// Lets a user sign in, or not. Who is disabled has no sessions and no links any more.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Refused`] if the user holds a permission that the caller lacks;
    /// [`Error::LastAdministrator`].
    pub async fn set_status(&self, caller: &Caller, user: UserId, status: Status) -> Result<Account, Error> {
        let now = self.clock.now();
        let changed = self.database.transaction(|mut transaction| async move {
            roles::require_over(&mut transaction, caller, user, Error::UserNotFound).await?;
            if status == Status::Disabled {
                if roles::is_last_administrator(&mut transaction, user).await? {
                    return Err(Error::LastAdministrator);
                }
                sessions::end_all(&mut transaction, user, None, now).await?;
                one_time_tokens::end_all(&mut transaction, user).await?;
            }
            repository::set_status(&mut transaction, user, status).await?;
            repository::get(&mut transaction, user).await?.ok_or(Error::UserNotFound)
        });
        let account = changed.await?;
        info!(user_id = %user, by = %caller.user_id, status = status.as_str(), "The status of an account was set");
        Ok(account)
    }
}
