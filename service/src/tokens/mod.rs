//! Access tokens: JSON Web Tokens of RFC 9068, signed with the key ring and verified with it.

mod claims;
mod compact;
mod error;
mod issuer;

use std::time::Duration;

pub use claims::Claims;
pub use error::{Error, Fault, Refused};
pub use issuer::{AccessToken, Grant, Tokens};

/// How long a token is good.
pub const LIFETIME: Duration = Duration::from_mins(15);

/// By how much the clocks of those who sign and those who verify may differ.
pub const LEEWAY: Duration = Duration::from_mins(1);

/// The octets of the longest token: proxies and gateways refuse longer headers.
pub const MAX_SIZE: usize = 4096;

/// The client of every token (RFC 9068, section 2.2): there are no others yet.
pub const CLIENT_ID: &str = "users-service";
