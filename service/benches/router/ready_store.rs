//! A store whose answers are ready.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use users_service::http::Page;
use users_service::store::{self, Store};
use users_service::users::{Error, Listing, NewUser, User, UserChanges, UserId, UserRepository};

/// Holds ten users, or as many as are asked for.
pub(crate) struct ReadyStore;

fn ada() -> User {
    User {
        id: id(),
        username: "ada.lovelace".to_owned(),
        email: "ada@example.com".to_owned(),
        full_name: Some("Ada Lovelace".to_owned()),
        created_at: DateTime::UNIX_EPOCH,
    }
}

fn id() -> UserId {
    UserId::from_database(1).expect("an id")
}

#[async_trait]
impl UserRepository for ReadyStore {
    async fn create(&self, _: &NewUser, _: DateTime<Utc>) -> Result<UserId, Error> {
        Ok(id())
    }

    async fn get(&self, _: UserId) -> Result<Option<User>, Error> {
        Ok(Some(ada()))
    }

    async fn list(&self, _: Page) -> Result<Listing, Error> {
        Ok(Listing { users: vec![ada(); 10], total: 1_000 })
    }

    async fn find_by_username(&self, _: &str) -> Result<Option<User>, Error> {
        Ok(None)
    }

    async fn find_by_email(&self, _: &str) -> Result<Option<User>, Error> {
        Ok(None)
    }

    async fn update(&self, _: UserId, _: &UserChanges) -> Result<Option<User>, Error> {
        Ok(Some(ada()))
    }

    async fn delete(&self, _: UserId) -> Result<bool, Error> {
        Ok(true)
    }
}

#[async_trait]
impl Store for ReadyStore {
    async fn ready(&self) -> Result<(), store::Error> {
        Ok(())
    }

    fn description(&self) -> String {
        "a store whose answers are ready".to_owned()
    }
}
