//! Addresses: which ones users have proved to have, and the links that are sent to them to prove one, to set a forgotten
//! password, and to set a first one.

mod links;
mod repository;
mod room;
mod router;
mod schema;
mod service;

pub(crate) use repository::{addressee, prove};
pub use router::router;
pub use service::Service;
