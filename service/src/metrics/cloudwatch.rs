//! The list of metrics that a function has in `CloudWatch`, and how much each has grown.
//!
//! API Gateway, Lambda and RDS count and time every request themselves. So what nearly every request has is told on demand only.

use super::counts;
use super::instruments::{Counter, Gauge, TimeSpent};
use super::requests::FinishedRequest;

/// A metric in `CloudWatch`.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its unit, one of those that `CloudWatch` has.
    pub unit: Unit,
    /// What it tells.
    pub help: &'static str,
    /// Whether nearly every request has it, so that it needs a line for each.
    pub usual: bool,
    /// Whether it is there for each version of the function, too, so that a release can be told from the one before.
    pub by_version: bool,
    source: Source,
}

/// A unit of `CloudWatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of something.
    Count,
    /// A time.
    Milliseconds,
    /// A longer time.
    Seconds,
}

impl Unit {
    /// The word of `CloudWatch` for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
        }
    }
}

/// Where the value comes from.
#[derive(Debug)]
enum Source {
    /// What was counted since the last line.
    Counter(&'static Counter),
    /// The time that was spent since the last line.
    Time(&'static TimeSpent),
    /// What is so now, if that was found out since the last line.
    Gauge(&'static Gauge),
    /// The seconds since a moment, likewise.
    Since(&'static Gauge),
    /// The refusals since the last line, by all limits.
    Limits,
    /// What the last request tells.
    Request(fn(&FinishedRequest) -> f64),
}

impl Source {
    /// How much is to be reported, when `reported` was before.
    fn value(&self, reported: &mut u64, request: Option<&FinishedRequest>) -> f64 {
        let now = match self {
            Self::Counter(counter) => counter.get(),
            Self::Time(time) => time.micros(),
            Self::Gauge(gauge) => return as_f64(gauge.take()),
            Self::Since(moment) => return as_f64(counts::seconds_since(moment.take())),
            Self::Limits => counts::limit_refusals(),
            Self::Request(value) => return request.map_or(0.0, value),
        };
        let delta = as_f64(now.saturating_sub(std::mem::replace(reported, now)));
        if matches!(self, Self::Time(_)) { delta / 1e3 } else { delta }
    }
}

#[expect(clippy::cast_precision_loss, reason = "CloudWatch has no integers; up to 2^53 they are exact")]
const fn as_f64(number: u64) -> f64 {
    number as f64
}

/// Declares metrics: `"Name" unit, source, "help";`, with `usual` or `by_version` after the unit of those that are so.
macro_rules! metrics {
    (@usual usual) => { true };
    (@usual $($mark:ident)?) => { false };
    (@by_version by_version) => { true };
    (@by_version $($mark:ident)?) => { false };
    ($($name:literal $unit:ident $($mark:ident)?, $kind:ident $($source:expr)?, $help:literal;)+) => {
        /// Every metric.
        pub static METRICS: &[Metric] = &[$(Metric {
            name: $name,
            unit: Unit::$unit,
            help: $help,
            usual: metrics!(@usual $($mark)?),
            by_version: metrics!(@by_version $($mark)?),
            source: Source::$kind$(($source))?,
        }),+];
    };
}

metrics! {
    "RequestDuration" Milliseconds usual, Request |request| request.duration_ms,
        "The time from the event to its answer; how many there are is the number of requests";
    "ServerErrors" Count by_version, Request |request| f64::from(u8::from(request.is_server_error())),
        "Requests that the service answered with 5xx";
    "DbStatementsOk" Count usual, Counter &counts::STATEMENTS_OK, "Statements that the database answered";
    "DbStatementsRefused" Count usual, Counter &counts::STATEMENTS_REFUSED, "Statements that were refused by a key";
    "DbStatementsUnavailable" Count, Counter &counts::STATEMENTS_UNAVAILABLE,
        "Statements for which the database, or a connection to it, was unavailable";
    "DbStatementsFailed" Count, Counter &counts::STATEMENTS_FAILED, "Statements that failed";
    "DbRetries" Count, Counter &counts::STATEMENT_RETRIES, "Times that a statement or a transaction was tried again";
    "DbConnectionWaits" Count usual, Counter &counts::CONNECTION_WAITS,
        "Times that a connection to the database was not there at once";
    "DbConnectionWaitTime" Milliseconds usual, Time &counts::CONNECTION_WAIT_TIME,
        "The time that was spent waiting for connections to the database";
    "DbConnectionRefusals" Count, Counter &counts::CONNECTION_REFUSALS,
        "Times that no connection to the database came free in time";
    "PasswordHashes" Count, Counter &counts::HASHES, "Password hashes that were computed";
    "PasswordHashTime" Milliseconds, Time &counts::HASH_TIME, "The time that was spent on password hashes";
    "PasswordHashRefusals" Count, Counter &counts::HASH_REFUSALS,
        "Password hashes that were refused because the queue was full or slow";
    "MailsSent" Count, Counter &counts::MAILS_SENT, "Mails that were sent";
    "MailsPostponed" Count, Counter &counts::MAILS_POSTPONED, "Attempts to send a mail after which it is tried again";
    "MailsGivenUp" Count, Counter &counts::MAILS_GIVEN_UP, "Mails that were given up";
    "MailsUndeliverable" Count, Counter &counts::MAILS_UNDELIVERABLE,
        "Mails that were not sent, because their address cannot be reached";
    "MailsWaiting" Count, Gauge &counts::MAILS_WAITING,
        "Mails in the outbox after a run of the job, of which 1000 are counted at most";
    "MailsWaitingTime" Seconds, Since &counts::OLDEST_MAIL, "How long the oldest of these mails has been waiting";
    "AddressesUndeliverable" Count, Counter &counts::ADDRESSES_UNDELIVERABLE,
        "Notices that an address cannot be reached: a mail came back, or was reported as spam";
    "RefreshTokensReused" Count, Counter &counts::REFRESH_TOKENS_REUSED,
        "Refresh tokens that were used a second time, which ended their sessions";
    "JobsDone" Count usual, Counter &counts::JOBS_DONE, "Runs of jobs that ended well";
    "JobsFailed" Count, Counter &counts::JOBS_FAILED, "Runs of jobs that failed";
    "JobsOutOfTime" Count, Counter &counts::JOBS_OUT_OF_TIME, "Runs of jobs that ran out of time";
    "LimitRefusals" Count, Limits, "Refusals by limits; limits in the line names them";
    "LogLinesDropped" Count, Counter &counts::LOG_LINES_DROPPED, "Log lines that could not be written in time";
}

/// What was reported of each metric of the list so far.
#[derive(Debug, Default)]
pub(super) struct Reported(Vec<u64>);

impl Reported {
    /// What there is to report now, which is reported thereby; without `usual` not what nearly every request has.
    pub(super) fn take_delta(
        &mut self,
        request: Option<&FinishedRequest>,
        usual: bool,
    ) -> Vec<(&'static Metric, f64)> {
        self.0.resize(METRICS.len(), 0);
        let values = METRICS.iter().zip(&mut self.0);
        let values = values.map(|(metric, reported)| (metric, metric.source.value(reported, request)));
        values.filter(|(metric, value)| *value > 0.0 && (usual || !metric.usual)).collect()
    }
}
