//! The errors of the limits, and how they are reported over HTTP.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};

use super::{Limit, Rate};
use crate::db::{self, DatabaseError};
use crate::http::Problem;
use crate::metrics;

/// `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11, section 3).
pub(crate) const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11, section 4).
pub(crate) const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Why a hit was not counted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was no room for it.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl DatabaseError for Error {
    fn database_error(&self) -> Option<&db::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Exceeded(_) => None,
        }
    }
}

/// A limit has no room left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit {} is exceeded", limit.name())]
pub struct Exceeded {
    /// The limit.
    pub limit: Limit,
    /// When there will be room for one.
    pub wait: Duration,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Exceeded(exceeded) => exceeded.into(),
            Error::Database(error) => error.into(),
        }
    }
}

impl From<Exceeded> for Problem {
    /// 429: too many attempts at something, most of them by people who try passwords.
    fn from(exceeded: Exceeded) -> Self {
        let detail = "Too many attempts; try again after the seconds in Retry-After";
        exceeded.problem("too_many_attempts", detail)
    }
}

impl Exceeded {
    /// A refusal by this limit, which is counted as one.
    pub(super) fn counted(limit: Limit, wait: Duration) -> Self {
        metrics::limit_refused(limit.name());
        Self { limit, wait }
    }

    /// One for the document.
    pub(crate) fn example() -> Self {
        Self { limit: Rate::EXAMPLE.named("sign-in"), wait: Duration::from_secs(12) }
    }

    /// 429: too many requests, whatever for.
    pub(crate) fn of_requests(&self) -> Problem {
        self.problem("too_many_requests", "Too many requests; try again after the seconds in Retry-After")
    }

    /// 429 with the headers of draft-ietf-httpapi-ratelimit-headers-11.
    ///
    /// Only a refusal has them. An answer to a sign-in would show how often others have tried this login (section 8.2), and
    /// one that gives its hit back would show too little.
    fn problem(&self, code: &'static str, detail: &'static str) -> Problem {
        let Self { limit, wait } = self;
        // Rounded up: whoever waits for so long is not refused again.
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        let policy = format!("{:?};q={};w={}", limit.name(), limit.amount(), limit.window().as_secs());
        let remaining = format!("{:?};r=0;t={seconds}", limit.name());
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
            .with_retry_after(Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)));
        [(RATELIMIT_POLICY, policy), (RATELIMIT, remaining)].into_iter().fold(
            problem,
            |problem, (name, value)| match HeaderValue::try_from(value) {
                Ok(value) => problem.with_header(name, value),
                Err(_) => problem,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_refusal_names_the_limit_and_when_to_come_again() {
        let limit = "10/15m".parse::<Rate>().unwrap().named("sign-in");
        for (wait, seconds) in [(1, "1"), (1000, "1"), (11_001, "12"), (900_000, "900")] {
            let exceeded = Exceeded { limit, wait: Duration::from_millis(wait) };
            let response = Problem::from(exceeded).into_response();
            assert_eq!(response.status(), 429);
            let headers = response.headers();
            assert_eq!(headers[header::RETRY_AFTER], seconds);
            assert_eq!(headers["ratelimit-policy"], r#""sign-in";q=10;w=900"#);
            assert_eq!(headers["ratelimit"], *format!(r#""sign-in";r=0;t={seconds}"#));
        }
    }
}
