//! Metrics: what this process has done so far, counted for whoever watches it.
//!
//! What is counted lives as long as the process and is counted without a lock; a scrape reads it. Requests, which have labels, are
//! counted only while somebody may ask: [`Endpoint::bind`] begins it.

mod counts;
mod declared;
mod endpoint;
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
pub(crate) use self::requests::request;
