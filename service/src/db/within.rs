//! A time limit whose timer is made when there is something to wait for, and has a box of its own.
//!
//! A timer of tokio is aligned to cache lines. In a future it makes that as well aligned, and every future around it: they are larger
//! then, and the allocator is slow at what is aligned so.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

/// What a future comes to; `None` if the deadline passes first.
pub(super) const fn within<F: Future>(deadline: Instant, future: F) -> Within<F> {
    Within { future, deadline, timer: None }
}

pin_project! {
    /// A future with a deadline.
    pub(super) struct Within<F> {
        #[pin]
        future: F,
        deadline: Instant,
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(context) {
            return Poll::Ready(Some(output));
        }
        let deadline = *this.deadline;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        timer.as_mut().poll(context).map(|()| None)
    }
}
