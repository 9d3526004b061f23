//! How often something may be tried.

mod buckets;
mod concurrency;
mod empty_buckets;
mod requests;
mod subject;
