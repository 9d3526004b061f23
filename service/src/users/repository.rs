//! What the users need of a database. `store/` implements it once for each.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Error, NewUser, User, UserChanges, UserId};
use crate::http::Page;

/// One page of users, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Ordered by id.
    pub users: Vec<User>,
    /// All users, counted in the same snapshot as the page.
    pub total: u64,
}

/// The statements behind the use cases. Each call is atomic.
///
/// Usernames and e-mail addresses are unique ignoring the case of ASCII letters; the database decides it, and a
/// lost race comes back as [`Error::Taken`].
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// Inserts a user and returns the id that it got.
    async fn create(&self, user: &NewUser, created_at: DateTime<Utc>) -> Result<UserId, Error>;

    /// The user with this id.
    async fn get(&self, id: UserId) -> Result<Option<User>, Error>;

    /// A page of all users, ordered by id, with the exact total.
    async fn list(&self, page: Page) -> Result<Listing, Error>;

    /// The user whose name the unique key takes to be equal to this one. The key may be laxer than "the same
    /// ignoring case" for rows that are not ASCII: the caller compares once more.
    async fn find_by_username(&self, username: &str) -> Result<Option<User>, Error>;

    /// The same for an e-mail address.
    async fn find_by_email(&self, email: &str) -> Result<Option<User>, Error>;

    /// Applies the changes and returns the user as it is then; `None` if there is no such user.
    async fn update(&self, id: UserId, changes: &UserChanges) -> Result<Option<User>, Error>;

    /// Removes the user; `false` if there was none.
    async fn delete(&self, id: UserId) -> Result<bool, Error>;
}
