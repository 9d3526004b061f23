//! The limits over a database, with a clock that can be set.

use std::sync::Arc;
use std::time::Duration;

use users_service::app_state::AppState;
use users_service::db::Database;
use users_service::keys::{MacKey, MacKeys};
use users_service::limits::{Error, Exceeded, Hit, Limit, Limits, Rate};
use users_service::migrations::ALL;

use crate::harness::movable_clock::MovableClock;
use crate::harness::test_app::TestApp;

/// The limits, and what they count by and in.
pub(crate) struct Counted {
    pub(crate) limits: Limits,
    pub(crate) clock: MovableClock,
    pub(crate) database: Database,
}

impl Counted {
    pub(crate) async fn over(app: &TestApp) -> Self {
        let database = Database::open(app.database.config(), ALL).await.unwrap();
        let clock = MovableClock::new();
        let limits = Limits::new(database.clone(), Arc::new(clock.clone()), &keys(b"a key"));
        Self { limits, clock, database }
    }

    /// What the jobs of the service work with.
    pub(crate) fn state(&self) -> AppState {
        AppState::new(self.database.clone(), Arc::new(self.clock.clone()))
    }

    pub(crate) async fn take(&self, limit: &Limit, login: &str) -> Result<Hit, Exceeded> {
        taken(self.limits.take(limit, &[login.as_bytes()]).await)
    }

    /// How many hits of one moment are counted.
    pub(crate) async fn room(&self, limit: &Limit, login: &str) -> u32 {
        let mut counted = 0;
        while self.take(limit, login).await.is_ok() {
            counted += 1;
        }
        counted
    }

    /// How long to wait for room.
    pub(crate) async fn wait(&self, limit: &Limit, login: &str) -> Duration {
        self.take(limit, login).await.unwrap_err().wait
    }
}

pub(crate) fn keys(secret: &[u8]) -> MacKeys {
    MacKeys::new(Arc::new(MacKey::new(secret)), Vec::new())
}

pub(crate) fn limit(rate: &str) -> Limit {
    rate.parse::<Rate>().unwrap().named("sign-in")
}

/// The outcome, unless the database failed.
pub(crate) fn taken(outcome: Result<Hit, Error>) -> Result<Hit, Exceeded> {
    outcome.map_err(|error| match error {
        Error::Exceeded(exceeded) => exceeded,
        Error::Database(error) => panic!("{error:?}"),
    })
}
