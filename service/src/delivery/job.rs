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
use crate::mail::Outbox;
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

/// When to look into the outbox again.
struct Look {
    /// Whether there may be mails in it that this run has not seen.
    may_be_more: bool,
    /// The domains that were left out at the last look, and whether requests were.
    left_out: Vec<String>,
    requests_left_out: bool,
    /// Not before.
    earliest: Instant,
}

impl Look {
    fn first() -> Self {
        Self { may_be_more: true, left_out: Vec::new(), requests_left_out: false, earliest: monotonic() }
    }

    /// Whether something that was left out could be begun.
    fn is_worth_it(&self, places: &Places, requests_wait: bool) -> bool {
        self.may_be_more
            || (self.requests_left_out && !requests_wait)
            || self.left_out.iter().any(|domain| places.are_free_for(domain))
    }
}

impl Worker {
    async fn run(self) -> Result<(), db::Error> {
        let (mut waiting, mut sending) = (Waiting::new(), JoinSet::new());
        let (mut look, mut outcome) = (Look::first(), Ok(()));
        let mut ticks = interval_at((monotonic() + POLL_INTERVAL).into(), POLL_INTERVAL);
        loop {
            self.begin(&mut waiting, &mut sending);
            let has_room = self.places.are_free() && waiting.len() <= MAX_WAITING;
            let requests_wait = waiting.iter().any(|mail| mail.row.is_request());
            let may_look = look.is_worth_it(&self.places, requests_wait)
                && has_room
                && outcome.is_ok()
                && self.has_time();
            if may_look && monotonic() >= look.earliest {
                // What is being sent is finished even if the outbox cannot be read.
                outcome = self.lease(&mut waiting, &mut look, requests_wait).await;
                continue;
            }
            if sending.is_empty() && !may_look {
                break;
            }
            // A mail that takes long must not hold up those that come, or become due, meanwhile.
            select! {
                ended = sending.join_next(), if !sending.is_empty() => {
                    waiting.extend(ended.and_then(Result::ok).flatten());
                }
                () = self.outbox.woken() => look.may_be_more = true,
                _ = ticks.tick() => look.may_be_more = true,
                () = sleep_until(look.earliest.into()), if may_look => {}
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
            let start = if row.is_request() {
                Arc::clone(&self.resolving).try_acquire_owned().ok().map(Start::Resolving)
            } else {
                self.places.take(&row.recipient).map(Start::Sending)
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

    /// Takes some mails that are due, but for those to domains that have all their places, and requests unless some wait. They are
    /// this process's for as long as it may be sending them.
    async fn lease(
        &self,
        waiting: &mut Waiting,
        look: &mut Look,
        requests_wait: bool,
    ) -> Result<(), db::Error> {
        let now = self.accounts.clock.now();
        let left = self.deadline.saturating_duration_since(monotonic());
        let until = now + TimeDelta::from_std(left).unwrap_or(TimeDelta::zero()) + LEASE_MARGIN;
        let lease = Lease { id: Uuid::new_v4(), until };
        *look = Look {
            may_be_more: false,
            left_out: self.places.full(),
            requests_left_out: requests_wait,
            earliest: monotonic() + LEASE_INTERVAL,
        };
        let wanted = (&*look.left_out, !requests_wait);
        let rows = leases::lease(&self.accounts.database, lease, wanted, now).await?;
        look.may_be_more = !rows.is_empty();
        for row in rows {
            match row {
                Ok(row) => waiting.push_back(Pending { row, lease, kept: None }),
                Err(unreadable) => self.drop_unreadable(&unreadable, lease).await,
            }
        }
        Ok(())
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
