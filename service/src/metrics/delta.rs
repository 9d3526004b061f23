//! What was counted during one invocation of a function: it runs one at a time, so that is what the process has counted since the
//! invocation before.

use std::sync::{Mutex, PoisonError};

use super::cloudwatch::{Metric, Reported};
use super::counts;
use super::requests::{self, FinishedRequest};
use crate::config::MetricLines;

static STATE: Mutex<Option<State>> = Mutex::new(None);

/// What there is to tell of an invocation.
#[derive(Debug)]
pub(crate) struct Delta {
    /// The name of the function.
    pub(crate) function: String,
    /// The version of it.
    pub(crate) version: String,
    /// The values that are not zero.
    pub(crate) values: Vec<(&'static Metric, f64)>,
    /// The limits that have refused something.
    pub(crate) limits: Vec<&'static str>,
    /// The request, if the invocation was one.
    pub(crate) request: Option<FinishedRequest>,
}

#[derive(Debug)]
struct State {
    lines: MetricLines,
    reported: Reported,
    limits: Vec<(&'static str, u64)>,
}

/// Lets [`take_delta`] tell of each invocation from now on.
pub fn begin(lines: MetricLines) {
    requests::remember();
    *lock() = Some(State { lines, reported: Reported::default(), limits: Vec::new() });
}

/// What was counted since the last call, unless that is nothing or nobody wants to know.
pub(crate) fn take_delta() -> Option<Delta> {
    lock().as_mut()?.take_delta()
}

fn lock() -> std::sync::MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn take_delta(&mut self) -> Option<Delta> {
        let request = requests::take();
        let values = self.reported.take_delta(request.as_ref(), self.lines.with_usual);
        if values.is_empty() {
            return None;
        }
        Some(Delta {
            function: self.lines.function.clone(),
            version: self.lines.version.clone(),
            values,
            limits: self.refusing(),
            request,
        })
    }

    fn refusing(&mut self) -> Vec<&'static str> {
        let now = counts::refusals_by_limit();
        let refusing = now.iter().filter(|entry| !self.limits.contains(entry)).map(|&(name, _)| name);
        let refusing = refusing.collect();
        self.limits = now;
        refusing
    }
}
