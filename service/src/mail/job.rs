//! The job that sends what is in the outbox.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;
use tokio::time::timeout_at;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use super::repository::{self, Lease, Leased};
use super::sender::{Cause, SendError};
use super::{Mail, contents};
use crate::app_state::{Accounts, AppState};
use crate::clock::monotonic;
use crate::db;
use crate::http::chain;

/// How many mails are sent at once.
pub(super) const AT_ONCE: usize = 8;
/// How long one may take. A server that takes longer has not promised anything yet (RFC 5321, section 4.5.3.2 allows it
/// minutes, and whoever waits for it holds up others).
const SEND_LIMIT: Duration = Duration::from_secs(20);
/// With less time than this until the end of the run none is begun.
const LEAST: Duration = Duration::from_secs(3);
/// What a lease outlasts the run by, in which nothing is sent any more: clocks of several machines differ.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(30);
/// When a mail that cannot be sent is given up.
const GIVE_UP: TimeDelta = TimeDelta::hours(24);
/// The pauses between attempts.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(15);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Sends every mail that is due, until there is none or the time is over.
///
/// # Errors
/// If the outbox cannot be read. A mail that cannot be sent is none: it is tried again later.
pub async fn send_due(state: AppState, deadline: Instant) -> Result<(), db::Error> {
    let Some(accounts) = state.accounts else { return Ok(()) };
    let Some(mail) = accounts.mail.clone() else { return Ok(()) };
    Worker { accounts, mail, deadline }.run().await
}

/// One run of the job.
#[derive(Clone)]
struct Worker {
    accounts: Arc<Accounts>,
    mail: Mail,
    deadline: Instant,
}

impl Worker {
    async fn run(self) -> Result<(), db::Error> {
        let (mut waiting, mut sending) = (VecDeque::new(), JoinSet::new());
        let mut are_more = true;
        loop {
            if waiting.is_empty() && are_more && self.has_time() {
                waiting = self.lease().await?.into();
                are_more = !waiting.is_empty();
            }
            while sending.len() < AT_ONCE && self.has_time() {
                let Some((row, lease)) = waiting.pop_front() else { break };
                let worker = self.clone();
                sending.spawn(async move { worker.deliver(&row, lease).await });
            }
            if sending.is_empty() {
                break;
            }
            sending.join_next().await;
        }
        for (row, lease) in waiting {
            self.give_back(&row, lease).await;
        }
        Ok(())
    }

    fn has_time(&self) -> bool {
        self.deadline.saturating_duration_since(monotonic()) > LEAST
    }

    /// Takes some mails that are due. They are this process's for as long as it may be sending them.
    async fn lease(&self) -> Result<Vec<(Leased, Lease)>, db::Error> {
        let now = self.accounts.clock.now();
        let left = self.deadline.saturating_duration_since(monotonic());
        let until = now + TimeDelta::from_std(left).unwrap_or(TimeDelta::zero()) + LEASE_MARGIN;
        let lease = Lease { id: Uuid::new_v4(), until };
        let rows = repository::lease(&self.accounts.database, lease, now).await?;
        Ok(rows.into_iter().map(|row| (row, lease)).collect())
    }

    /// Sends one mail, and records what became of it. If that cannot be recorded, the lease ends by itself and the mail is sent
    /// again: rather twice than never.
    async fn deliver(&self, row: &Leased, lease: Lease) {
        let now = self.accounts.clock.now();
        let outcome = self.send(row, now).await;
        let recorded = match outcome {
            Ok(was_sent) => {
                if was_sent {
                    info!(mail_id = %row.id, kind = kind(row), attempts = row.attempts, "A mail was sent");
                }
                repository::delete(&self.accounts.database, row.id, lease).await
            }
            Err(SendError::Transient(cause)) if now - row.created_at < GIVE_UP => {
                let pause = pause(row.attempts);
                let seconds = pause.num_seconds();
                warn!(
                    mail_id = %row.id, kind = kind(row), attempts = row.attempts, seconds, cause = chain(&*cause),
                    "A mail could not be sent; it is tried again"
                );
                let next = (now + pause, row.attempts);
                repository::postpone(&self.accounts.database, row.id, lease, next).await
            }
            Err(SendError::Transient(cause) | SendError::Permanent(cause)) => {
                error!(
                    mail_id = %row.id, kind = kind(row), attempts = row.attempts, cause = chain(&*cause),
                    "A mail was given up"
                );
                repository::delete(&self.accounts.database, row.id, lease).await
            }
        };
        if let Err(error) = recorded {
            warn!(mail_id = %row.id, cause = chain(&error), "What became of a mail could not be recorded");
        }
    }

    /// Sends the mail of a row; `false` if there is nothing to be sent.
    async fn send(&self, row: &Leased, now: DateTime<Utc>) -> Result<bool, SendError> {
        let contents = contents::of(&self.accounts, &self.mail, row, now).await;
        let outgoing = match contents {
            Ok(Some(outgoing)) => outgoing,
            Ok(None) => return Ok(false),
            Err(contents::Error::Send(error)) => return Err(error),
            Err(error) => return Err(SendError::Transient(error.into())),
        };
        let limit = self.deadline.min(monotonic() + SEND_LIMIT);
        match timeout_at(limit.into(), self.mail.sender().send(outgoing)).await {
            Ok(sent) => sent.map(|()| true),
            Err(elapsed) => Err(SendError::Transient(Cause::from(elapsed))),
        }
    }

    /// Lets others send a mail for which there is no time.
    async fn give_back(&self, row: &Leased, lease: Lease) {
        let next = (self.accounts.clock.now(), row.attempts.saturating_sub(1));
        let given = repository::postpone(&self.accounts.database, row.id, lease, next).await;
        if let Err(error) = given {
            debug!(mail_id = %row.id, cause = chain(&error), "A mail stays leased until the lease ends");
        }
    }
}

fn kind(row: &Leased) -> &'static str {
    row.kind.map_or("unknown", super::Kind::as_str)
}

/// The pause after so many attempts: twice as long each time.
fn pause(attempts: u32) -> TimeDelta {
    let factor = 1_i32 << attempts.saturating_sub(1).min(16);
    (FIRST_PAUSE * factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_double_from_a_quarter_of_a_minute_to_an_hour() {
        let seconds: Vec<_> = [1, 2, 3, 8, 9, 10, 1000].map(|attempts| pause(attempts).num_seconds()).into();
        assert_eq!(seconds, [15, 30, 60, 1920, 3600, 3600, 3600]);
    }
}
