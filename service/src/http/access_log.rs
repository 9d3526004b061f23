//! The log lines of a request: one when it begins, one when it is answered or its client goes away.

use std::borrow::Cow;
use std::time::Instant;

use axum::extract::MatchedPath;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use percent_encoding::{CONTROLS, percent_decode_str, utf8_percent_encode};
use tracing::info;

use super::path_params::segments;
use crate::clock::monotonic;
use crate::metrics;

/// How much of a method a line shows, and how much of a path.
const MAX_SHOWN: usize = 1 << 10;

/// What the lines of one request have in common. If it is dropped before the answer, it logs that the client went away.
pub(super) struct AccessLog {
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
    start: Instant,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Received,
    Begun,
    Answered,
}

impl AccessLog {
    pub(super) fn new(method: Method, uri: Uri, route: Option<MatchedPath>) -> Self {
        Self { method, uri, route, start: monotonic(), stage: Stage::Received }
    }

    /// Logs the request, the first time.
    pub(super) fn begin(&mut self) {
        if self.stage == Stage::Received {
            self.stage = Stage::Begun;
            // Of a target of its own: the response's line in JSON says it all.
            info!(target: "request", "Request: {} {}", self.method(), self.path());
        }
    }

    /// Logs the answer.
    pub(super) fn answered(&mut self, response: &Response) {
        self.stage = Stage::Answered;
        let status = response.status();
        self.count(Some(status));
        info!(
            method = &*self.method(),
            path = &*self.path(),
            route = self.route(),
            status = status.as_u16(),
            duration_ms = self.duration_ms(),
            "Response: {} {}",
            status.as_str(),
            status.canonical_reason().unwrap_or_default()
        );
    }

    fn count(&self, status: Option<StatusCode>) {
        metrics::request(self.route.as_ref().map(MatchedPath::as_str), &self.method, status, self.start);
    }

    /// Its characters are those of a token of HTTP, so it needs no more than to be truncated.
    fn method(&self) -> Cow<'_, str> {
        let method = self.method.as_str();
        match method.get(..MAX_SHOWN) {
            Some(start) if start.len() < method.len() => format!("{start}…").into(),
            _ => method.into(),
        }
    }

    fn path(&self) -> Cow<'_, str> {
        sanitised(self.uri.path())
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or("none", MatchedPath::as_str)
    }

    fn duration_ms(&self) -> f64 {
        metrics::milliseconds(self.start.elapsed())
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        if self.stage == Stage::Begun {
            self.count(None);
            info!(
                method = &*self.method(),
                path = &*self.path(),
                route = self.route(),
                duration_ms = self.duration_ms(),
                "The client closed the request before it was answered"
            );
        }
    }
}

/// What tokens of this service begin with: refresh tokens, one-time tokens, and the header of a JSON Web Token.
const TOKENS: [&[u8]; 3] = [b"usr_", b"uso_", b"eyJ"];

/// A sanitised path: truncated if it is long, with control and non-ASCII characters percent-encoded, so that it cannot
/// reorder text or move a terminal's cursor. A token or an address that somebody has put into the path is not shown.
fn sanitised(path: &str) -> Cow<'_, str> {
    let start = &path[..path.floor_char_boundary(MAX_SHOWN)];
    let mut logged = match without_secrets(start) {
        Cow::Borrowed(start) => encoded(start),
        Cow::Owned(start) => encoded(&start).into_owned().into(),
    };
    if start.len() < path.len() || logged.len() > MAX_SHOWN {
        let logged = logged.to_mut();
        // It is ASCII.
        logged.truncate(MAX_SHOWN);
        logged.push('…');
    }
    logged
}

fn encoded(path: &str) -> Cow<'_, str> {
    utf8_percent_encode(path, CONTROLS).into()
}

fn without_secrets(path: &str) -> Cow<'_, str> {
    if !path.contains(['%', '@']) && !has_token(path.as_bytes()) {
        return path.into();
    }
    let shown = |segment| {
        let decoded = Cow::<[u8]>::from(percent_decode_str(segment));
        if has_token(&decoded) {
            "[token]"
        } else if decoded.contains(&b'@') {
            "[address]"
        } else {
            segment
        }
    };
    segments(path).map(shown).collect::<Vec<_>>().join("/").into()
}

/// Anywhere: a `#` that was encoded on the way leaves the token of a link behind the name of the page.
fn has_token(text: &[u8]) -> bool {
    text.windows(4).any(|word| TOKENS.iter().any(|prefix| word.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_or_an_address_in_a_path_is_not_shown() {
        for (path, logged) in [
            ("/users/1", "/users/1"),
            ("/users/me/sessions", "/users/me/sessions"),
            ("/uso_3q2-7w", "/[token]"),
            ("/users/usr_bxsPDixS/", "/users/[token]/"),
            ("/users/eyJhbGciOiJSUzI1NiJ9.e30.c2ln/roles", "/users/[token]/roles"),
            ("/uso_a/usr_b", "/[token]/[token]"),
            ("/reset-password%23uso_3q2-7w", "/[token]"),
            ("/reset-password;uso_3q2-7w/x", "/[token]/x"),
            ("/x=uso_3q2-7w", "/[token]"),
            ("/%75so_3q2-7w", "/[token]"),
            ("/users/Bearer%20eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "/users/[token]"),
            ("/users/ada@example.com/roles", "/users/[address]/roles"),
            ("/users/ada%40example.com", "/users/[address]"),
            ("/users/%41", "/users/%41"),
        ] {
            assert_eq!(sanitised(path), logged);
        }
    }

    #[test]
    fn a_long_path_is_truncated() {
        for path in ["/", "/users/1", &"x".repeat(MAX_SHOWN)] {
            assert_eq!(sanitised(path), path);
        }
        for path in ["x".repeat(60_000), "é".repeat(20_000), "\n".repeat(MAX_SHOWN)] {
            let logged = sanitised(&path);
            assert!(logged.len() <= MAX_SHOWN + 3 && logged.ends_with('…'), "{logged}");
        }
    }
}
