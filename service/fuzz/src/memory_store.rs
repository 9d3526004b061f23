//! A store in memory. Fuzzing is about what comes before the database; the real ones have tests of their own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use users_service::field::Change;
use users_service::http::Page;
use users_service::store::{self, Store};
use users_service::users::{Error, Listing, NewUser, UniqueField, User, UserChanges, UserId, UserRepository};

/// Users in the order of their ids.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore(Mutex<Vec<User>>);

impl MemoryStore {
    /// One user, who has the id 1.
    pub(crate) fn reset(&self) {
        let first = User {
            id: UserId::from_database(1).expect("1 is an id"),
            username: "first".to_owned(),
            email: "first@example.com".to_owned(),
            full_name: None,
            created_at: DateTime::UNIX_EPOCH,
        };
        *self.users() = vec![first];
    }

    fn users(&self) -> MutexGuard<'_, Vec<User>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As the unique keys of the databases do.
fn check_unique(users: &[User], one: &User) -> Result<(), Error> {
    for other in users.iter().filter(|other| other.id != one.id) {
        if other.username.eq_ignore_ascii_case(&one.username) {
            return Err(Error::Taken(UniqueField::Username));
        }
        if other.email.eq_ignore_ascii_case(&one.email) {
            return Err(Error::Taken(UniqueField::Email));
        }
    }
    Ok(())
}

#[async_trait]
impl UserRepository for MemoryStore {
    async fn create(&self, user: &NewUser, created_at: DateTime<Utc>) -> Result<UserId, Error> {
        let mut users = self.users();
        let last = users.last().map_or(0, |user| user.id.get());
        let user = User {
            id: UserId::from_database(u64::from(last) + 1).expect("an input makes few users"),
            username: user.username.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            full_name: user.full_name.as_ref().map(|name| name.as_str().to_owned()),
            created_at,
        };
        check_unique(&users, &user)?;
        let id = user.id;
        users.push(user);
        Ok(id)
    }

    async fn get(&self, id: UserId) -> Result<Option<User>, Error> {
        Ok(self.users().iter().find(|user| user.id == id).cloned())
    }

    async fn list(&self, page: Page) -> Result<Listing, Error> {
        let users = self.users();
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        Ok(Listing {
            users: users.iter().skip(offset).take(limit).cloned().collect(),
            total: users.len() as u64,
        })
    }

    async fn find_by_username(&self, username: &str) -> Result<Option<User>, Error> {
        Ok(self.users().iter().find(|user| user.username.eq_ignore_ascii_case(username)).cloned())
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        Ok(self.users().iter().find(|user| user.email.eq_ignore_ascii_case(email)).cloned())
    }

    async fn update(&self, id: UserId, changes: &UserChanges) -> Result<Option<User>, Error> {
        let mut users = self.users();
        let Some(index) = users.iter().position(|user| user.id == id) else { return Ok(None) };
        let mut user = users[index].clone();
        if let Some(username) = &changes.username {
            username.as_str().clone_into(&mut user.username);
        }
        if let Some(email) = &changes.email {
            email.as_str().clone_into(&mut user.email);
        }
        match &changes.full_name {
            Change::Keep => {}
            Change::Clear => user.full_name = None,
            Change::Set(name) => user.full_name = Some(name.as_str().to_owned()),
        }
        check_unique(&users, &user)?;
        users[index] = user.clone();
        Ok(Some(user))
    }

    async fn delete(&self, id: UserId) -> Result<bool, Error> {
        let mut users = self.users();
        let before = users.len();
        users.retain(|user| user.id != id);
        Ok(users.len() < before)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ready(&self) -> Result<(), store::Error> {
        Ok(())
    }

    fn description(&self) -> String {
        "a store in memory".to_owned()
    }
}
