//! The request that the current task works for: its id and its deadline.
//!
//! The edge sets it as a task-local. Log lines take the id from it and the database takes the deadline, so that neither
//! has to be passed through every call.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::task::futures::TaskLocalFuture;

use crate::clock::monotonic;
use crate::trace_parent::TraceParent;

/// How long all statements of a request may take together, including retries and waiting for connections, counted from
/// the first one. The body has arrived by then.
pub const WORK_LIMIT: Duration = Duration::from_secs(8);

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// What is known of the request that a task works for.
#[derive(Debug)]
pub struct RequestContext {
    id: String,
    /// The trace that its caller says it is part of.
    trace: Option<TraceParent>,
    /// When the platform ends the request, if it does.
    platform_deadline: Option<Instant>,
    /// Set by the first statement.
    deadline: Cell<Option<Instant>>,
}

impl RequestContext {
    /// A request with this id, which the platform ends at a certain time, or never.
    #[must_use]
    pub const fn new(id: String, platform_deadline: Option<Instant>) -> Self {
        Self { id, trace: None, platform_deadline, deadline: Cell::new(None) }
    }

    /// The same as part of this trace.
    #[must_use]
    pub const fn within(mut self, trace: Option<TraceParent>) -> Self {
        self.trace = trace;
        self
    }

    fn deadline(&self) -> Instant {
        let deadline = self.deadline.get().unwrap_or_else(|| {
            let own = monotonic() + WORK_LIMIT;
            self.platform_deadline.map_or(own, |platform| own.min(platform))
        });
        self.deadline.set(Some(deadline));
        deadline
    }

    /// Runs a future that works for this request.
    pub fn scope<F: Future>(self, future: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, future)
    }
}

/// Runs what has to be done for the current request even if its time is up, in so much time of its own.
pub(crate) fn beyond_the_deadline<F: Future>(
    time: Duration,
    future: F,
) -> TaskLocalFuture<RequestContext, F> {
    let (id, trace) = CURRENT.try_with(|context| (context.id.clone(), context.trace)).unwrap_or_default();
    let deadline = Cell::new(Some(monotonic() + time));
    RequestContext { id, trace, platform_deadline: None, deadline }.scope(future)
}

/// Calls a function with the id of the current request; `None` outside a request.
pub fn with_request_id<T>(mut function: impl FnMut(Option<&str>) -> T) -> T {
    CURRENT.try_with(|context| function(Some(&context.id))).unwrap_or_else(|_| function(None))
}

/// The trace that the current request is part of.
#[must_use]
pub fn trace_parent() -> Option<TraceParent> {
    CURRENT.try_with(|context| context.trace).ok().flatten()
}

/// Until when the statements of the current request may go on; outside a request [`WORK_LIMIT`] from now.
#[must_use]
pub fn deadline() -> Instant {
    CURRENT.try_with(RequestContext::deadline).unwrap_or_else(|_| monotonic() + WORK_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(platform_deadline: Option<Instant>) -> RequestContext {
        RequestContext::new("some-id".to_owned(), platform_deadline)
    }

    #[tokio::test]
    async fn the_id_is_known_inside_and_nowhere_else() {
        let id = || with_request_id(|id| id.map(str::to_owned));
        assert_eq!(context(None).scope(async { id() }).await.as_deref(), Some("some-id"));
        assert_eq!(id(), None);
    }

    #[tokio::test]
    async fn all_statements_of_a_request_share_one_deadline() {
        let (first, second) = context(None)
            .scope(async {
                let first = deadline();
                tokio::time::sleep(Duration::from_millis(2)).await;
                (first, deadline())
            })
            .await;
        assert_eq!(first, second);
    }

    #[tokio::test]
    async fn the_platform_may_end_a_request_sooner() {
        let platform = monotonic() + Duration::from_secs(1);
        assert_eq!(context(Some(platform)).scope(async { deadline() }).await, platform);
    }
}
