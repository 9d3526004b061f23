//! Addresses: which ones users have proved to have, the links that are sent to them to prove one, to set a forgotten
//! password, and to set a first one, and which ones cannot be reached.

mod links;
mod repository;
mod router;
mod schema;
mod service;
mod undeliverable;

pub(crate) use repository::{Addressee, addressee, prove};
pub use router::router;
pub use service::Service;
pub(crate) use undeliverable::is_undeliverable;
pub use undeliverable::mark_undeliverable;
