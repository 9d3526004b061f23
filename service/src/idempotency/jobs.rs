//! Forgets requests that nobody sends again any more.

use chrono::TimeDelta;

use super::repository;
use crate::app_state::AppState;
use crate::db;

/// How long a request is remembered.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Forgets what was made longer ago, a few hundred rows at a time, until nothing is left.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(state: AppState) -> Result<(), db::Error> {
    let before = state.clock.now() - LIFETIME;
    while repository::delete(&state.database, before).await? > 0 {}
    Ok(())
}
