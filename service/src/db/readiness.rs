//! Whether requests can be served.

use std::time::Duration;

use sqlx::FromRow;
use tokio::time::timeout;

use super::{Database, Error, Executor, Outage, Statement};

/// The most time that the answer may take.
const LIMIT: Duration = Duration::from_secs(2);

/// The migrations up to this number that the database records as applied, which the application's account may read. The
/// statement fails where the table of the users is missing, too.
const COUNT_APPLIED: Statement = Statement::read(
    "ready",
    "select (select count(*) from users_service_migrations where number <= ? and finished) as applied,
            exists (select 1 from users) as has_users",
)
.on_sqlite(
    "select (select count(*) from users_service_migrations where number <= ?) as applied,
            exists (select 1 from users) as has_users",
);

#[derive(Debug, FromRow)]
struct Applied {
    applied: i64,
}

impl Database {
    /// Whether requests can be served: the database answers within two seconds, and the migrations of this release are
    /// applied. Those of newer releases do not matter.
    ///
    /// # Errors
    /// Why they cannot.
    pub async fn ready(&self) -> Result<(), Error> {
        let known = i64::try_from(self.0.migrations.len()).unwrap_or(i64::MAX);
        let values = [known.into()];
        let row: Option<Applied> = timeout(LIMIT, self.run(&COUNT_APPLIED, &values))
            .await
            .unwrap_or_else(|_| Err(Error::unavailable(Outage::TimedOut, "no answer within two seconds")))?;
        let applied = row.map_or(0, |row| row.applied);
        if applied == known {
            return Ok(());
        }
        let cause = format!(
            "{applied} of this release's {known} migrations are applied; run `users-service migrate`"
        );
        Err(Error::unavailable(Outage::NotMigrated, cause))
    }
}
