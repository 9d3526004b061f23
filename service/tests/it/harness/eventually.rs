//! Waits for something that another process or task does.

use std::time::Duration;

use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(20);
const LOOKS: u32 = 1500;

/// Polls until there is a result, for at most half a minute.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS {
        if let Some(seen) = look().await {
            return seen;
        }
        sleep(PAUSE).await;
    }
    panic!("within half a minute there was no {what}");
}
