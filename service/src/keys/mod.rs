//! The keys that sign tokens: kept in a file or a secret, rotated by a command, published for others to verify with.

mod error;
mod file;
mod key_ring;
mod key_set;
mod mac_keys;
mod moment;
mod signing_key;
mod source;
mod stored;

use std::time::Duration;

pub use error::Error;
pub use file::{Rotation, rotate};
pub use key_ring::KeyRing;
pub(crate) use mac_keys::code_of;
pub use mac_keys::{MacKey, MacKeys};
pub use signing_key::{ALGORITHM, Jwk, SIGNATURE_SIZE, SigningKey, Unusable, VerifyingKey};
pub(crate) use stored::Stored;

/// How long a token is valid: its key verifies for as long after it has signed.
pub const TOKEN_LIFETIME: Duration = Duration::from_mins(15);

/// By how much the clocks of those who sign and those who verify may differ.
pub const TOKEN_LEEWAY: Duration = Duration::from_mins(1);
