//! Where hashes are computed: on threads of their own, so many at once, and after a short queue none.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;
use tracing::error;

use super::busy::Busy;
use super::computation::{Computation, Task};
use super::memory::Memory;
use crate::clock::monotonic;
use crate::metrics;

/// How many may wait for each that is computed: at 15 ms a hash the last waits for a quarter of a second.
const WAITING: usize = 16;

/// How many may wait that need more memory than is kept: one after another, they must not take the places of all others.
const LARGE_WAITING: usize = 4;

/// A thread goes on to what waits. It ends, with its memory wiped, when there is nothing.
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    at_once: usize,
    /// In KiB.
    memory_of_one: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In the order in which they came.
    waiting: VecDeque<Box<dyn Task>>,
    /// How many are being computed.
    begun: usize,
    /// How many threads there are, each with a memory.
    threads: usize,
    /// Whether one of them computes an imported hash that needs more memory than is kept: one does at a time.
    has_large: bool,
    /// The memories that no thread has, all wiped. The last that came back is the first that is used again, so that there are
    /// no more than ever were in use at once.
    kept: Vec<Memory>,
}

impl Queue {
    /// Computes so many at once, each in so much kept memory, in KiB.
    pub(super) fn new(at_once: NonZeroUsize, memory_of_one: u32) -> Self {
        Self(Arc::new(Shared { at_once: at_once.get(), memory_of_one, state: Mutex::default() }))
    }

    /// Computes what needs so much memory, in KiB. Whoever drops the future while it waits has left the queue; a
    /// computation that has begun is finished.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        memory: u32,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        let is_large = memory > self.0.memory_of_one;
        // Before whoever waits for it goes on, and is done.
        let work = move |memory: &mut Memory| {
            let start = monotonic();
            let value = work(memory);
            metrics::HASH_TIME.add(start.elapsed());
            value
        };
        let enqueued = self.0.enqueue(Box::new(Computation { is_large, work, reply }));
        enqueued.inspect_err(|Busy| metrics::HASH_REFUSALS.count())?;
        match answer.await {
            Ok(Ok(value)) => Ok(value),
            // As if it had been computed here.
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => Err(Busy),
        }
    }
}

impl Shared {
    fn enqueue(self: &Arc<Self>, task: Box<dyn Task>) -> Result<(), Busy> {
        let mut state = self.lock();
        if self.free_places(&mut state) == 0 || (task.is_large() && state.large_waiting() >= LARGE_WAITING) {
            return Err(Busy);
        }
        state.waiting.push_back(task);
        if state.threads == self.at_once {
            return Ok(());
        }
        let (shared, memory) = (Arc::clone(self), state.kept.pop().unwrap_or_default());
        match thread::Builder::new().name("hash".to_owned()).spawn(move || shared.compute(memory)) {
            Ok(_) => state.threads += 1,
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "no thread for a password hash");
                if state.threads == 0 {
                    state.waiting.pop_back();
                    return Err(Busy);
                }
            }
        }
        Ok(())
    }

    /// What a thread does.
    fn compute(&self, mut memory: Memory) {
        while let Some(task) = self.next(&mut memory) {
            let is_large = task.is_large();
            task.run(&mut memory);
            if is_large {
                // Given back to the system.
                memory = Memory::default();
            }
            let mut state = self.lock();
            state.begun -= 1;
            state.has_large &= !is_large;
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
        state.waiting.retain(|task| task.is_wanted());
        (self.at_once * (1 + WAITING)).saturating_sub(state.begun + state.waiting.len())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn large_waiting(&self) -> usize {
        self.waiting.iter().filter(|task| task.is_large()).count()
    }

    /// The first that somebody still waits for and that may begin.
    fn next(&mut self) -> Option<Box<dyn Task>> {
        self.waiting.retain(|task| task.is_wanted());
        let place = self.waiting.iter().position(|task| !(task.is_large() && self.has_large))?;
        let task = self.waiting.remove(place)?;
        self.has_large |= task.is_large();
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
