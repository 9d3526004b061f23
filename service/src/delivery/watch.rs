//! Looks for mails that become due, where nothing tells of them: in a function that no other process can wake.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval_at};

use super::job::{MIN_REMAINING, send_due};
use super::repository;
use crate::app_state::AppState;
use crate::clock::monotonic;
use crate::db;

/// How often mails that are due are looked for, with one statement that costs the database next to nothing.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Sends mails when they become due: begins none after `until`, and has sent or given back all at the deadline.
///
/// # Errors
/// If the outbox cannot be read: whoever watches next may have more luck.
pub async fn watch(state: AppState, until: Instant, deadline: Instant) -> Result<(), db::Error> {
    let Some(accounts) = state.accounts.clone().filter(|accounts| accounts.outbox.is_some()) else {
        return Ok(());
    };
    let end = deadline.checked_sub(MIN_REMAINING).map_or(until, |last| until.min(last));
    let mut looks = interval_at((monotonic() + POLL_INTERVAL).into(), POLL_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while monotonic() + POLL_INTERVAL <= end {
        looks.tick().await;
        if repository::is_due(&accounts.database, accounts.clock.now()).await? {
            send_due(state.clone(), deadline).await?;
        }
    }
    Ok(())
}
