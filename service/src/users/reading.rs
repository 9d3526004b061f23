//! Showing a user who may have been read a while ago. Nothing is decided by what this shows: whoever decides reads.

use std::time::Duration;

use tracing::instrument;

use super::cache::{Found, Key, Writing};
use super::{Error, Listing, Lookup, Service, User, repository};
use crate::http::CacheControl;
use crate::page::Page;
use crate::user_id::UserId;

impl Service {
    /// The user with this id, and how long ago it was read, if it was kept.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    #[instrument(level = "debug", name = "users.get_recent", skip_all, fields(user_id = %id))]
    pub(super) async fn get_recent(
        &self,
        id: UserId,
        cache_control: CacheControl,
    ) -> Result<(User, Option<Duration>), Error> {
        let Some(cache) = self.cache.as_ref().filter(|_| !cache_control.no_store) else {
            return Ok((self.get(id).await?, None));
        };
        let read = || repository::get(&self.database, id);
        let Found { user, age } = cache.get(Key::Id(id), cache_control.max_age, read).await?;
        Ok((user.ok_or(Error::NotFound)?, age))
    }

    /// The same of [`Service::look_up`].
    ///
    /// # Errors
    /// Only those of the database.
    #[instrument(level = "debug", name = "users.look_up_recent", skip_all)]
    pub(super) async fn look_up_recent(
        &self,
        lookup: Lookup,
        page: Page,
        cache_control: CacheControl,
    ) -> Result<(Listing, Option<Duration>), Error> {
        let Some(cache) = self.cache.as_ref().filter(|_| !cache_control.no_store) else {
            return Ok((self.look_up(&lookup, page).await?, None));
        };
        let read = || self.first_match(&lookup);
        let Found { user, age } = cache.get(Key::Lookup(lookup.clone()), cache_control.max_age, read).await?;
        Ok((Listing::of_one(user, page), age))
    }

    /// To be called before a user is written, and told how that has ended.
    pub(super) fn writing(&self, id: UserId) -> Writing {
        Writing::begin(self.cache.clone(), id)
    }
}
