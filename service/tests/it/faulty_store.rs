//! A store whose every call goes wrong, for what no real database can be made to do.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use users_service::http::Page;
use users_service::store::{self, Outage, Store};
use users_service::users::{Error, Listing, NewUser, User, UserChanges, UserId, UserRepository};

/// What nobody outside may see.
pub(crate) const INNER_TEXT: &str = "inner text of the driver";

/// How it goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FaultyStore {
    Panics,
    Fails,
    IsAway(Outage),
}

impl FaultyStore {
    fn fault(self) -> store::Error {
        match self {
            Self::Panics => panic!("{INNER_TEXT}"),
            Self::Fails => store::Error::Internal(INNER_TEXT.into()),
            Self::IsAway(outage) => store::Error::unavailable(outage, INNER_TEXT),
        }
    }
}

#[async_trait]
impl UserRepository for FaultyStore {
    async fn create(&self, _: &NewUser, _: DateTime<Utc>) -> Result<UserId, Error> {
        Err(self.fault().into())
    }

    async fn get(&self, _: UserId) -> Result<Option<User>, Error> {
        Err(self.fault().into())
    }

    async fn list(&self, _: Page) -> Result<Listing, Error> {
        Err(self.fault().into())
    }

    async fn find_by_username(&self, _: &str) -> Result<Option<User>, Error> {
        Err(self.fault().into())
    }

    async fn find_by_email(&self, _: &str) -> Result<Option<User>, Error> {
        Err(self.fault().into())
    }

    async fn update(&self, _: UserId, _: &UserChanges) -> Result<Option<User>, Error> {
        Err(self.fault().into())
    }

    async fn delete(&self, _: UserId) -> Result<bool, Error> {
        Err(self.fault().into())
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn ready(&self) -> Result<(), store::Error> {
        Err(self.fault())
    }

    fn description(&self) -> String {
        "a store that never works".to_owned()
    }
}
