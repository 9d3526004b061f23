//! The users: who they are, what can be done with them, how they look over HTTP.

mod adoption;
mod error;
mod model;
mod repository;
mod router;
mod schema;
mod service;

pub(crate) use adoption::adopt;
pub use error::{Error, Taken};
pub use model::{Email, FullName, Lookup, NewUser, User, UserChanges, UserId, Username};
pub use repository::Listing;
pub use router::router;
pub use service::Service;
