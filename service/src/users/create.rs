//! Adding a user, once however often the request is sent.

use std::future::ready;
use std::pin::Pin;

use chrono::SubsecRound;

use super::repository;
use super::service::{Service, has_unicode_duplicate};
use super::{Error, NewUser, Taken, User};
use crate::access::{Caller, reauthorize};
use crate::db::{self, Outage, Transaction};
use crate::idempotency::{self, Failed, Found, IdempotencyKey, Repeatable};
use crate::user_id::UserId;

/// A user that is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added {
    /// As the request has made it, whatever has become of it since.
    pub(crate) user: User,
    /// Whether the same request has added it before.
    pub(crate) before: bool,
}

/// What else a transaction does for the user that it adds. On the heap, so that adding is compiled once for whatever that is.
pub(crate) type Also<'a> = &'a (
        dyn Fn(Transaction, UserId) -> Pin<Box<dyn Future<Output = Result<(), db::Error>> + Send + 'a>>
            + Send
            + Sync
    );

impl Service {
    /// Adds a user.
    ///
    /// # Errors
    /// [`Error::Taken`] if another user has the name or the address.
    pub async fn create(&self, user: NewUser) -> Result<User, Error> {
        let (username, email) = (Some(&user.username), Some(&user.email));
        self.refuse_unicode_duplicate(&user).await?;
        // Set by the service and not by the column's default: the row is then known without reading it back.
        let created_at = self.clock.now().trunc_subsecs(0);
        match repository::create(&self.database, &user, created_at).await {
            Ok(id) => {
                self.tell_added(id);
                Ok(User::new(id, user, created_at))
            }
            Err(error) => Err(self.explain(error, username, email, None).await),
        }
    }

    /// The same with `ACCESS=open` for a request that may be sent again: the user is added once.
    ///
    /// # Errors
    /// [`Error::Taken`]; [`Error::KeyReused`]; [`Error::InProgress`].
    pub async fn create_once(&self, user: NewUser, key: &IdempotencyKey) -> Result<User, Error> {
        let request = Repeatable::open(key, &user.content());
        if let Some(user) = self.added_by(&request, &user).await? {
            return Ok(user);
        }
        self.create_with(None, user, Some(&request), &|_, _| Box::pin(ready(Ok(()))))
            .await
            .map(|added| added.user)
    }

    /// The user that a request has added before, if it has been finished.
    ///
    /// # Errors
    /// [`Error::KeyReused`] if another request had its key.
    pub(crate) async fn added_by(&self, request: &Repeatable, user: &NewUser) -> Result<Option<User>, Error> {
        let now = self.clock.now();
        match idempotency::find(&self.database, request, now).await? {
            None => Ok(None),
            Some(Found::Expired) => {
                idempotency::forget(&self.database, request, now).await?;
                Ok(None)
            }
            Some(Found::Another) => Err(Error::KeyReused),
            // Nothing of the user need be kept for that: it is what the request asks for.
            Some(Found::Made(made)) => Ok(Some(User::new(made.user_id, user.clone(), made.at))),
        }
    }

    /// Adds a user, and in the same transaction what belongs to the user, and what is remembered of the request; for a caller only if
    /// it may still be called by then, for it may have waited.
    ///
    /// # Errors
    /// [`Error::Taken`] if another user has the name or the address; [`Error::KeyReused`]; [`Error::InProgress`]; those of `also`.
    pub(crate) async fn create_with(
        &self,
        caller: Option<&Caller>,
        user: NewUser,
        request: Option<&Repeatable>,
        also: Also<'_>,
    ) -> Result<Added, Error> {
        let (username, email) = (Some(&user.username), Some(&user.email));
        self.refuse_unicode_duplicate(&user).await?;
        let created_at = self.clock.now().trunc_subsecs(0);
        if let Some(request) = request {
            idempotency::clean_up(&self.database, request, created_at).await?;
        }
        let new = &user;
        let created = self.database.transaction(|mut transaction| async move {
            if let Some(request) = request {
                idempotency::claim(&mut transaction, request, created_at).await?;
            }
            let added = async {
                let id = repository::create(&mut transaction, new, created_at).await?;
                if let Some(caller) = caller {
                    reauthorize::<Error>(&mut transaction, caller).await?;
                }
                if let Some(request) = request {
                    idempotency::complete(&mut transaction, request, id).await?;
                }
                also(transaction, id).await?;
                Ok(id)
            };
            added.await.map_err(Failed::Other)
        });
        match (created.await, request) {
            (Ok(id), _) => {
                self.tell_added(id);
                Ok(Added { user: User::new(id, user, created_at), before: false })
            }
            (Err(Failed::Claim(error)), Some(request)) => self.settle(request, &user, error).await,
            (Err(Failed::Claim(error) | Failed::Other(Error::Database(error))), _) => {
                Err(self.explain(error, username, email, None).await)
            }
            (Err(Failed::Other(error)), _) => Err(error),
        }
    }

    /// What has become of a request that had the key when this one came for it: it has been finished, or is still running.
    async fn settle(&self, request: &Repeatable, user: &NewUser, error: db::Error) -> Result<Added, Error> {
        let is_claimed = matches!(
            error,
            db::Error::Duplicate { .. } | db::Error::Unavailable { reason: Outage::Contended, .. }
        );
        if !is_claimed {
            return Err(error.into());
        }
        let user = self.added_by(request, user).await?.ok_or(Error::InProgress)?;
        Ok(Added { user, before: true })
    }

    fn tell_added(&self, id: UserId) {
        if let Some(cache) = &self.cache {
            cache.added(id);
        }
    }

    /// Refuses a new user whose address a row holds with its international domain in Unicode letters.
    async fn refuse_unicode_duplicate(&self, user: &NewUser) -> Result<(), Error> {
        let (username, email) = (Some(&user.username), Some(&user.email));
        if !has_unicode_duplicate(&self.database, email, None).await? {
            return Ok(());
        }
        let taken = Taken { username: false, email: true };
        Err(Error::Taken(self.complete(taken, username, email, None).await))
    }
}
