//! Accounts: the state and the password of a user, signing in and signing up.

mod administrator;
mod error;
mod jobs;
mod login;
mod model;
mod passwords;
mod repository;
mod router;
mod schema;
mod service;
mod sign_in;
mod sign_up;
mod verification;

pub use administrator::{Administrator, AdministratorPassword, create_administrator};
pub use error::Error;
pub(crate) use error::is_no_failure;
pub use jobs::delete_expired;
pub use login::Login;
pub(crate) use login::{folded, is_same};
pub use model::Account;
pub(crate) use repository::find;
pub use router::{router, sign_up};
pub use service::Service;
pub use sign_up::FirstPassword;

pub use crate::status::Status;
