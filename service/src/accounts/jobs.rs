//! Removes what has expired: one-time tokens, and addresses from which nobody has signed in for long.

use super::repository;
use super::verification::KNOWN_DAYS;
use crate::app_state::AppState;
use crate::{db, one_time_tokens};

/// Removes what has expired, a few hundred rows at a time, until nothing is left.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(state: AppState) -> Result<(), db::Error> {
    let now = state.clock.now();
    while one_time_tokens::delete_expired(&state.database, now).await? > 0 {}
    while repository::forget_addresses(&state.database, now - chrono::TimeDelta::days(KNOWN_DAYS)).await? > 0
    {
    }
    Ok(())
}
