//! Showing a user who may have been read a while ago. Nothing is decided by what this shows: whoever decides reads.

use std::time::Duration;

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
    pub(super) async fn get_cached(
        &self,
        id: UserId,
        cache_control: CacheControl,
    ) -> Result<(User, Option<Duration>), Error> {
        let Some(cache) = self.cache.as_ref().filter(|_| !cache_control.no_store) else {
            return Ok((self.get(id).await?, None));
        };
        let read = || repository::get(&self.database, id);
        // On the heap, so that without a cache no request has room for it.
        let found = Box::pin(cache.get(Key::Id(id), cache_control.max_age, read));
        let Found { user, age } = found.await?;
        Ok((user.ok_or(Error::NotFound)?, age))
    }

    /// The same of [`Service::look_up`].
    ///
    /// # Errors
    /// Only those of the database.
    pub(super) async fn look_up_cached(
        &self,
        lookup: Lookup,
        page: Page,
        cache_control: CacheControl,
    ) -> Result<(Listing, Option<Duration>), Error> {
        let Some(cache) = self.cache.as_ref().filter(|_| !cache_control.no_store) else {
            return Ok((self.look_up(&lookup, page).await?, None));
        };
        let read = || self.first_match(&lookup);
        let found = Box::pin(cache.get(Key::Lookup(lookup.clone()), cache_control.max_age, read));
        let Found { user, age } = found.await?;
        Ok((Listing::of_one(user, page), age))
    }

    /// To be called before a user is written, and told how that has ended.
    pub(super) fn writing(&self, id: UserId) -> Writing {
        Writing::begin(self.cache.clone(), id)
    }
}
