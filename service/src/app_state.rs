//! What the features work with.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRef;

use crate::clock::{Clock, monotonic};
use crate::db::Database;
use crate::http::TrustedProxies;

/// What every feature's service is made from.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub database: Database,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// When the process began to serve.
    pub started: Instant,
    /// Whose word is taken for a client's IP address; nobody's by default.
    pub trusted_proxies: TrustedProxies,
}

impl AppState {
    /// Over this database, begun now.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, started: monotonic(), trusted_proxies: TrustedProxies::default() }
    }
}

impl FromRef<AppState> for TrustedProxies {
    fn from_ref(state: &AppState) -> Self {
        state.trusted_proxies.clone()
    }
}
