//! Passwords: what a new one must be, and how they are hashed and verified. It computes, and knows no database.

mod blocklist;
mod busy;
mod computation;
mod hash;
mod hasher;
mod kinds;
mod memory;
mod policy;
mod presented;
mod queue;

pub use busy::Busy;
pub use hash::PasswordHash;
pub use hasher::{Hasher, Verdict};
pub use policy::{About, NewPassword, Policy};
pub use presented::PresentedPassword;
