//! Roles: named sets of permissions, and who has which.

mod error;
mod model;
mod repository;
mod router;
mod schema;
mod service;

pub use error::Error;
pub use model::{Description, Role};
pub(crate) use repository::{authority_of, grant, is_last_administrator};
pub use router::router;
pub use service::Service;
pub(crate) use service::{require_over, scope_of};
