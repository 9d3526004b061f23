//! Statements that have been sent are finished, and connections that are being made, even if their caller is dropped.
//!
//! A client that hangs up drops the future of its request. A connection that is in the middle of a statement cannot be
//! used again until the answer has been read, and one that is half made cannot be used at all: instead of closing it, the
//! rest becomes a task of its own, which ends at the request's deadline at the latest.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::time::{Timeout, timeout_at};

use super::error::{Error, Outage};

/// Runs a future to its end or to the deadline, even if this one is dropped.
pub(super) async fn finish<F>(deadline: Instant, future: F) -> Result<F::Output, Error>
where
    F: Future<Output: Send> + Send + 'static,
{
    InFlight(Some(Box::pin(timeout_at(deadline.into(), future))))
        .await
        .ok_or_else(|| Error::unavailable(Outage::TimedOut, "no answer within the request's time"))
}

/// Boxed, because the rest of it must be movable to a task.
struct InFlight<F>(Option<Pin<Box<Timeout<F>>>>)
where
    F: Future<Output: Send> + Send + 'static;

impl<F> Future for InFlight<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = self.0.as_mut() else { return Poll::Ready(None) };
        let output = ready!(future.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(output.ok())
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
