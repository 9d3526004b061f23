//! The job that sends what is in the outbox.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{interval_at, sleep_until};
use tracing::{debug, error, warn};
use uuid::Uuid;

use super::leases::{self, Lease, Leased, Unreadable};
use super::places::{Place, Places};
use super::repository;
use crate::app_state::{Accounts, AppState};
use crate::clock::monotonic;
use crate::db;
use crate::error_chain::chain;
use crate::mail::{Kind, Outbox};
use crate::metrics;

/// No attempt begins with less time than this until the end of the run.
pub(super) const MIN_REMAINING: Duration = Duration::from_secs(3);
/// A lease outlasts its run by this much, for the clocks of several machines differ.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(30);
/// How often mails that become due are looked for while others are being sent.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long after a lease the next one is taken. Everybody who adds a mail wakes the job, and one lease is enough for many of them.
const LEASE_INTERVAL: Duration = Duration::from_millis(25);
/// How many links that were asked for are looked into at once. Anybody can ask for them, and what that costs the database must not
/// slow down those who ask for something else.
const RESOLVED_AT_ONCE: usize = 2;
/// With more mails than these that wait for a place, no others are leased.
const MAX_WAITING: usize = 64;

/// Sends every mail that is due, until there is none or the time is over.
///
/// # Errors
/// If the outbox cannot be read. A mail that cannot be sent is none: it is tried again later.
pub async fn send_due(state: AppState, deadline: Instant) -> Result<(), db::Error> {
    let Some(accounts) = state.accounts else { return Ok(()) };
    let Some(outbox) = accounts.outbox.clone() else { return Ok(()) };
    let places = Places::new(outbox.at_once(), outbox.may_wait_for_recipients());
    let resolving = Arc::new(Semaphore::new(RESOLVED_AT_ONCE));
    let keeping = Arc::new(Semaphore::new(outbox.at_once()));
    Worker { accounts, outbox, places, resolving, keeping, deadline }.run().await
}

/// What somebody needs to begin: a place, or a permit to find out whose the place is to be.
pub(super) enum Start {
    Sending(Place),
    Resolving(OwnedSemaphorePermit),
}

/// A mail that is leased and waits for a place.
pub(super) struct Pending {
    pub(super) row: Leased,
    pub(super) lease: Lease,
    /// The permit to be kept although it had to be found out first that there is no place.
    pub(super) kept: Option<OwnedSemaphorePermit>,
}

type Waiting = VecDeque<Pending>;

/// One run of the job.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) accounts: Arc<Accounts>,
    pub(super) outbox: Outbox,
    pub(super) places: Places,
    /// Permits to find out who is meant by a link that was asked for.
    resolving: Arc<Semaphore>,
    /// Permits to wait for a place that were requested by anybody. As many as are sent at once are enough to begin whenever there is one.
    pub(super) keeping: Arc<Semaphore>,
    pub(super) deadline: Instant,
}

impl Worker {
    async fn run(self) -> Result<(), db::Error> {
        let (mut waiting, mut sending) = (Waiting::new(), JoinSet::new());
        let (mut may_be_more, mut outcome) = (true, Ok(()));
        let (mut left_out, mut asked_left_out) = (Vec::<String>::new(), false);
        let mut next_lease = monotonic();
        let mut ticks = interval_at((monotonic() + POLL_INTERVAL).into(), POLL_INTERVAL);
        loop {
            self.begin(&mut waiting, &mut sending);
            let has_room = self.places.are_free() && waiting.len() <= MAX_WAITING;
            let asked_waits = waiting.iter().any(|mail| matches!(mail.row.kind, Some(Kind::Requested(_))));
            may_be_more |= asked_left_out && !asked_waits;
            may_be_more |= left_out.iter().any(|domain| self.places.are_free_for(domain));
            let may_lease = may_be_more && has_room && outcome.is_ok() && self.has_time();
            if may_lease && monotonic() >= next_lease {
                next_lease = monotonic() + LEASE_INTERVAL;
                (left_out, asked_left_out) = (self.places.full(), asked_waits);
                // What is being sent is finished even if the outbox cannot be read.
                (may_be_more, outcome) = match self.lease(&mut waiting, &left_out, !asked_waits).await {
                    Ok(taken) => (taken > 0, Ok(())),
                    Err(error) => (false, Err(error)),
                };
                continue;
            }
            if sending.is_empty() && !may_lease {
                break;
            }
            // A mail that takes long must not hold up those that come, or become due, meanwhile.
            select! {
                ended = sending.join_next(), if !sending.is_empty() => waiting.extend(ended.and_then(Result::ok).flatten()),
                () = self.outbox.woken() => may_be_more = true,
                _ = ticks.tick() => may_be_more = true,
                () = sleep_until(next_lease.into()), if may_lease => {}
            }
        }
        for mail in waiting {
            self.give_back(&mail.row, mail.lease).await;
        }
        if metrics::is_enabled() && outcome.is_ok() && self.has_time() {
            self.count_waiting().await?;
        }
        outcome
    }

    /// Begins to send what waits and has a place.
    fn begin(&self, waiting: &mut Waiting, sending: &mut JoinSet<Option<Pending>>) {
        while self.has_time() {
            let Some((mail, start)) = self.next(waiting) else { break };
            let worker = self.clone();
            sending.spawn(async move { worker.deliver(mail, start).await });
        }
    }

    /// The first that can begin. What is only asked for needs no place: to which domain it goes is found out first.
    fn next(&self, waiting: &mut Waiting) -> Option<(Pending, Start)> {
        let (index, start) = waiting.iter().enumerate().find_map(|(index, Pending { row, .. })| {
            let start = match row.kind {
                Some(Kind::Requested(_)) => {
                    Arc::clone(&self.resolving).try_acquire_owned().ok().map(Start::Resolving)
                }
                _ => self.places.take(&row.recipient).map(Start::Sending),
            };
            Some((index, start?))
        })?;
        waiting.remove(index).map(|mail| (mail, start))
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
                Ok(row) => waiting.push_back(Pending { row, lease, kept: None }),
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

    /// Leaves a mail for which there is no time, or no place, where it was in the queue.
    pub(super) async fn give_back(&self, row: &Leased, lease: Lease) {
        if let Err(error) = leases::give_back(&self.accounts.database, row.id, lease).await {
            debug!(mail_id = %row.id, cause = chain(&error), "A mail stays leased until the lease ends");
        }
    }
}

/// The octets of an id that is no UUID.
fn hexadecimal(id: &[u8]) -> String {
    let digits = id.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
