//! Where hashes are computed: on threads of their own, so many at once, and after a short queue none.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::error;

use super::busy::Busy;
use super::memory::{Kept, Memory};

/// How many may wait for each that is computed: at 15 ms a hash the last waits for a quarter of a second.
const WAITING: usize = 16;

pub(super) struct Queue {
    /// For those that wait and those that are computed.
    places: Arc<Semaphore>,
    /// For those that are computed, in the order in which they came.
    turns: Arc<Semaphore>,
    /// For imported hashes that need more memory than is kept, one at a time.
    large: Arc<Semaphore>,
    memory_of_one: u32,
    kept: Arc<Kept>,
}

impl Queue {
    /// Computes so many at once, each in so many blocks of kept memory.
    pub(super) fn new(at_once: NonZeroUsize, memory_of_one: u32) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self {
            places: semaphore(at_once.get() * (1 + WAITING)),
            turns: semaphore(at_once.get()),
            large: semaphore(1),
            memory_of_one,
            kept: Arc::new(Kept::new(memory_of_one as usize)),
        }
    }

    /// Computes what needs so much memory, in KiB. Whoever drops the future while it waits has left the queue; a
    /// computation that has begun is finished.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        memory: u32,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let large = if memory > self.memory_of_one { Some(acquire(&self.large).await?) } else { None };
        let turn = acquire(&self.turns).await?;
        let (reply, answer) = oneshot::channel();
        let kept = Arc::clone(&self.kept);
        let thread = thread::Builder::new().name("hash".to_owned()).spawn(move || {
            let mut memory = kept.take();
            let result = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
            // Nobody waits until the memory is wiped.
            let _ = reply.send(result);
            kept.give_back(memory);
            drop((turn, large, place));
        });
        if let Err(error) = thread {
            error!(error = &error as &dyn std::error::Error, "no thread for a password hash");
            return Err(Busy);
        }
        match answer.await {
            Ok(Ok(value)) => Ok(value),
            // As if it had been computed here.
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Busy),
        }
    }
}

#[cfg(test)]
impl Queue {
    /// How many more could come now.
    pub(super) fn free_places(&self) -> usize {
        self.places.available_permits()
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Busy> {
    // It is never closed.
    Arc::clone(semaphore).acquire_owned().await.map_err(|_| Busy)
}

#[cfg(test)]
mod tests;
