//! The use cases of the users.

use std::sync::Arc;

use axum::extract::FromRef;

use super::model::same_ignoring_case;
use super::repository::{self, Listing};
use super::{Email, Error, Lookup, Taken, User, UserCache, UserChanges, Username};
use crate::access::{Caller, Permission};
use crate::app_state::{Accounts, AppState};
use crate::clock::Clock;
use crate::db::{self, Database};
use crate::keys::KeyRing;
use crate::limits::{Attempt, Limit, Limits};
use crate::mail::Outbox;
use crate::page::Page;
use crate::user_id::UserId;

/// The use cases of the users.
#[derive(Clone)]
pub struct Service {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    /// Tells of changed addresses; none with `ACCESS=open` or `MAIL=off`.
    pub(super) outbox: Option<Outbox>,
    /// The users that were read lately; none with `CACHE_TTL=0`.
    pub(super) cache: Option<UserCache>,
    /// How often callers may give names and addresses; without a limit with `ACCESS=open`.
    pub(super) naming_limit: Option<NamingLimit>,
}

/// Counts the names and addresses that callers give, as often as in open sign-up: what is refused tells of others, and of each change
/// of an address its owner is told by mail.
#[derive(Clone)]
pub(super) struct NamingLimit {
    limit: Limit,
    keys: KeyRing,
}

impl From<&Accounts> for NamingLimit {
    fn from(accounts: &Accounts) -> Self {
        Self { limit: accounts.settings.limits.sign_up, keys: accounts.tokens.keys().clone() }
    }
}

impl FromRef<Arc<AppState>> for Service {
    fn from_ref(state: &Arc<AppState>) -> Self {
        let service = match &state.accounts {
            Some(accounts) => Self::from_ref(accounts),
            None => Self::over(state.database.clone(), Arc::clone(&state.clock)),
        };
        Self { cache: state.user_cache.clone(), ..service }
    }
}

impl FromRef<Arc<Accounts>> for Service {
    fn from_ref(accounts: &Arc<Accounts>) -> Self {
        let (database, clock) = (accounts.database.clone(), Arc::clone(&accounts.clock));
        let (outbox, cache) = (accounts.outbox.clone(), accounts.user_cache.clone());
        let naming_limit = Some(NamingLimit::from(&**accounts));
        Self { outbox, cache, naming_limit, ..Self::over(database, clock) }
    }
}

impl Service {
    /// The users of this database.
    pub(crate) const fn over(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, outbox: None, cache: None, naming_limit: None }
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, id: UserId) -> Result<User, Error> {
        repository::get(&self.database, id).await?.ok_or(Error::NotFound)
    }

    /// A page of all users, with the exact total.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn list(&self, page: Page) -> Result<Listing, Error> {
        Ok(repository::list(&self.database, page).await?)
    }

    /// The user that has exactly this name and this address, ignoring case, as a page of a listing of at most one.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn look_up(&self, lookup: &Lookup, page: Page) -> Result<Listing, Error> {
        Ok(Listing::of_one(self.first_match(lookup).await?, page))
    }

    /// Counts that a caller gives a user a name or an address, before it is known whether that is free. Whoever may see users can find
    /// that out anyway, and the names of others are theirs to give.
    ///
    /// # Errors
    /// [`Error::Limits`]; [`Error::Keys`].
    pub(super) async fn count_naming(
        &self,
        caller: &Caller,
        id: UserId,
        changes: &UserChanges,
    ) -> Result<Option<Attempt>, Error> {
        let Some(NamingLimit { limit, keys }) = &self.naming_limit else { return Ok(None) };
        let gives = changes.username.is_some() || changes.email.is_some();
        if !gives || (may_see_users(caller) && !caller.is(id)) {
            return Ok(None);
        }
        let limits = Limits::open(self.database.clone(), Arc::clone(&self.clock), keys).await?;
        let mut attempt = Attempt::new(limits);
        attempt.take(limit, &[b"naming", &caller.user_id.get().to_be_bytes()]).await?;
        Ok(Some(attempt))
    }

    /// What a failed write means: a violated unique key means that a value is taken.
    pub(super) async fn explain(
        &self,
        error: db::Error,
        username: Option<&Username>,
        email: Option<&Email>,
        own: Option<UserId>,
    ) -> Error {
        let taken = Taken {
            username: error.is_duplicate_of("idx_username"),
            email: error.is_duplicate_of("idx_email"),
        };
        if !taken.username && !taken.email {
            return error.into();
        }
        Error::Taken(self.complete(taken, username, email, own).await)
    }

    /// Checks whether the other value is taken, too: the database names only the first key that a row violates. If that
    /// cannot be found out, the value counts as not taken.
    pub(super) async fn complete(
        &self,
        taken: Taken,
        username: Option<&Username>,
        email: Option<&Email>,
        own: Option<UserId>,
    ) -> Taken {
        let is_anothers = |found: Result<Option<User>, db::Error>| {
            found.is_ok_and(|user| user.is_some_and(|user| Some(user.id) != own))
        };
        let mut taken = taken;
        if let Some(username) = username.filter(|_| !taken.username) {
            let found = repository::find_by_username(&self.database, username.as_str()).await;
            taken.username = is_anothers(found);
        }
        if let Some(email) = email.filter(|_| !taken.email) {
            let found = repository::find_by_email(&self.database, email.as_str()).await;
            taken.email = is_anothers(found);
        }
        taken
    }

    pub(super) async fn first_match(&self, lookup: &Lookup) -> Result<Option<User>, db::Error> {
        if let Some(username) = lookup.username() {
            let found = repository::find_by_username(&self.database, username).await?;
            return Ok(found.filter(|user| lookup.matches(user)));
        }
        for email in lookup.email_spellings() {
            let found = repository::find_by_email(&self.database, email).await?;
            let found = found.filter(|user| lookup.matches(user));
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// Whether another user's row holds the address with its international domain in Unicode letters.
///
/// Such rows were written by the Python service; this one stores A-labels, so the unique key does not see that
/// the two are one address. Looking first is safe here: no new row with such a spelling can appear.
pub(super) async fn has_unicode_duplicate(
    executor: impl db::Executor,
    email: Option<&Email>,
    own: Option<UserId>,
) -> Result<bool, db::Error> {
    let Some(spelling) = email.and_then(Email::in_unicode) else { return Ok(false) };
    let found = repository::find_by_email(executor, &spelling).await?;
    Ok(found.is_some_and(|user| Some(user.id) != own && same_ignoring_case(&user.email, &spelling)))
}

pub(super) fn may_see_users(caller: &Caller) -> bool {
    caller.authority.holds(&Permission::USERS_READ)
}
