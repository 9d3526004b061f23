//! Forgets requests that nobody sends again any more.

use super::repository;
use crate::app_state::AppState;
use crate::db;

/// Forgets what was made longer ago, a few hundred rows at a time, until nothing is left.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(state: AppState) -> Result<(), db::Error> {
    let now = state.clock.now();
    while repository::delete_expired(&state.database, now).await? > 0 {}
    Ok(())
}
