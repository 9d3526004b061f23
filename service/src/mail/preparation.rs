//! Prepares a table that was made from `scripts/schema.sql` for the migration that adds a column to it.

use sqlx::{Executor, MySqlConnection, query_scalar};

use crate::db::migrations::{MigrateError, Prepared, migrate_error};

const HAS_COLUMN: &str = "
    select count(*) from information_schema.columns
    where table_schema = database() and table_name = 'mails' and column_name = 'asked'";

const DROP: &str = "alter table mails drop key idx_asked_next_attempt_at, drop column asked";

/// Drops the column and its index, if they are there before the migration that adds them: MySQL does not know `add column if not
/// exists`. No release has written to it by then.
pub(crate) fn without_asked(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(drop_column(connection))
}

async fn drop_column(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    let columns: i64 = query_scalar(HAS_COLUMN).fetch_one(&mut *connection).await.map_err(migrate_error)?;
    if columns > 0 {
        connection.execute(DROP).await.map_err(migrate_error)?;
    }
    Ok(())
}
