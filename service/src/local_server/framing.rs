//! Heads that the parser accepts and HTTP/1.1 does not: another server could interpret them differently (request
//! smuggling).

use axum::http::{Request, StatusCode, Version, header};

use crate::http::Problem;

/// The problem with the head of a request, if there is one.
pub(super) fn problem<B>(request: &Request<B>) -> Option<Problem> {
    let (mut hosts, mut content_types, mut codings, mut is_chunked) = (0, 0, 0, true);
    for (name, value) in request.headers() {
        if name == header::HOST {
            hosts += 1;
        } else if name == header::CONTENT_TYPE {
            content_types += 1;
        } else if name == header::TRANSFER_ENCODING {
            codings += 1;
            is_chunked &= value.as_bytes().eq_ignore_ascii_case(b"chunked");
        }
    }
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Some(invalid_host());
    }
    if content_types > 1 {
        return Some(repeated_content_type());
    }
    (!is_chunked || codings > 1).then(unsupported_transfer_coding)
}

/// 400: not one `Host` (RFC 9112 section 3.2).
fn invalid_host() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_host", "Send exactly one Host header")
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
