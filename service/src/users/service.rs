//! The use cases.

use std::sync::Arc;

use chrono::SubsecRound;
use tracing::instrument;

use super::model::same_ignoring_case;
use super::{Email, Error, Listing, Lookup, NewUser, UniqueField, User, UserChanges, UserId, UserRepository};
use crate::clock::Clock;
use crate::http::Page;

/// The use cases of the users.
#[derive(Clone)]
pub struct Service {
    users: Arc<dyn UserRepository>,
    clock: Arc<dyn Clock>,
}

impl Service {
    /// The use cases over a database and a clock.
    pub fn new(users: Arc<dyn UserRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { users, clock }
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`Error::Taken`] if another user has the name or the address.
    #[instrument(level = "debug", name = "users.create", skip_all)]
    pub async fn create(&self, user: NewUser) -> Result<User, Error> {
        self.refuse_old_twin(&user.email, None).await?;
        // Given by the service and not by the column's default: the row is then known without reading it back.
        let created_at = self.clock.now().trunc_subsecs(0);
        let id = self.users.create(&user, created_at).await?;
        Ok(User::new(id, user, created_at))
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    #[instrument(level = "debug", name = "users.get", skip_all, fields(user_id = %id))]
    pub async fn get(&self, id: UserId) -> Result<User, Error> {
        self.users.get(id).await?.ok_or(Error::NotFound)
    }

    /// A page of all users, with the exact total.
    ///
    /// # Errors
    /// Only those of the database.
    #[instrument(level = "debug", name = "users.list", skip_all)]
    pub async fn list(&self, page: Page) -> Result<Listing, Error> {
        self.users.list(page).await
    }

    /// The user that has exactly this name and this address, ignoring case, as a page of a listing of at most one.
    ///
    /// # Errors
    /// Only those of the database.
    #[instrument(level = "debug", name = "users.look_up", skip_all)]
    pub async fn look_up(&self, lookup: &Lookup, page: Page) -> Result<Listing, Error> {
        let mut users: Vec<User> = self.first_match(lookup).await?.into_iter().collect();
        let total = users.len() as u64;
        if page.offset() > 0 {
            users.clear();
        }
        Ok(Listing { users, total })
    }

    /// Changes the fields that the request names.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Taken`] if another user has the new name or address.
    #[instrument(level = "debug", name = "users.update", skip_all, fields(user_id = %id))]
    pub async fn update(&self, id: UserId, changes: &UserChanges) -> Result<User, Error> {
        if changes.is_empty() {
            return self.get(id).await;
        }
        if let Some(email) = &changes.email {
            self.refuse_old_twin(email, Some(id)).await?;
        }
        self.users.update(id, changes).await?.ok_or(Error::NotFound)
    }

    /// Removes a user.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    #[instrument(level = "debug", name = "users.delete", skip_all, fields(user_id = %id))]
    pub async fn delete(&self, id: UserId) -> Result<(), Error> {
        if self.users.delete(id).await? { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Refuses the address if a row holds it with an international domain in Unicode letters.
    ///
    /// Such rows were written by the Python service; this one stores A-labels, so the unique key does not see that
    /// the two are one address. Looking first is safe here: no new row with such a spelling can appear.
    async fn refuse_old_twin(&self, email: &Email, except: Option<UserId>) -> Result<(), Error> {
        let Some(spelling) = email.in_unicode() else { return Ok(()) };
        match self.users.find_by_email(&spelling).await? {
            Some(twin) if Some(twin.id) != except && same_ignoring_case(&twin.email, &spelling) => {
                Err(Error::Taken(UniqueField::Email))
            }
            _ => Ok(()),
        }
    }

    async fn first_match(&self, lookup: &Lookup) -> Result<Option<User>, Error> {
        if let Some(username) = lookup.username() {
            return Ok(self.users.find_by_username(username).await?.filter(|user| lookup.matches(user)));
        }
        for email in lookup.email_spellings() {
            let found = self.users.find_by_email(email).await?.filter(|user| lookup.matches(user));
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
