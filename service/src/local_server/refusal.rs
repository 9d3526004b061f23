//! Heads that the parser refuses: their answers and their log lines. hyper answers them itself, without a body.

use axum::http::{HeaderValue, StatusCode};
use hyper::Error;
use tracing::{debug, info};

use crate::http::{Problem, new_request_id, uri_too_long};

/// How a head was refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    request_id: HeaderValue,
}

/// hyper's own answer with a problem document as its body; `None` if it is not one of the known answers.
pub(super) fn with_problem(answer: &[u8]) -> Option<(Refusal, String)> {
    const NO_BODY: &str = "content-length: 0\r\n";
    let answer = str::from_utf8(answer).ok()?;
    // hyper answers in the version of the request before.
    let line = answer.strip_prefix("HTTP/1.1 ").or_else(|| answer.strip_prefix("HTTP/1.0 "))?;
    let status = line.get(..3)?.parse().ok()?;
    let problem = problem(status)?;
    let (before, after) = answer.split_once(NO_BODY)?;
    let request_id = new_request_id();
    let id = request_id.to_str().ok()?;
    let body = serde_json::to_string(&problem.body(id)).ok()?;
    let length = body.len();
    let answer = format!(
        "{before}content-type: application/problem+json\r\ncontent-length: {length}\r\nx-request-id: {id}\r\n\
         x-content-type-options: nosniff\r\ncache-control: no-store\r\n{after}{body}"
    );
    Some((Refusal { status, request_id }, answer))
}

fn problem(status: StatusCode) -> Option<Problem> {
    match status {
        StatusCode::BAD_REQUEST => {
            Some(Problem::new(status, "malformed_request", "The request line or a header is malformed"))
        }
        StatusCode::URI_TOO_LONG => Some(uri_too_long()),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            let detail = "The request line and the headers must be at most 64 KiB and 100 headers";
            Some(Problem::new(status, "header_fields_too_large", detail))
        }
        _ => None,
    }
}

/// Logs why a connection ended, with the refusal that hyper wrote, if it did, and whether the head of a request was
/// arriving. Only refused and slow heads are logged above DEBUG: clients come and go.
pub(super) fn log_end(error: &Error, refusal: Option<&Refusal>, is_receiving: bool) {
    if error.is_parse() {
        info!(
            cause = %error,
            status = refusal.map(|refusal| refusal.status.as_u16()),
            request_id = refusal.and_then(|refusal| refusal.request_id.to_str().ok()),
            "A request was refused before it was read"
        );
    } else if error.is_timeout() && is_receiving {
        info!("A connection was closed because the head of a request took too long to arrive");
    } else {
        debug!(%error, "A connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_hypers_gets_a_body() {
        let head = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n";
        let answer = format!("{head}content-length: 0\r\ndate: x\r\n\r\n");
        let (refusal, answer) = with_problem(answer.as_bytes()).unwrap();
        assert_eq!(refusal.status, 431);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
        assert!(head.ends_with("\r\ndate: x"), "{head}");
        assert!(body.contains(refusal.request_id.to_str().unwrap()), "{body}");
    }

    #[test]
    fn the_version_is_that_of_the_request_before() {
        let answer = b"HTTP/1.0 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        let (refusal, answer) = with_problem(answer).unwrap();
        assert!(refusal.status == 400 && answer.contains("malformed_request"), "{answer}");
    }

    #[test]
    fn an_unknown_answer_is_left_unchanged() {
        for answer in ["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 4"]
        {
            assert!(with_problem(answer.as_bytes()).is_none(), "{answer}");
        }
    }
}
