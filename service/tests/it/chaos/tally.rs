//! The results of the requests that were sent during a fault.

use std::fmt;
use std::sync::Mutex;

use axum::http::StatusCode;

/// The counts of one fault.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Requests that were sent.
    pub(crate) sent: u64,
    /// Those answered as without the fault.
    pub(crate) answered: u64,
    /// Those answered 503 with `Retry-After`: the client can try again.
    pub(crate) shed: u64,
    /// Those answered as the contract does not allow.
    pub(crate) wrong: u64,
    /// Those never answered.
    pub(crate) lost: u64,
}

/// Counts requests, and prints the counts for the summary of `make chaos` at the end.
pub(crate) struct Tally {
    fault: &'static str,
    counts: Mutex<Counts>,
}

impl Tally {
    /// `fault` is a phrase for a table: "server killed under load".
    pub(crate) fn of(fault: &'static str) -> Self {
        Self { fault, counts: Mutex::default() }
    }

    /// Counts an answer: `expected` says whether it is the answer of a service without the fault.
    pub(crate) fn answer(&self, status: StatusCode, retry_after: bool, expected: bool) {
        self.count(|counts| match status {
            StatusCode::SERVICE_UNAVAILABLE if retry_after => counts.shed += 1,
            _ if expected => counts.answered += 1,
            _ => counts.wrong += 1,
        });
    }

    /// Counts a request that was never answered.
    pub(crate) fn lost(&self) {
        self.count(|counts| counts.lost += 1);
    }

    /// The counts so far.
    pub(crate) fn counts(&self) -> Counts {
        *self.counts.lock().unwrap()
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock().unwrap();
        counts.sent += 1;
        change(&mut counts);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { sent, answered, shed, wrong, lost } = self.counts();
        let fault = self.fault;
        write!(formatter, "| {fault} | {sent} | {answered} | {shed} | {wrong} | {lost} |")
    }
}

impl Drop for Tally {
    #[expect(clippy::print_stdout, reason = "`make chaos` collects it")]
    fn drop(&mut self) {
        println!("chaos {self}");
    }
}
