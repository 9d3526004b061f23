//! How often something may be tried: limits over all processes, counted in the database, and one of all requests, counted
//! in this process. docs/limits.md tells which there are.

mod error;
mod gcra;
mod jobs;
mod layer;
mod limit;
mod repository;
mod requests;
mod service;

pub use error::{Error, Exceeded};
pub(crate) use error::{RATELIMIT, RATELIMIT_POLICY};
pub use jobs::delete_empty_buckets;
pub use layer::{Answer, Limited, RequestLimitLayer, VerifiedUser};
pub use limit::{Limit, NotARate, NotAWindow, Rate, Window};
pub use requests::{RequestLimit, Requester};
pub use service::{Attempt, Hit, Limits};
