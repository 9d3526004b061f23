//! Changing and removing a user: who may, and what else ends with it.

use tracing::info;

use super::service::{Service, has_unicode_duplicate, may_see_users};
use super::{Email, Error, Taken, User, UserChanges, repository};
use crate::access::{Caller, Permission};
use crate::accounts::is_same;
use crate::db::Transaction;
use crate::language::Language;
use crate::mail::{Kind, Notice};
use crate::user_id::UserId;
use crate::{addresses, one_time_tokens, roles, user_row};

/// What must hold of a user for a change to be made, decided while the user is locked.
pub type Precondition<'a> = &'a (dyn Fn(&User) -> bool + Send + Sync);

/// A user as a change has made it.
struct Written {
    user: User,
    /// Whether the name or the address is another than before, if that was looked at.
    is_renamed: bool,
}

impl Service {
    /// Changes the fields that the request names. Without a caller, whoever asks may do it. A mail that tells of it is
    /// written in the language that comes with the caller.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Taken`] if another user has the new name or address; [`Error::Refused`] if the user holds
    /// a permission that the caller lacks, or the address may not be changed; [`Error::ChangedMeanwhile`]; [`Error::Limits`] for a
    /// caller who has given too many names or addresses.
    pub async fn update(
        &self,
        caller: Option<(&Caller, Language)>,
        id: UserId,
        changes: &UserChanges,
        precondition: Option<Precondition<'_>>,
    ) -> Result<User, Error> {
        if changes.is_empty() && caller.is_none() {
            let user = self.get(id).await?;
            return require(precondition, &user).map(|()| user);
        }
        let attempt = match caller {
            Some((caller, _)) => self.count_naming(caller, id, changes).await?,
            None => None,
        };
        let written = self.write(caller, id, changes, precondition).await;
        let counts = match &written {
            Ok(written) => written.is_renamed,
            Err(Error::Taken(_)) => !caller.is_some_and(|(caller, _)| may_see_users(caller)),
            Err(_) => false,
        };
        if let Some(attempt) = attempt.filter(|_| !counts) {
            attempt.give_back().await;
        }
        if let (Ok(_), Some(outbox)) = (&written, &self.outbox) {
            outbox.wake();
        }
        written.map(|written| written.user)
    }

    async fn write(
        &self,
        caller: Option<(&Caller, Language)>,
        id: UserId,
        changes: &UserChanges,
        precondition: Option<Precondition<'_>>,
    ) -> Result<Written, Error> {
        let (username, email) = (changes.username.as_ref(), changes.email.as_ref());
        let writing = self.writing(id);
        // Written and read in one transaction, so that the answer is what this request has made of the user.
        let written = self.database.transaction(|mut transaction| async move {
            let mut before = None;
            if let Some((caller, language)) = caller {
                let user = self.permit_update(&mut transaction, caller, id, email).await?;
                require(precondition, &user)?;
                if email.is_some_and(|email| !is_same(email.as_str(), &user.email)) {
                    self.leave_address(&mut transaction, id, language).await?;
                }
                before = Some(user);
            } else if precondition.is_some() {
                require(precondition, &locked(&mut transaction, id).await?)?;
            }
            if has_unicode_duplicate(&mut transaction, email, Some(id)).await? {
                return Err(Error::Taken(Taken { username: false, email: true }));
            }
            if !repository::update(&mut transaction, id, changes).await? {
                return Ok(None);
            }
            let user = repository::get(&mut transaction, id).await?;
            Ok(user.map(|user| Written {
                is_renamed: before.is_some_and(|before| is_renamed(&before, &user)),
                user,
            }))
        });
        let written = written.await;
        writing.end(&written);
        match written {
            Ok(written) => written.ok_or(Error::NotFound),
            Err(Error::Database(error)) => Err(self.explain(error, username, email, Some(id)).await),
            Err(Error::Taken(taken)) => {
                Err(Error::Taken(self.complete(taken, username, email, Some(id)).await))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a user. Without a caller, whoever asks may do it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Refused`] if the user holds a permission that the caller lacks, or if the caller's own
    /// sign-in is too long ago; [`Error::LastAdministrator`]; [`Error::ChangedMeanwhile`].
    pub async fn delete(
        &self,
        caller: Option<&Caller>,
        id: UserId,
        precondition: Option<Precondition<'_>>,
    ) -> Result<(), Error> {
        let writing = self.writing(id);
        if caller.is_none() && precondition.is_none() {
            let deleted = repository::delete(&self.database, id).await;
            writing.end(&deleted);
            return if deleted? { Ok(()) } else { Err(Error::NotFound) };
        }
        let deleted = self.database.transaction(|mut transaction| async move {
            if let Some(caller) = caller {
                self.permit_delete(&mut transaction, caller, id).await?;
            }
            if precondition.is_some() {
                require(precondition, &locked(&mut transaction, id).await?)?;
            }
            if repository::delete(&mut transaction, id).await? { Ok(()) } else { Err(Error::NotFound) }
        });
        let deleted = deleted.await;
        writing.end(&deleted);
        deleted?;
        if let Some(caller) = caller {
            info!(user_id = %id, by = %caller.user_id, "A user was removed");
        }
        Ok(())
    }

    /// Locks the user, and refuses a caller who may not remove it.
    async fn permit_delete(
        &self,
        transaction: &mut Transaction,
        caller: &Caller,
        id: UserId,
    ) -> Result<(), Error> {
        roles::require_over(&mut *transaction, caller, id, Error::NotFound).await?;
        if caller.is(id) {
            caller.require_recent_sign_in(self.clock.now())?;
        }
        if roles::is_last_administrator(&mut *transaction, id).await? {
            return Err(Error::LastAdministrator);
        }
        Ok(())
    }

    /// Locks the user, and refuses a caller who may not make these changes. An address decides over the account: it is
    /// where a password that was forgotten can be set anew.
    async fn permit_update(
        &self,
        transaction: &mut Transaction,
        caller: &Caller,
        id: UserId,
        email: Option<&Email>,
    ) -> Result<User, Error> {
        roles::require_over(&mut *transaction, caller, id, Error::NotFound).await?;
        let user = repository::get(&mut *transaction, id).await?.ok_or(Error::NotFound)?;
        if email.is_none_or(|email| email.as_str() == user.email) {
            return Ok(user);
        }
        if caller.is(id) {
            caller.require_recent_sign_in(self.clock.now())?;
        } else {
            caller.require(&Permission::ACCOUNTS_WRITE)?;
        }
        Ok(user)
    }

    /// Ends the links that were sent to the address of a user who is about to have another one, and tells the owner of the
    /// address, if it is proved.
    async fn leave_address(
        &self,
        transaction: &mut Transaction,
        id: UserId,
        language: Language,
    ) -> Result<(), Error> {
        one_time_tokens::end_all(&mut *transaction, id).await?;
        let Some(mail) = &self.outbox else { return Ok(()) };
        let addressee = addresses::addressee(&mut *transaction, id).await?;
        if let Some(addressee) = addressee.filter(|addressee| addressee.is_proved) {
            let (kind, now) = (Kind::Notice(Notice::AddressChanged), self.clock.now());
            mail.enqueue(&mut *transaction, kind, language, Some((id, &addressee.email)), now).await?;
        }
        Ok(())
    }
}

/// The user as it is until the end of the transaction, which then is the only one that can change it.
async fn locked(transaction: &mut Transaction, id: UserId) -> Result<User, Error> {
    if !user_row::lock(&mut *transaction, id).await? {
        return Err(Error::NotFound);
    }
    repository::get(&mut *transaction, id).await?.ok_or(Error::NotFound)
}

fn is_renamed(before: &User, after: &User) -> bool {
    (&before.username, &before.email) != (&after.username, &after.email)
}

fn require(precondition: Option<Precondition<'_>>, user: &User) -> Result<(), Error> {
    let holds = precondition.is_none_or(|precondition| precondition(user));
    if holds { Ok(()) } else { Err(Error::ChangedMeanwhile) }
}
