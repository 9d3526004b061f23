//! One attempt at one mail: what a requested link comes to, sending, and recording what became of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout_at};
use tracing::{error, info, warn};

use super::contents;
use super::job::{Pending, Start, Worker};
use super::leases::{self, Lease, Leased};
use super::request::LinkRequest;
use super::room::Room;
use crate::accounts;
use crate::addresses;
use crate::clock::monotonic;
use crate::db;
use crate::error_chain::chain;
use crate::mail::{Cause, Kind, LinkKind, SendError};
use crate::metrics;

/// How long one may take. A server that takes longer has not promised anything yet (RFC 5321, section 4.5.3.2 allows it
/// minutes, and whoever waits for it holds up others).
const SEND_LIMIT: Duration = Duration::from_secs(20);
/// How long before the end of the run an attempt ends, so that what became of it can be recorded.
const RECORDING_RESERVE: Duration = Duration::from_secs(1);
/// How long the next request waits after one whose mail was given back.
const RESOLVING_PAUSE: Duration = Duration::from_millis(50);
/// When a mail that cannot be sent is given up.
const MAX_AGE: TimeDelta = TimeDelta::hours(24);
/// The pauses between attempts.
const INITIAL_DELAY: TimeDelta = TimeDelta::seconds(15);
const MAX_DELAY: TimeDelta = TimeDelta::hours(1);

impl Worker {
    /// Sends one mail, and records what became of it. If that cannot be recorded, the lease ends by itself and the mail is sent
    /// again: rather twice than never. What was requested is resolved first, and returned if there is no place for it.
    pub(super) async fn deliver(&self, mail: Pending, start: Start) -> Option<Pending> {
        let Pending { mut row, lease, kept } = mail;
        drop(kept);
        let now = self.accounts.clock.now();
        let outcome = match start {
            Start::Sending(_place) => self.send(&row, now).await,
            Start::Resolving(permit) => match self.settle(&mut row, lease, now).await {
                Ok(()) => match self.places.take(&row.recipient) {
                    // To nobody nothing is sent.
                    None if row.user.is_some() => return self.keep(row, lease, permit).await,
                    _place => {
                        drop(permit);
                        self.send(&row, now).await
                    }
                },
                Err(error) => Err(SendError::Transient(error.into())),
            },
        };
        self.record(&row, lease, outcome, now).await;
        None
    }

    /// Keeps a mail until there is a place for it, or gives it back if too many are kept. The next request waits then, because its
    /// mail would not be sent sooner.
    async fn keep(&self, row: Leased, lease: Lease, resolving: OwnedSemaphorePermit) -> Option<Pending> {
        let kept = Arc::clone(&self.keeping).try_acquire_owned().ok();
        if kept.is_some() {
            return Some(Pending { row, lease, kept });
        }
        self.give_back(&row, lease).await;
        sleep(RESOLVING_PAUSE).await;
        drop(resolving);
        None
    }

    /// Records what became of a mail.
    async fn record(&self, row: &Leased, lease: Lease, outcome: Result<bool, SendError>, now: DateTime<Utc>) {
        let recorded = match outcome {
            Ok(was_sent) => {
                if was_sent {
                    metrics::MAILS_SENT.count();
                    info!(mail_id = %row.id, kind = kind(row), attempts = row.attempts, "A mail was sent");
                }
                leases::delete(&self.accounts.database, row.id.as_bytes(), lease).await
            }
            Err(SendError::Transient(cause)) if now - row.created_at < MAX_AGE => {
                let pause = pause(row.attempts);
                let seconds = pause.num_seconds();
                metrics::MAILS_POSTPONED.count();
                warn!(
                    mail_id = %row.id, kind = kind(row), attempts = row.attempts, seconds, cause = chain(&*cause),
                    "A mail could not be sent; it is tried again"
                );
                let next = (now + pause, row.attempts);
                leases::postpone(&self.accounts.database, row.id, lease, next).await
            }
            Err(SendError::Transient(cause) | SendError::Permanent(cause)) => {
                metrics::MAILS_GIVEN_UP.count();
                error!(
                    mail_id = %row.id, kind = kind(row), attempts = row.attempts, cause = chain(&*cause),
                    "A mail was given up"
                );
                leases::delete(&self.accounts.database, row.id.as_bytes(), lease).await
            }
        };
        if let Err(error) = recorded {
            warn!(mail_id = %row.id, cause = chain(&error), "What became of a mail could not be recorded");
        }
    }

    /// Finds out who is meant by a link that was asked for. Afterwards the row is that of a mail, which need not go to anybody.
    async fn settle(
        &self,
        row: &mut Leased,
        lease: Lease,
        now: DateTime<Utc>,
    ) -> Result<(), accounts::Error> {
        let Some(request) = LinkRequest::of(row, lease) else { return Ok(()) };
        let kind = request.kind;
        // Whoever asked has given up by then, and a link that comes unawares only frightens.
        let to = if self.is_late(kind, row, now) { None } else { request.resolve(&self.accounts).await? };
        let (user, email) = to.unzip();
        row.kind = Some(Kind::Link(kind));
        row.user = user;
        row.recipient = email.unwrap_or_default();
        Ok(())
    }

    /// Whether a link that was asked for with this row has expired since.
    fn is_late(&self, kind: LinkKind, row: &Leased, now: DateTime<Utc>) -> bool {
        now - row.created_at >= self.outbox.lifetime(kind).min(MAX_AGE)
    }

    /// Whether a row was tried in vain for as long as its link was valid.
    fn has_outlived_its_link(&self, row: &Leased, now: DateTime<Utc>) -> bool {
        matches!(row.kind, Some(Kind::Link(kind)) if row.attempts > 1 && self.is_late(kind, row, now))
    }

    /// Whether mails to the address of a row have come back. It is asked here and not by who asks for a mail, so that the same
    /// is done for everybody.
    async fn is_undeliverable(&self, row: &Leased) -> Result<bool, db::Error> {
        addresses::is_undeliverable(&self.accounts.database, &row.recipient).await
    }

    /// Sends the mail of a row; `false` if there is nothing to be sent.
    async fn send(&self, row: &Leased, now: DateTime<Utc>) -> Result<bool, SendError> {
        // While releases replace each other, the one that wrote it runs too, and knows how to send it.
        if row.kind.is_none() {
            return Err(SendError::Transient("its kind is of another release".into()));
        }
        // A link expires by itself; a notice that comes days later, after the job was off, only frightens.
        if matches!(row.kind, Some(Kind::Notice(_))) && now - row.created_at >= MAX_AGE {
            return Err(SendError::Permanent(
                format!("it is older than {} hours", MAX_AGE.num_hours()).into(),
            ));
        }
        if self.is_undeliverable(row).await.map_err(|error| SendError::Transient(error.into()))? {
            metrics::MAILS_UNDELIVERABLE.count();
            info!(mail_id = %row.id, kind = kind(row), "A mail was dropped: its address cannot be reached");
            return Ok(false);
        }
        let room =
            Room::take(&self.accounts, row).await.map_err(|error| SendError::Transient(error.into()))?;
        let Some(mut room) = room else {
            info!(mail_id = %row.id, kind = kind(row), "A mail was dropped: its recipient has had too many");
            return Ok(false);
        };
        let outcome = self.send_counted(row, &mut room, now).await;
        // One that is tried again is the same mail, also if the server has taken it and its answer was lost.
        if !matches!(outcome, Ok(true)) {
            room.give_back().await;
        }
        outcome
    }

    /// The same for a mail that the recipient may get.
    async fn send_counted(
        &self,
        row: &Leased,
        room: &mut Room,
        now: DateTime<Utc>,
    ) -> Result<bool, SendError> {
        let contents = contents::of(&self.accounts, &self.outbox, row, room, now).await;
        let outgoing = match contents {
            Ok(Some(outgoing)) => outgoing,
            Ok(None) if self.has_outlived_its_link(row, now) => {
                return Err(SendError::Permanent("its link has expired".into()));
            }
            Ok(None) => return Ok(false),
            Err(contents::Error::Send(error)) => return Err(error),
            Err(error) => return Err(SendError::Transient(error.into())),
        };
        let last = self.deadline.checked_sub(RECORDING_RESERVE).unwrap_or(self.deadline);
        let limit = last.min(monotonic() + SEND_LIMIT);
        match timeout_at(limit.into(), self.outbox.send(outgoing)).await {
            Ok(sent) => sent.map(|()| true),
            Err(elapsed) => Err(SendError::Transient(Cause::from(elapsed))),
        }
    }
}

fn kind(row: &Leased) -> &'static str {
    row.kind.map_or("unknown", Kind::as_str)
}

/// The pause after so many attempts: twice as long each time.
fn pause(attempts: u32) -> TimeDelta {
    let factor = 1_i32 << attempts.saturating_sub(1).min(16);
    (INITIAL_DELAY * factor).min(MAX_DELAY)
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
