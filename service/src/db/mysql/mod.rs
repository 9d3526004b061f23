//! MySQL and MariaDB: how to log in, what a session is set to, what the error numbers mean.

pub mod account;
mod connector;
mod error;
mod tls;

pub(super) use self::connector::{Connector, description};
pub(super) use self::error::classify;
