//! Metrics: what this process has done so far, counted for whoever watches it.
//!
//! What is counted lives as long as the process and is counted without a lock, whether or not anybody asks. `serve` shows it to who
//! scrapes it; a function of Lambda logs what each invocation has added, because nobody could scrape that. Requests, which have
//! labels, are counted only for these: [`Endpoint::bind`] or [`begin`] begins it.

pub mod cloudwatch;
mod counts;
mod declared;
mod endpoint;
mod growth;
mod instruments;
mod page;
mod requests;
mod table;
mod text;

pub(crate) use self::counts::{
    HASH_REFUSALS, HASH_TIME, HASHES, LOG_LINES_DROPPED, MAILS_GIVEN_UP, MAILS_POSTPONED, MAILS_SENT,
    STATEMENT_RETRIES, limit_refused, statement,
};
pub use self::declared::{Kind, METRICS, Metric};
pub use self::endpoint::Endpoint;
pub use self::growth::begin;
pub(crate) use self::growth::{Growth, grown};
pub(crate) use self::requests::{Answered, milliseconds, request};
