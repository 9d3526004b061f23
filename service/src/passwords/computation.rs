//! What a thread for hashes does for somebody who waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use tokio::sync::oneshot;

use super::memory::Memory;

/// A computation, whatever comes out of it.
pub(super) trait Task: Send {
    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool;

    /// Whether it needs more memory than is kept.
    fn is_large(&self) -> bool;

    fn run(self: Box<Self>, memory: &mut Memory);
}

/// Some work, and where what comes out of it goes.
pub(super) struct Computation<T, W> {
    pub(super) is_large: bool,
    pub(super) work: W,
    pub(super) reply: oneshot::Sender<thread::Result<T>>,
}

impl<T: Send, W: FnOnce(&mut Memory) -> T + Send> Task for Computation<T, W> {
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn is_large(&self) -> bool {
        self.is_large
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        let Self { work, reply, .. } = *self;
        // It may be that nobody waits for it any more.
        let _ = reply.send(catch_unwind(AssertUnwindSafe(|| work(memory))));
    }
}
