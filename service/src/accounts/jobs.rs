//! Removes what has expired: one-time tokens, and addresses from which nobody has signed in for long.

use chrono::{DateTime, Utc};

use super::repository;
use super::verification::KNOWN_DAYS;
use crate::db::{self, Database};
use crate::one_time_tokens;

/// Removes what has expired, a few hundred rows at a time, until nothing is left.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(database: &Database, now: DateTime<Utc>) -> Result<(), db::Error> {
    while one_time_tokens::delete_expired(database, now).await? > 0 {}
    while repository::forget_addresses(database, now - chrono::TimeDelta::days(KNOWN_DAYS)).await? > 0 {}
    Ok(())
}
