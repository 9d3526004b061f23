//! The id that correlates a response with its log lines.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use uuid::Uuid;

/// The header of the id, in requests and in responses.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id that API Gateway gave the request, as a request extension.
#[derive(Debug, Clone)]
pub struct GatewayRequestId(pub String);

/// The caller's id if it is well-formed, else the gateway's, else a new one.
pub(super) fn request_id(request: &Request) -> HeaderValue {
    let callers = request.headers().get(X_REQUEST_ID).filter(|id| is_well_formed(id.as_bytes()));
    if let Some(id) = callers {
        return id.clone();
    }
    let gateways = request.extensions().get::<GatewayRequestId>().map(|id| id.0.as_str());
    let gateways = gateways.filter(|id| is_well_formed(id.as_bytes())).map(HeaderValue::from_str);
    gateways.and_then(Result::ok).unwrap_or_else(new_request_id)
}

/// An id for a request without one. It is no secret, so the fast generator of `uuid` will do.
pub(crate) fn new_request_id() -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let id = Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(id).unwrap_or(const { HeaderValue::from_static("") })
}

/// 1 to 128 letters, digits and `-._:/+=@`: what UUIDs, trace ids and API Gateway's ids are made of, and nothing that
/// could forge a line or a field in a log.
fn is_well_formed(id: &[u8]) -> bool {
    (1..=128).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:/+=@".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_not_well_formed() {
        for id in ["a", "JKJaXmPLvHcESHA=", "Root=1-67891233-abcdef012345678912345678", &"x".repeat(128)] {
            assert!(is_well_formed(id.as_bytes()), "{id}");
        }
        for id in ["", " ", "a b", "a\"b", "a\nb", "é", &"x".repeat(129)] {
            assert!(!is_well_formed(id.as_bytes()), "{id:?}");
        }
    }
}
