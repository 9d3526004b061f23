//! What is done for the limits from time to time.

use super::repository::{self, BATCH};
use crate::app_state::AppState;
use crate::db;

/// Deletes the buckets that are empty, a few at a time, so that hits need not wait for long.
///
/// # Errors
/// Those of the database.
pub async fn delete_empty_buckets(state: AppState) -> Result<(), db::Error> {
    let now = state.clock.now();
    for range in repository::ranges() {
        while repository::delete_empty(&state.database, &range, now).await? == BATCH {}
    }
    Ok(())
}
