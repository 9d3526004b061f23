//! The edge of a request, the one layer around every route: the request's id, its log lines, its deadline, and the
//! rendering of problems.

use std::borrow::Cow;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tokio::time::{Sleep, sleep_until};
use tower::{Layer, Service};

use super::access_log::AccessLog;
use super::path_params::segments;
use super::problem::{Problem, not_found, out_of_time, uri_too_long};
use super::render::render;
use super::request_id::request_id;
use crate::clock::monotonic;
use crate::request_context::RequestContext;
use crate::trace_parent::TraceParent;

/// The longest path and query: three times what API Gateway lets through, half of what a URI here can hold.
pub(crate) const MAX_TARGET: usize = 32 << 10;

/// When the platform needs the answer at the latest, as a request extension.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlatformDeadline(pub(crate) Instant);

/// The problem with a request that must not reach a route, as a request extension: the edge answers it.
#[derive(Debug, Clone)]
pub(crate) struct Refused(pub(crate) Problem);

/// Puts the [`Edge`] around a route.
#[derive(Debug, Clone, Copy)]
pub struct EdgeLayer;

impl<S> Layer<S> for EdgeLayer {
    type Service = Edge<S>;

    fn layer(&self, route: S) -> Edge<S> {
        Edge { route }
    }
}

/// A route with its request's id and deadline, its log lines, and rendered problems.
#[derive(Debug, Clone)]
pub struct Edge<S> {
    route: S,
}

impl<S> Service<Request> for Edge<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = TaskLocalFuture<RequestContext, ResponseFuture<S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let id = request_id(&request);
        let deadline = request.extensions().get().map(|&PlatformDeadline(deadline)| deadline);
        let refused = request.extensions_mut().remove().map(|Refused(problem)| problem);
        let refused = refused.or_else(|| refuse_target(request.uri())).or_else(|| refuse_late(deadline));
        let route = request.extensions().get().filter(|_| refused.is_none()).cloned();
        let log = AccessLog::new(request.method().clone(), request.uri().clone(), route);
        let context = RequestContext::new(id.to_str().unwrap_or_default().to_owned(), deadline);
        let context = context.within(TraceParent::of(request.headers()));
        context.scope(ResponseFuture {
            route: refused.is_none().then(|| self.route.call(request)),
            deadline: deadline.map(|deadline| sleep_until(deadline.into())),
            refused,
            id,
            log,
        })
    }
}

/// A path with dot segments is not found: a proxy in front of the service may resolve it to another path than the router.
fn refuse_target(uri: &Uri) -> Option<Problem> {
    if uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET) {
        return Some(uri_too_long());
    }
    segments(uri.path()).any(is_dot_segment).then(not_found)
}

/// Nothing is begun that could not be answered in time.
fn refuse_late(deadline: Option<Instant>) -> Option<Problem> {
    deadline.is_some_and(|deadline| deadline <= monotonic()).then(out_of_time)
}

fn is_dot_segment(segment: &str) -> bool {
    segment.starts_with(['.', '%'])
        && segment.len() <= "%2e%2e".len()
        && [&b"."[..], b".."].contains(&&*Cow::from(percent_decode_str(segment)))
}

pin_project! {
    /// The future of a response on its way through the edge.
    pub struct ResponseFuture<F> {
        #[pin]
        route: Option<F>,
        #[pin]
        deadline: Option<Sleep>,
        refused: Option<Problem>,
        id: HeaderValue,
        log: AccessLog,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for ResponseFuture<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.log.begin();
        let response = match this.refused.take() {
            Some(problem) => problem.into_response(),
            None => ready!(poll_route(this.route, this.deadline, context)),
        };
        let id = std::mem::replace(this.id, const { HeaderValue::from_static("") });
        let response = render(response, id);
        this.log.answered(&response);
        Poll::Ready(Ok(response))
    }
}

/// Polls the deadline first: the statements of a request end at the same time, and which error they report then is
/// unpredictable.
fn poll_route<F: Future<Output = Result<Response, Infallible>>>(
    route: Pin<&mut Option<F>>,
    deadline: Pin<&mut Option<Sleep>>,
    context: &mut Context<'_>,
) -> Poll<Response> {
    if deadline.as_pin_mut().is_some_and(|deadline| deadline.poll(context).is_ready()) {
        return Poll::Ready(out_of_time().into_response());
    }
    let Some(route) = route.as_pin_mut() else { return Poll::Pending };
    match catch_unwind(AssertUnwindSafe(|| route.poll(context))) {
        Ok(answer) => answer.map(|Ok(response)| response),
        // The panic itself has been logged by the hook that `telemetry` sets.
        Err(_) => Poll::Ready(Problem::internal(Panicked).into_response()),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

#[cfg(test)]
mod tests;
