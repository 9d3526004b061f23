//! Where hashes are computed: on threads of their own, so many at once, and after a short queue none.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::error;

use super::busy::Busy;
use super::computation::{Computation, Cost, Task};
use super::memory::Memory;
use crate::clock::monotonic;
use crate::error_chain::chain;
use crate::metrics;

/// How many may wait for each that is computed: at 15 ms a hash the last waits for a quarter of a second.
const MAX_QUEUED: usize = 16;

/// How many of high cost may wait: one after another, they must not take the places of all others.
const MAX_COSTLY_QUEUED: usize = 4;

/// How long anything may wait before it begins. Whoever is told to come again can be told something; whoever waits goes away.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(2);

/// A thread goes on to what waits. It ends, with its memory wiped, when there is nothing.
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    at_once: usize,
    /// How much memory a thread keeps, in KiB.
    kept_by_one: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In the order in which they came, each with its number.
    waiting: VecDeque<(u64, Box<dyn Task>)>,
    /// How many have come.
    came: u64,
    /// How many are being computed.
    begun: usize,
    /// How many threads there are, each with a memory.
    threads: usize,
    /// Whether one of them computes something of high cost: one does at a time, and the others go on with what is ordinary.
    has_costly: bool,
    /// The memories that no thread has, all wiped. The last that came back is the first that is used again, so that there are
    /// no more than ever were in use at once.
    kept: Vec<Memory>,
}

impl Queue {
    /// Computes so many at once, each in so much kept memory, in KiB.
    pub(super) fn new(at_once: NonZeroUsize, kept_by_one: u32) -> Self {
        let kept_by_one = kept_by_one as usize;
        Self(Arc::new(Shared { at_once: at_once.get(), kept_by_one, state: Mutex::default() }))
    }

    /// Computes something. Whoever drops the future while it waits has left the queue, and so has whoever waits for two seconds; a
    /// computation that has begun is finished.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        cost: Cost,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let ran = self.run_within(QUEUE_TIMEOUT, cost, work).await;
        ran.inspect_err(|Busy| metrics::HASH_REFUSALS.count())
    }

    async fn run_within<T: Send + 'static>(
        &self,
        patience: Duration,
        cost: Cost,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (reply, mut answer) = oneshot::channel();
        // Before whoever waits for it goes on, and is done.
        let work = move |memory: &mut Memory| {
            let start = monotonic();
            let value = work(memory);
            metrics::HASH_TIME.add(start.elapsed());
            value
        };
        let number = self.0.enqueue(Box::new(Computation { cost, work, reply }))?;
        let answer = match timeout(patience, &mut answer).await {
            Ok(answer) => answer,
            Err(_) if self.0.leave(number) => return Err(Busy),
            Err(_) => answer.await,
        };
        match answer {
            Ok(Ok(value)) => Ok(value),
            // As if it had been computed here.
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => Err(Busy),
        }
    }
}

impl Shared {
    /// Returns the number of what waits now.
    fn enqueue(self: &Arc<Self>, task: Box<dyn Task>) -> Result<u64, Busy> {
        let mut state = self.lock();
        let is_costly = task.cost() == Cost::High;
        if self.free_places(&mut state) == 0 || (is_costly && state.costly_waiting() >= MAX_COSTLY_QUEUED) {
            return Err(Busy);
        }
        let number = state.came;
        state.came += 1;
        state.waiting.push_back((number, task));
        if state.threads == self.at_once {
            return Ok(number);
        }
        let (shared, memory) = (Arc::clone(self), state.kept.pop().unwrap_or_default());
        match thread::Builder::new().name("hash".to_owned()).spawn(move || shared.compute(memory)) {
            Ok(_) => state.threads += 1,
            Err(error) => {
                error!(cause = chain(&error), "A thread for password hashes could not be started");
                if state.threads == 0 {
                    state.waiting.pop_back();
                    return Err(Busy);
                }
            }
        }
        Ok(number)
    }

    /// Takes out what waits; `false` if it has begun, or is done.
    fn leave(&self, number: u64) -> bool {
        let waiting = &mut self.lock().waiting;
        let place = waiting.iter().position(|(waits, _)| *waits == number);
        place.and_then(|place| waiting.remove(place)).is_some()
    }

    /// What a thread does.
    fn compute(&self, mut memory: Memory) {
        while let Some(task) = self.next(&mut memory) {
            let cost = task.cost();
            task.run(&mut memory);
            memory.give_back_above(self.kept_by_one);
            let mut state = self.lock();
            state.begun -= 1;
            state.has_costly &= cost == Cost::Ordinary;
        }
    }

    /// The next task for a thread. If there is none, its memory is wiped, and kept unless somebody has come meanwhile. A memory that
    /// goes from one task to the next is not: every block that the next one reads, it has written before.
    fn next(&self, memory: &mut Memory) -> Option<Box<dyn Task>> {
        if let Some(task) = self.lock().next() {
            return Some(task);
        }
        memory.wipe();
        let mut state = self.lock();
        let task = state.next();
        if task.is_none() {
            state.threads -= 1;
            state.kept.push(std::mem::take(memory));
        }
        task
    }

    /// How many more may come now. Those who have gone away take none.
    fn free_places(&self, state: &mut State) -> usize {
        state.waiting.retain(|(_, task)| task.is_wanted());
        (self.at_once * (1 + MAX_QUEUED)).saturating_sub(state.begun + state.waiting.len())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn costly_waiting(&self) -> usize {
        self.waiting.iter().filter(|(_, task)| task.cost() == Cost::High).count()
    }

    /// The first that somebody still waits for and that may begin.
    fn next(&mut self) -> Option<Box<dyn Task>> {
        self.waiting.retain(|(_, task)| task.is_wanted());
        let may_begin = |task: &dyn Task| task.cost() == Cost::Ordinary || !self.has_costly;
        let place = self.waiting.iter().position(|(_, task)| may_begin(&**task))?;
        let (_, task) = self.waiting.remove(place)?;
        self.has_costly |= task.cost() == Cost::High;
        self.begun += 1;
        Some(task)
    }
}

#[cfg(test)]
impl Queue {
    /// How many more could come now.
    pub(super) fn free_places(&self) -> usize {
        self.0.free_places(&mut self.0.lock())
    }

    fn threads(&self) -> usize {
        self.0.lock().threads
    }
}

#[cfg(test)]
mod tests;
