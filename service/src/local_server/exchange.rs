//! The state of a connection, as far as it can be observed from outside hyper.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::refusal::Refusal;

/// Every request is answered, and nothing of the next one has arrived.
const IDLE: u8 = 0;
/// A head is arriving.
const RECEIVING: u8 = 1;
/// The service is handling a request, or hyper has not yet taken the whole answer.
const ANSWERING: u8 = 2;
/// hyper has the whole answer and has not yet written all of it.
const WRITING: u8 = 3;

/// The state of a connection. Only the connection's own task changes it, but for `discarding`.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    state: AtomicU8,
    discarding: AtomicBool,
    refusal: OnceLock<Refusal>,
}

impl Exchange {
    /// The service has been given a request.
    pub(super) fn begin(&self) {
        self.state.store(ANSWERING, Ordering::Relaxed);
        self.discarding.store(false, Ordering::Relaxed);
    }

    /// hyper has taken the whole answer.
    pub(super) fn answered(&self) {
        self.state.store(WRITING, Ordering::Relaxed);
    }

    /// Everything that hyper had to write is written.
    pub(super) fn flushed(&self) {
        self.advance(WRITING, IDLE);
    }

    /// Something has been read.
    pub(super) fn received(&self) {
        self.advance(IDLE, RECEIVING);
    }

    /// What is read from here on, up to the next request, is discarded.
    pub(super) fn discard(&self) {
        self.discarding.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_discarding(&self) -> bool {
        self.discarding.load(Ordering::Relaxed)
    }

    /// Whether a head is arriving.
    pub(super) fn is_receiving(&self) -> bool {
        self.state.load(Ordering::Relaxed) == RECEIVING
    }

    /// Whether what hyper writes now is an answer of its own.
    pub(super) fn is_between_answers(&self) -> bool {
        self.state.load(Ordering::Relaxed) <= RECEIVING
    }

    /// hyper refuses the head of a request.
    pub(super) fn refuse(&self, refusal: Refusal) {
        let _ = self.refusal.set(refusal);
    }

    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.get()
    }

    fn advance(&self, from: u8, to: u8) {
        if self.state.load(Ordering::Relaxed) == from {
            self.state.store(to, Ordering::Relaxed);
        }
    }
}
