//! What a thread for hashes does for somebody who waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use tokio::sync::oneshot;

use super::memory::Memory;

/// What a computation takes, as against the hash of a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// About as much.
    Ordinary,
    /// Much more time or memory, or it cannot be told.
    High,
}

/// A computation, whatever comes out of it.
pub(super) trait Task: Send {
    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool;

    fn cost(&self) -> Cost;

    fn run(self: Box<Self>, memory: &mut Memory);
}

/// Some work, and where what comes out of it goes.
pub(super) struct Computation<T, W> {
    pub(super) cost: Cost,
    pub(super) work: W,
    pub(super) reply: oneshot::Sender<thread::Result<T>>,
}

impl<T: Send, W: FnOnce(&mut Memory) -> T + Send> Task for Computation<T, W> {
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn cost(&self) -> Cost {
        self.cost
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        let Self { work, reply, .. } = *self;
        // It may be that nobody waits for it any more.
        let _ = reply.send(catch_unwind(AssertUnwindSafe(|| work(memory))));
    }
}
