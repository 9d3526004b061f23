//! The users: who they are, what can be done with them, how they look over HTTP.

mod error;
mod model;
mod repository;
mod router;
mod schema;
mod service;

pub use error::{Error, UniqueField};
pub use model::{Email, FullName, Lookup, NewUser, User, UserChanges, UserId, Username};
pub use repository::{Listing, UserRepository};
pub use router::router;
pub use service::Service;
