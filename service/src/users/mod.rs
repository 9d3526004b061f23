//! The users: their model, their use cases, and their representation over HTTP.

mod adoption;
mod answer;
mod cache;
mod cached_reads;
mod create;
mod error;
mod list;
mod model;
mod repository;
mod representation;
mod router;
mod schema;
mod service;
mod update;

pub(crate) use adoption::adopt;
pub(crate) use answer::created;
pub use cache::UserCache;
pub(crate) use create::Added;
pub use error::{Error, Taken};
pub(crate) use list::{
    ACCOUNT_FILTERS, without_created_at_index, without_full_name_index, without_status_index,
};
pub use model::{Email, FullName, Lookup, NewUser, User, UserChanges, Username};
pub use repository::Listing;
pub use router::{open_sign_up, router};
pub(crate) use schema::UserResponse;
pub use service::Service;
pub use update::Precondition;
