//! Requests by their route, method and status, and how long they took.
//!
//! The number of series is bounded, whatever is asked for: a route is a template of the router, and what the service does not know is
//! one value. The counters of a route are found by its template, without a lock, and made at its first request.
//!
//! A function of Lambda has one request at a time and nothing to count: it remembers the last.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};

use super::instruments::{Counter, Histogram};
use super::table::Table;
use crate::request_context::with_request_id;

/// The route of a request that none of the router's is for.
const UNMATCHED: &str = "unmatched";
/// The methods, and what stands for any other.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
const OTHER_METHOD: usize = METHODS.len() - 1;
/// The statuses, in order; the last two are any other, and a request that was closed by its client before it had an answer.
const STATUSES: [&str; 38] = [
    "200", "201", "202", "204", "206", "301", "302", "303", "304", "307", "308", "400", "401", "403", "404",
    "405", "406", "408", "409", "410", "411", "412", "413", "414", "415", "416", "417", "422", "428", "429",
    "431", "500", "501", "502", "503", "504", "other", "closed",
];
const CLOSED: usize = STATUSES.len() - 1;
const OTHER_STATUS: usize = CLOSED - 1;

/// What is done with requests: nothing, or one of the two below.
static MODE: AtomicU8 = AtomicU8::new(0);
/// Each is counted.
const COUNTED: u8 = 1;
/// The last one is remembered.
const REMEMBERED: u8 = 2;

static LAST: Mutex<Option<FinishedRequest>> = Mutex::new(None);
/// Several times as many as there are routes. On the heap, because an empty slot is not all zeros: a static table would be a part of
/// the executable.
static ROUTES: LazyLock<Box<Table<Route, 256>>> = LazyLock::new(|| Box::new(Table::new()));

/// A request that was answered, or was closed before that.
#[derive(Debug)]
pub(crate) struct FinishedRequest {
    /// One of the known ones.
    pub(crate) method: &'static str,
    /// A template.
    pub(crate) route: String,
    pub(crate) status: Option<StatusCode>,
    pub(crate) duration_ms: f64,
    pub(crate) id: String,
}

impl FinishedRequest {
    pub(super) fn is_server_error(&self) -> bool {
        self.status.is_some_and(|status| status.is_server_error())
    }
}

#[derive(Debug)]
struct Route([OnceLock<Box<Series>>; METHODS.len()]);

/// What is counted of a route and method.
#[derive(Debug)]
pub(super) struct Series {
    answers: [Counter; STATUSES.len()],
    pub(super) durations: Histogram,
}

impl Route {
    const fn new() -> Self {
        Self([const { OnceLock::new() }; METHODS.len()])
    }
}

impl Series {
    fn new() -> Box<Self> {
        Box::new(Self { answers: [const { Counter::new() }; STATUSES.len()], durations: Histogram::new() })
    }

    /// Which statuses there were, and how often.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.answers.iter().map(Counter::get);
        STATUSES.into_iter().zip(counts).filter(|&(_, count)| count > 0)
    }
}

/// Counts requests from now on.
pub(super) fn begin() {
    MODE.store(COUNTED, Ordering::Relaxed);
}

/// Whether anybody is shown what the process counts, so that it may be worth a statement.
pub(crate) fn is_enabled() -> bool {
    MODE.load(Ordering::Relaxed) != 0
}

/// Remembers the last request from now on: for a process that has one at a time.
pub(super) fn remember() {
    MODE.store(REMEMBERED, Ordering::Relaxed);
}

/// The last request, if there was one since this was last called.
pub(super) fn take() -> Option<FinishedRequest> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Counts a request with what it was answered; with `None` it was closed before that.
pub(crate) fn request(route: Option<&str>, method: &Method, status: Option<StatusCode>, start: Instant) {
    let mode = MODE.load(Ordering::Relaxed);
    if mode == 0 {
        return;
    }
    let route = route.unwrap_or(UNMATCHED);
    let method = METHODS.iter().position(|&known| known == method.as_str()).unwrap_or(OTHER_METHOD);
    if mode == COUNTED {
        count(route, method, status, start);
    } else {
        let answered = FinishedRequest {
            method: METHODS[method],
            route: route.to_owned(),
            status,
            duration_ms: milliseconds(start.elapsed()),
            id: with_request_id(|id| id.unwrap_or_default().to_owned()),
        };
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(answered);
    }
}

/// To the microsecond: what is finer is noise.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn count(route: &str, method: usize, status: Option<StatusCode>, start: Instant) {
    let Some(route) = ROUTES.get(route, Route::new) else { return };
    let series = route.0[method].get_or_init(Series::new);
    let status = status.map_or(CLOSED, |status| {
        STATUSES[..OTHER_STATUS].binary_search(&status.as_str()).unwrap_or(OTHER_STATUS)
    });
    series.answers[status].count();
    series.durations.observe(start.elapsed());
}

/// What was counted: route, method, and the rest.
pub(super) fn counted() -> impl Iterator<Item = (&'static str, &'static str, &'static Series)> {
    ROUTES.entries().into_iter().flat_map(|(name, route)| {
        let methods = METHODS.iter().zip(&route.0);
        methods.filter_map(move |(method, series)| series.get().map(|series| (name, *method, &**series)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statuses_are_in_order() {
        assert!(STATUSES[..OTHER_STATUS].is_sorted());
        assert_eq!(&STATUSES[OTHER_STATUS..], ["other", "closed"]);
    }
}
