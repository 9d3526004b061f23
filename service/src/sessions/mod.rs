//! Sessions: what a sign-in begins, a refresh token prolongs, and every request with an access token belongs to.

mod authenticator;
mod error;
mod jobs;
mod model;
mod refresh;
mod refresh_token;
mod repository;
mod router;
mod schema;
mod service;

pub use error::Error;
pub use jobs::delete_expired;
pub use model::{Client, Issued, Session, SessionId};
pub(crate) use repository::end_all;
pub use router::router;
pub(crate) use schema::{IssuedResponse, not_stored};
pub(crate) use service::Begun;
pub use service::Service;
