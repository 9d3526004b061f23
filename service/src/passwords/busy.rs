//! That no more hashes can be computed now, and how this is reported over HTTP.

use std::time::Duration;

use axum::http::StatusCode;

use crate::http::Problem;

/// The queue for password hashes is full, or does not get on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many password hashes are waiting to be computed")]
pub struct Busy;

impl From<Busy> for Problem {
    fn from(_: Busy) -> Self {
        let detail = "Too many passwords are being checked at once";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "hashing_busy", detail)
            .with_retry_after(Duration::from_secs(1))
    }
}
