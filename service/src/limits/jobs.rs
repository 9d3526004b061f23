//! What is done for the limits from time to time.

use super::repository::{self, BATCH};
use crate::app_state::AppState;
use crate::db;

/// Deletes the buckets that are empty, a few at a time: a hit on one of those waits meanwhile.
///
/// # Errors
/// Those of the database.
pub async fn delete_empty_buckets(state: AppState) -> Result<(), db::Error> {
    let now = state.clock.now();
    while repository::delete_empty(&state.database, now).await? == BATCH {}
    Ok(())
}
