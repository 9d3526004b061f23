//! The edge of a request: its id, its log lines, and the rendering of problems.

use std::any::Any;
use std::error::Error;

use axum::Json;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use tracing::{error, info, warn};

use super::body;
use super::problem::Problem;
use super::request_id::{X_REQUEST_ID, request_id};
use crate::clock::monotonic;
use crate::request_context::RequestContext;
use crate::telemetry::excerpt;

/// Gives the request an id, logs it and its answer, and renders a problem. The outermost layer of the router.
pub async fn edge(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let context = RequestContext::new(id.clone(), None);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let work = async move {
        let start = monotonic();
        let method = request.method().clone();
        // A path may come with raw characters that turn text around or move a terminal's cursor.
        let path = excerpt(utf8_percent_encode(request.uri().path(), CONTROLS));
        // Of a target of its own: the response's line in JSON says it all.
        info!(target: "request", "Request: {method} {path}");
        let response = render(next.run(body::buffer(request).await).await, &id);
        let status = response.status();
        info!(
            method = method.as_str(),
            path,
            route,
            status = status.as_u16(),
            duration_ms = start.elapsed().as_secs_f64() * 1e3,
            "Response: {} {}",
            status.as_str(),
            status.canonical_reason().unwrap_or_default()
        );
        response
    };
    context.scope(work).await
}

/// Turns a panic into a problem. The panic itself has been logged by the hook that `telemetry` sets.
#[must_use]
pub fn on_panic(_: Box<dyn Any + Send>) -> Response {
    Problem::internal(Panicked).into_response()
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

/// Renders the problem that a response carries, if it does, and adds the headers that every answer has.
pub(crate) fn render(mut response: Response, id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        log_cause(&problem);
        let body = Json(problem.body(id)).into_response().into_body();
        *response.body_mut() = body;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // Set for the empty body that the problem came with.
        headers.remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Users' data, or a state of the moment.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn log_cause(problem: &Problem) {
    let Some(cause) = problem.cause() else { return };
    let chain = chain(cause);
    if problem.status() == StatusCode::INTERNAL_SERVER_ERROR {
        error!(code = problem.code(), cause = chain, "Internal error");
    } else {
        warn!(code = problem.code(), cause = chain, "Service unavailable");
    }
}

/// An error and what lies behind it, in one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let inner = error.to_string();
        if !text.ends_with(&inner) {
            text.push_str(": ");
            text.push_str(&inner);
        }
        source = error.source();
    }
    text
}
