//! The last step of every response: problems become bodies, and the headers of all responses are set.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::{error, warn};

use super::problem::Problem;
use super::request_id::X_REQUEST_ID;
use crate::error_chain::chain;

/// Renders the problem that a response carries, if any, and adds the headers that every response has.
pub(crate) fn render(mut response: Response, id: HeaderValue) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        log_cause(&problem);
        let body = problem.body(id.to_str().unwrap_or_default());
        *response.body_mut() = Json(body).into_response().into_body();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // Set for the empty body that the problem came with.
        headers.remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Personal data or a momentary state, unless the handler says otherwise.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn log_cause(problem: &Problem) {
    let cause = problem.cause().map(chain);
    match problem.status() {
        StatusCode::INTERNAL_SERVER_ERROR => error!(code = problem.code(), cause, "Internal error"),
        StatusCode::SERVICE_UNAVAILABLE => warn!(code = problem.code(), cause, "Service unavailable"),
        _ => {}
    }
}
