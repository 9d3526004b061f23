//! Removes sessions that have expired.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::repository;
use crate::db::{self, Database};

/// How long an expired session is kept, so that its tokens are told to be of an ended session rather than unknown.
const RETENTION: Duration = Duration::from_hours(24);

/// Removes expired sessions, a few hundred at a time, until none is left.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(database: &Database, now: DateTime<Utc>) -> Result<(), db::Error> {
    let before = now - RETENTION;
    while repository::delete_expired(database, before).await? > 0 {}
    Ok(())
}
