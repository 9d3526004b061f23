//! Problem details (RFC 9457): the one form of every error response.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::field::FieldError;

/// An error response before it is rendered.
///
/// As a response it carries no body yet: the edge of the request adds the request id, logs the cause and renders it.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem with a stable code for programs and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), headers: Vec::new(), cause: None }
    }

    /// 422: these fields of the request cannot be accepted.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let summary: Vec<String> =
            errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", summary.join("; ")).with_errors(errors)
    }

    /// 500: an internal error. The client learns nothing but the request id.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self {
            cause: Some(Arc::new(cause)),
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "An internal error; quote the request_id",
            )
        }
    }

    /// 503: something that the service depends on is unavailable.
    pub fn unavailable(
        code: &'static str,
        detail: &'static str,
        retry_after: Duration,
        cause: impl Error + Send + Sync + 'static,
    ) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).with_retry_after(retry_after);
        Self { cause: Some(Arc::new(cause)), ..problem }
    }

    /// Lists the invalid fields.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// Adds a header to the response, beside others of that name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)))
    }

    /// The HTTP status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The names of the headers that the response has besides those of every response.
    pub(crate) fn header_names(&self) -> impl Iterator<Item = &HeaderName> {
        self.headers.iter().map(|(name, _)| name)
    }

    /// The stable code.
    pub(super) const fn code(&self) -> &'static str {
        self.code
    }

    /// Its cause, for the log only.
    pub(super) fn cause(&self) -> Option<&dyn Error> {
        self.cause.as_deref().map(|cause| cause as &dyn Error)
    }

    /// The response's body.
    pub(crate) fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            errors: &self.errors,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in &self.headers {
            response.headers_mut().append(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Vec<FieldError>> for Problem {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::invalid(errors)
    }
}

/// An error, as problem details (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Always `about:blank`: `code` tells the problems apart.
    #[serde(rename = "type")]
    #[schema(examples("about:blank"))]
    kind: &'static str,
    /// The name of the status.
    #[schema(examples("Conflict"))]
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, examples(409))]
    status: u16,
    /// What happened, for people.
    #[schema(examples("Username already exists"))]
    detail: &'a str,
    /// What happened, for programs; stable.
    #[schema(examples("username_taken"))]
    code: &'static str,
    /// The same as in `x-request-id`; the log has it too.
    #[schema(examples("6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51"))]
    request_id: &'a str,
    /// For input errors: every invalid field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
}

/// 404: the path does not exist.
#[must_use]
pub fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "route_not_found",
        "Nothing is here; GET /openapi.json lists the paths",
    )
}

/// 404: no user has the id in the path.
#[must_use]
pub fn user_not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "user_not_found", "User not found")
}

/// 405: the path does not have this method; the router adds `Allow`.
#[must_use]
pub fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path does not have this method; the Allow header lists those it has",
    )
}

/// 400: the body is not JSON.
#[must_use]
pub fn malformed_json(line: usize, column: usize) -> Problem {
    let detail = format!("The body is not JSON in UTF-8; see line {line}, column {column}");
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}

/// 400: the body ended before its announced length, or its chunks are wrong.
pub(crate) fn broken_body() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "broken_body", "The body ended early or was framed wrongly")
}

/// 408: the body takes too long to arrive.
#[must_use]
pub fn body_too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "The body did not arrive within 20 seconds")
}

/// 413: the body is too large.
#[must_use]
pub fn body_too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body must be at most 64 KiB")
}

/// 414: the target of the request is too long.
pub(crate) fn uri_too_long() -> Problem {
    Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", "The path and the query must be at most 32 KiB")
}

/// 415: the body is not sent as JSON.
#[must_use]
pub fn unsupported_media_type() -> Problem {
    let detail = "Send the body as application/json, without content coding";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

/// 503: the bodies that are being read use up all the memory for them.
pub(super) fn server_busy() -> Problem {
    let detail = "Too many requests are being received at once";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "server_busy", detail)
        .with_retry_after(Duration::from_secs(1))
}

/// 503: the time that the platform gives a request is nearly over.
pub(crate) fn out_of_time() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "out_of_time", "The request took too long")
        .with_retry_after(Duration::from_secs(1))
}
