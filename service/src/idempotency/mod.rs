//! Requests that may be sent again blindly: what a request with an `Idempotency-Key` has made is remembered for a day, so that
//! the same request is answered alike and makes nothing anew (draft-ietf-httpapi-idempotency-key-header-07).

mod jobs;
mod key;
mod repository;
mod request;

pub use jobs::delete_expired;
pub(crate) use key::HEADER;
pub use key::IdempotencyKey;
pub(crate) use repository::{Failed, Found, claim, clean_up, complete, find, forget};
pub use request::Repeatable;
