//! Removes sessions that have expired.

use std::time::Duration;

use super::repository;
use crate::app_state::AppState;
use crate::db;

/// How long an expired session is kept, so that its tokens are told to be of an ended session rather than unknown.
const KEPT: Duration = Duration::from_hours(24);

/// Removes expired sessions, a few hundred at a time, until none is left.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(state: AppState) -> Result<(), db::Error> {
    let before = state.clock.now() - KEPT;
    while repository::delete_expired(&state.database, before).await? > 0 {}
    Ok(())
}
