//! Access tokens: JSON Web Tokens of RFC 9068, signed with the key ring and verified with it.

mod claims;
mod compact;
mod error;
mod issuer;
mod router;

pub use claims::Claims;
pub use error::{Error, Fault, Refused};
pub use issuer::{AccessToken, Grant, Tokens};
pub use router::router;

pub use crate::keys::{TOKEN_LEEWAY as LEEWAY, TOKEN_LIFETIME as LIFETIME};

/// The octets of the longest token: proxies and gateways refuse longer headers.
pub const MAX_SIZE: usize = 4096;

/// The client of every token (RFC 9068, section 2.2): there are no others yet.
pub const CLIENT_ID: &str = "users-service";
