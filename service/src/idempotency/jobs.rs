//! Forgets requests that nobody sends again any more.

use chrono::{DateTime, Utc};

use super::repository;
use crate::db::{self, Database};

/// Forgets what was made longer ago, a few hundred rows at a time, until nothing is left.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(database: &Database, now: DateTime<Utc>) -> Result<(), db::Error> {
    while repository::delete_expired(database, now).await? > 0 {}
    Ok(())
}
