//! The job that sends what is in the outbox.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::FromRef;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{interval_at, sleep, timeout_at};
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use super::leases::{self, Lease, Leased, Unreadable};
use super::places::{Place, Places};
use super::sender::{Cause, SendError};
use super::{Asked, Kind, Mail, contents, repository};
use crate::accounts;
use crate::addresses;
use crate::app_state::{Accounts, AppState};
use crate::clock::monotonic;
use crate::db;
use crate::error_chain::chain;
use crate::metrics;

/// How long one may take. A server that takes longer has not promised anything yet (RFC 5321, section 4.5.3.2 allows it
/// minutes, and whoever waits for it holds up others).
const SEND_LIMIT: Duration = Duration::from_secs(20);
/// No attempt begins with less time than this until the end of the run.
pub(super) const MIN_REMAINING: Duration = Duration::from_secs(3);
/// How long before the end of the run an attempt ends, so that what became of it can be recorded.
const RECORDING_RESERVE: Duration = Duration::from_secs(1);
/// A lease outlasts its run by this much, for the clocks of several machines differ.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(30);
/// How often mails that become due are looked for while others are being sent.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// When a mail that cannot be sent is given up.
const MAX_AGE: TimeDelta = TimeDelta::hours(24);
/// The pauses between attempts.
const INITIAL_DELAY: TimeDelta = TimeDelta::seconds(15);
const MAX_DELAY: TimeDelta = TimeDelta::hours(1);

/// Sends every mail that is due, until there is none or the time is over.
///
/// # Errors
/// If the outbox cannot be read. A mail that cannot be sent is none: it is tried again later.
pub async fn send_due(state: AppState, deadline: Instant) -> Result<(), db::Error> {
    let Some(accounts) = state.accounts else { return Ok(()) };
    let Some(mail) = accounts.mail.clone() else { return Ok(()) };
    let sender = mail.sender();
    let places = Places::new(sender.at_once(), sender.may_wait_for_recipients());
    let resolving = Arc::new(Semaphore::new(RESOLVED_AT_ONCE));
    Worker { accounts, mail, places, resolving, deadline }.run().await
}

/// How many links that were asked for are looked into at once. Anybody can ask for them, and what that costs the database must not
/// slow down those who ask for something else.
const RESOLVED_AT_ONCE: usize = 2;
/// How long the next one waits after one whose mail has no place: it would not be sent sooner, either.
const RESOLVING_PAUSE: Duration = Duration::from_millis(25);
/// With more mails than these that wait for a place, no others are leased.
const MAX_WAITING: usize = 64;

/// What somebody needs to begin: a place, or a permit to find out whose the place is to be.
enum Start {
    Sending(Place),
    Resolving(OwnedSemaphorePermit),
}

/// Mails that are leased and wait for a place.
type Waiting = VecDeque<(Leased, Lease)>;

/// One run of the job.
#[derive(Clone)]
struct Worker {
    accounts: Arc<Accounts>,
    mail: Mail,
    places: Places,
    /// Permits to find out who is meant by a link that was asked for.
    resolving: Arc<Semaphore>,
    deadline: Instant,
}

impl Worker {
    async fn run(self) -> Result<(), db::Error> {
        let (mut waiting, mut sending) = (Waiting::new(), JoinSet::new());
        let (mut may_be_more, mut outcome) = (true, Ok(()));
        let (mut left_out, mut asked_left_out) = (Vec::<String>::new(), false);
        let mut ticks = interval_at((monotonic() + POLL_INTERVAL).into(), POLL_INTERVAL);
        loop {
            self.begin(&mut waiting, &mut sending);
            let has_room = self.places.are_free() && waiting.len() <= MAX_WAITING;
            let asked_waits = waiting.iter().any(|(row, _)| matches!(row.kind, Some(Kind::Asked(_))));
            may_be_more |= asked_left_out && !asked_waits;
            may_be_more |= left_out.iter().any(|domain| self.places.are_free_for(domain));
            if may_be_more && has_room && outcome.is_ok() && self.has_time() {
                (left_out, asked_left_out) = (self.places.full(), asked_waits);
                // What is being sent is finished even if the outbox cannot be read.
                (may_be_more, outcome) = match self.lease(&mut waiting, &left_out, !asked_waits).await {
                    Ok(taken) => (taken > 0, Ok(())),
                    Err(error) => (false, Err(error)),
                };
                continue;
            }
            if sending.is_empty() {
                break;
            }
            // A mail that takes long must not hold up those that come, or become due, meanwhile.
            select! {
                _ = sending.join_next() => {}
                () = self.mail.woken() => may_be_more = true,
                _ = ticks.tick() => may_be_more = true,
            }
        }
        for (row, lease) in waiting {
            self.give_back(&row, lease).await;
        }
        if metrics::is_enabled() && outcome.is_ok() && self.has_time() {
            self.count_waiting().await?;
        }
        outcome
    }

    /// Begins to send what waits and has a place.
    fn begin(&self, waiting: &mut Waiting, sending: &mut JoinSet<()>) {
        while self.has_time() {
            let Some((row, lease, start)) = self.next(waiting) else { break };
            let worker = self.clone();
            sending.spawn(async move { worker.deliver(row, lease, start).await });
        }
    }

    /// The first that can begin. What is only asked for needs no place: to which domain it goes is found out first.
    fn next(&self, waiting: &mut Waiting) -> Option<(Leased, Lease, Start)> {
        let (index, start) = waiting.iter().enumerate().find_map(|(index, (row, _))| {
            let start = match row.kind {
                Some(Kind::Asked(_)) => {
                    Arc::clone(&self.resolving).try_acquire_owned().ok().map(Start::Resolving)
                }
                _ => self.places.take(&row.recipient).map(Start::Sending),
            };
            Some((index, start?))
        })?;
        waiting.remove(index).map(|(row, lease)| (row, lease, start))
    }

    /// Counts what has to wait. Not when somebody scrapes: that would let scrapers occupy the database.
    async fn count_waiting(&self) -> Result<(), db::Error> {
        let (waiting, oldest) = repository::waiting(&self.accounts.database).await?;
        metrics::MAILS_WAITING.set(waiting);
        metrics::OLDEST_MAIL.set(oldest);
        Ok(())
    }

    fn has_time(&self) -> bool {
        self.deadline.saturating_duration_since(monotonic()) > MIN_REMAINING
    }

    /// Takes some mails that are due, none of them to a domain that is left out, and what was asked for unless that is left out, and
    /// says how many. They are this process's for as long as it may be sending them.
    async fn lease(
        &self,
        waiting: &mut Waiting,
        left_out: &[String],
        with_asked: bool,
    ) -> Result<usize, db::Error> {
        let now = self.accounts.clock.now();
        let left = self.deadline.saturating_duration_since(monotonic());
        let until = now + TimeDelta::from_std(left).unwrap_or(TimeDelta::zero()) + LEASE_MARGIN;
        let lease = Lease { id: Uuid::new_v4(), until };
        let rows = leases::lease(&self.accounts.database, lease, (left_out, with_asked), now).await?;
        let taken = rows.len();
        for row in rows {
            match row {
                Ok(row) => waiting.push_back((row, lease)),
                Err(unreadable) => self.drop_unreadable(&unreadable, lease).await,
            }
        }
        Ok(taken)
    }

    /// Deletes a row that is none of a mail. If that fails, the next run comes upon it again.
    async fn drop_unreadable(&self, row: &Unreadable, lease: Lease) {
        let mail_id = hexadecimal(&row.id);
        metrics::MAILS_GIVEN_UP.count();
        error!(mail_id, cause = chain(&row.cause), "A mail could not be read; it was given up");
        if let Err(error) = leases::delete(&self.accounts.database, &row.id, lease).await {
            warn!(mail_id, cause = chain(&error), "What became of a mail could not be recorded");
        }
    }

    /// Sends one mail, and records what became of it. If that cannot be recorded, the lease ends by itself and the mail is sent
    /// again: rather twice than never.
    async fn deliver(&self, mut row: Leased, lease: Lease, start: Start) {
        let now = self.accounts.clock.now();
        let outcome = match self.settle(&mut row, lease, now).await {
            Ok(()) => {
                let _place = match start {
                    Start::Sending(place) => Some(place),
                    Start::Resolving(permit) => match self.places.take(&row.recipient) {
                        // To nobody nothing is sent.
                        None if row.user.is_some() => {
                            self.give_back(&row, lease).await;
                            sleep(RESOLVING_PAUSE).await;
                            return drop(permit);
                        }
                        place => place,
                    },
                };
                self.send(&row, now).await
            }
            Err(error) => Err(SendError::Transient(error.into())),
        };
        let row = &row;
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
        let Some(asked) = Asked::of(row, lease) else { return Ok(()) };
        let kind = asked.kind;
        let lifetime = TimeDelta::from_std(self.mail.link(kind).lifetime).unwrap_or(TimeDelta::MAX);
        // Whoever asked has given up by then, and a link that comes unawares only frightens.
        let is_late = now - row.created_at >= lifetime.min(MAX_AGE);
        let to =
            if is_late { None } else { addresses::Service::from_ref(&self.accounts).answer(&asked).await? };
        let (user, email) = to.unzip();
        row.kind = Some(Kind::Link(kind));
        row.user = user;
        row.recipient = email.unwrap_or_default();
        Ok(())
    }

    /// Whether mails to the address of a row have come back. It is asked here and not by who asks for a mail, so that the same
    /// is done for everybody.
    async fn is_undeliverable(&self, row: &Leased) -> Result<bool, db::Error> {
        let Some(user) = row.user else { return Ok(false) };
        addresses::is_undeliverable(&self.accounts.database, user, &row.recipient).await
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
        let contents = contents::of(&self.accounts, &self.mail, row, now).await;
        let outgoing = match contents {
            Ok(Some(outgoing)) => outgoing,
            Ok(None) => return Ok(false),
            Err(contents::Error::Send(error)) => return Err(error),
            Err(error) => return Err(SendError::Transient(error.into())),
        };
        let last = self.deadline.checked_sub(RECORDING_RESERVE).unwrap_or(self.deadline);
        let limit = last.min(monotonic() + SEND_LIMIT);
        match timeout_at(limit.into(), self.mail.sender().send(outgoing)).await {
            Ok(sent) => sent.map(|()| true),
            Err(elapsed) => Err(SendError::Transient(Cause::from(elapsed))),
        }
    }

    /// Leaves a mail for which there is no time, or no place, where it was in the queue.
    async fn give_back(&self, row: &Leased, lease: Lease) {
        if let Err(error) = leases::give_back(&self.accounts.database, row.id, lease).await {
            debug!(mail_id = %row.id, cause = chain(&error), "A mail stays leased until the lease ends");
        }
    }
}

fn kind(row: &Leased) -> &'static str {
    row.kind.map_or("unknown", Kind::as_str)
}

/// The octets of an id that is no UUID.
fn hexadecimal(id: &[u8]) -> String {
    let digits = id.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
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
