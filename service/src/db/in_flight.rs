//! Statements that have been sent are finished, and connections that are being made, even if their caller is dropped.
//!
//! A client that hangs up drops the future of its request. A connection that is in the middle of a statement cannot be
//! used again until the answer has been read, and one that is half made cannot be used at all: instead of closing it, the
//! rest becomes a task of its own, which ends at the request's deadline at the latest.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::runtime::Handle;

use super::error::{Error, Outage};
use super::within::{Within, within};

/// Runs a future to its end or to the deadline, even if this one is dropped.
///
/// It is boxed at once: the futures of the drivers are large, and one that waits for others is as large as the largest.
pub(super) fn finish<F>(deadline: Instant, future: F) -> InFlight<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    InFlight(Some(within(deadline, Box::pin(future))))
}

/// A future that becomes a task if it is dropped, which a box makes it movable to.
pub(super) struct InFlight<F>(Option<Within<Pin<Box<F>>>>)
where
    F: Future<Output: Send> + Send + 'static;

impl<F> Future for InFlight<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = Result<F::Output, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let output = match &mut self.0 {
            Some(future) => ready!(Pin::new(future).poll(context)),
            None => None,
        };
        self.0 = None;
        let timed_out = || Error::unavailable(Outage::TimedOut, "no answer within the request's time");
        Poll::Ready(output.ok_or_else(timed_out))
    }
}

impl<F> Drop for InFlight<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(future) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(future);
        }
    }
}
