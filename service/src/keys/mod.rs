//! The keys that sign tokens: kept in a file or a secret, rotated by a command, published for others to verify with.

mod error;
mod file;
mod key_ring;
mod mac_keys;
mod moment;
mod ring;
mod router;
mod signing_key;
mod source;
mod stored;

pub use error::Error;
pub use file::{Rotation, rotate};
pub use key_ring::KeyRing;
pub(crate) use mac_keys::code_of;
pub use mac_keys::{MacKey, MacKeys};
pub use router::router;
pub use signing_key::{ALGORITHM, Jwk, SIGNATURE_SIZE, SigningKey, Unusable, VerifyingKey};
pub(crate) use stored::Stored;
