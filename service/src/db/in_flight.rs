//! Statements that have been sent are finished, and connections that are being made, even if their caller is dropped.
//!
//! A client that hangs up drops the future of its request. A connection that is in the middle of a statement cannot be
//! used again until the answer has been read, and one that is half made cannot be used at all: instead of closing it, the
//! rest becomes a task of its own, which ends at the request's deadline at the latest.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep_until, timeout_at};

use super::error::{Error, Outage};

/// Runs a future to its end or to the deadline, even if this one is dropped.
///
/// It is boxed at once: the futures of the drivers are large, and one that waits for others is as large as the largest.
pub(super) fn finish<F>(deadline: Instant, future: F) -> InFlight<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    InFlight { future: Some(Box::pin(future)), deadline, timer: None }
}

/// A future that becomes a task if it is dropped, which a box makes it movable to.
///
/// The timer has a box of its own: it is aligned to cache lines, which the allocator is slow at for what is larger. What ends at once
/// needs none.
pub(super) struct InFlight<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    future: Option<Pin<Box<F>>>,
    deadline: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<F> Future for InFlight<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = Result<F::Output, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(future) = &mut this.future {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                this.future = None;
                return Poll::Ready(Ok(output));
            }
            let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(this.deadline.into())));
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            this.future = None;
        }
        Poll::Ready(Err(Error::unavailable(Outage::TimedOut, "no answer within the request's time")))
    }
}

impl<F> Drop for InFlight<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(future) = self.future.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(timeout_at(self.deadline.into(), future));
        }
    }
}
