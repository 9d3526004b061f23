//! Lists of users that are walked through page by page, each page for a bounded amount of work, however many users there are.
//!
//! A request looks at [`MAX_EXAMINED`] users at most. Where an index knows the users of a filter, and they are not more than that, they
//! are gathered, put in order, and the page is cut from them. Else the page is the next part of an index that is in the order of the
//! list; users whom a filter does not let through are passed over, and when so many have been looked at, the page ends, full or not,
//! and the next one begins there. Both ways have the same order, so a cursor is a place in it and nothing else.

mod cursor;
mod filters;
#[cfg(test)]
mod plans;
mod preparation;
mod query;
mod router;
mod schema;
mod service;
mod sort;
mod source;
mod sql;
mod statements;

pub(crate) use filters::ACCOUNT_FILTERS;
pub(super) use filters::Filters;
pub(crate) use preparation::{without_created_at_index, without_full_name_index, without_status_index};
pub(super) use query::WalkParams;
pub(super) use router::walk;
pub(super) use schema::{ListQuery, UserListResponse};
pub(super) use service::Lists;
use sort::Sort;

/// The most users that a request looks at, besides those of the page.
const MAX_EXAMINED: i64 = 10_000;
