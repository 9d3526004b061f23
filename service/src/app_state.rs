//! What the features work with.

use std::sync::Arc;
use std::time::Instant;

use crate::clock::{Clock, monotonic};
use crate::db::Database;

/// What every feature's service is made from.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub database: Database,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// When the process began to serve.
    pub started: Instant,
}

impl AppState {
    /// Over this database, begun now.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, started: monotonic() }
    }
}
