//! Heads that the parser accepts and HTTP/1.1 does not: another server could interpret them differently (request
//! smuggling).

use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request, StatusCode, Version, header};

use crate::http::Problem;

/// The problem with the head of a request, if there is one.
pub(super) fn problem<B>(request: &Request<B>) -> Option<Problem> {
    let (mut hosts, mut content_types, mut codings) = (0, 0, 0);
    let (mut is_host, mut is_chunked) = (true, true);
    for (name, value) in request.headers() {
        if name == header::HOST {
            hosts += 1;
            is_host &= is_authority(value);
        } else if name == header::CONTENT_TYPE {
            content_types += 1;
        } else if name == header::TRANSFER_ENCODING {
            codings += 1;
            is_chunked &= value.as_bytes().eq_ignore_ascii_case(b"chunked");
        }
    }
    if !is_host || hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Some(invalid_host());
    }
    if content_types > 1 {
        return Some(repeated_content_type());
    }
    (!is_chunked || codings > 1).then(unsupported_transfer_coding)
}

/// Whether a `Host` is a host, perhaps with a port (RFC 9110 section 7.2). It is empty where the target has no authority.
fn is_authority(value: &HeaderValue) -> bool {
    let is_valid = |host: &str| host.is_empty() || (!host.contains('@') && host.parse::<Authority>().is_ok());
    value.to_str().is_ok_and(is_valid)
}

/// 400: not one valid `Host` (RFC 9112 section 3.2).
fn invalid_host() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid_host",
        "Send exactly one Host header, with a host and perhaps a port",
    )
}

/// 400: more than one `Content-Type`.
fn repeated_content_type() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "repeated_content_type", "Send at most one Content-Type header")
}

/// 501: an unknown transfer coding (RFC 9112 section 6.1).
fn unsupported_transfer_coding() -> Problem {
    let detail = "The only transfer coding that is understood here is chunked";
    Problem::new(StatusCode::NOT_IMPLEMENTED, "unsupported_transfer_coding", detail)
}
