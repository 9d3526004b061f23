//! Problem details (RFC 9457): the one form of every error answer.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::field::FieldError;

/// An error answer before it is rendered.
///
/// As a response it carries no body yet: the edge of the request adds the request id, logs the cause and renders it.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem with a stable code for programs and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after: None, cause: None }
    }

    /// 422: these fields of the request cannot be accepted.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let summary: Vec<String> =
            errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", summary.join("; ")).with_errors(errors)
    }

    /// 500: a fault of the service. The client learns nothing but the request id.
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

    /// 503: something that the service depends on is away for now.
    pub fn unavailable(
        code: &'static str,
        detail: &'static str,
        retry_after: Duration,
        cause: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self {
            retry_after: Some(retry_after),
            cause: Some(Arc::new(cause)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
        }
    }

    /// Names the fields at fault.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// The HTTP status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// When trying again is worth it.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The stable code.
    pub(super) const fn code(&self) -> &'static str {
        self.code
    }

    /// What lies behind it, for the log alone.
    pub(super) fn cause(&self) -> Option<&dyn Error> {
        self.cause.as_deref().map(|cause| cause as &dyn Error)
    }

    /// The answer's body.
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
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
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
    /// For input errors: every field at fault.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
}

/// The answer to a path that does not exist.
pub async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "route_not_found",
        "Nothing is here; GET /openapi.json lists the paths",
    )
}

/// The answer to a method that a path does not have; the router adds `Allow`.
pub async fn method_not_allowed() -> Problem {
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
pub(super) fn broken_body() -> Problem {
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
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body must be at most 1 MiB")
}

/// 415: the body is not sent as JSON.
#[must_use]
pub fn unsupported_media_type() -> Problem {
    let detail = "Send the body as application/json, without content coding";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

/// 503: the time that the platform gives a request is nearly over.
pub(crate) fn out_of_time() -> Problem {
    Problem {
        retry_after: Some(Duration::from_secs(1)),
        ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "out_of_time", "The request took too long")
    }
}
