//! What is done for the limits from time to time.

use chrono::{DateTime, Utc};

use super::repository::{self, BATCH};
use crate::db::{self, Database};

/// Deletes the buckets that are empty, a few at a time, so that hits need not wait for long.
///
/// # Errors
/// Those of the database.
pub async fn delete_empty_buckets(database: &Database, now: DateTime<Utc>) -> Result<(), db::Error> {
    for range in repository::ranges() {
        while repository::delete_empty(database, &range, now).await? == BATCH {}
    }
    Ok(())
}
