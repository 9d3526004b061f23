//! Metrics: what this process has done so far, counted for whoever watches it.
//!
//! What is counted lives as long as the process and is counted without a lock, whether or not anybody asks. `serve` shows it to who
//! scrapes it; a function of Lambda logs what each invocation has added, because nobody could scrape that. Requests, which have
//! labels, are counted only for these: [`Endpoint::bind`] or [`begin`] begins it.

pub mod cloudwatch;
mod counts;
mod declared;
mod delta;
mod endpoint;
mod instruments;
mod page;
mod requests;
mod table;
mod text;

pub(crate) use self::counts::{
    ADDRESSES_UNDELIVERABLE, CONNECTION_REFUSALS, CONNECTION_WAIT_TIME, CONNECTION_WAITS, HASH_REFUSALS,
    HASH_TIME, HASHES, HTTP_CONNECTIONS, JOBS_DONE, JOBS_FAILED, JOBS_OUT_OF_TIME, LOG_LINES_DROPPED,
    MAILS_GIVEN_UP, MAILS_POSTPONED, MAILS_SENT, MAILS_UNDELIVERABLE, MAILS_WAITING, OLDEST_MAIL,
    REFRESH_TOKENS_REUSED, STATEMENT_RETRIES, limit_refused, statement,
};
pub use self::declared::{Kind, METRICS, Metric};
pub use self::delta::begin;
pub(crate) use self::delta::{Delta, take_delta};
pub use self::endpoint::Endpoint;
pub(crate) use self::requests::{FinishedRequest, is_enabled, milliseconds, request};
