//! Prepares a table that was made from `scripts/schema.sql` for the migration that adds its columns.

use sqlx::{Executor, MySqlConnection, query_scalar};

use crate::db::migrations::{MigrateError, Prepared, migrate_error};

const ADDED: &str = "
    select count(*) from information_schema.columns
    where table_schema = database() and table_name = 'one_time_tokens' and column_name in ('email', 'bits')";

const DROP: &str = "alter table one_time_tokens drop column email, drop column bits";

/// Drops the columns, if they are there before the migration that adds them: MySQL does not know `add column if not exists`.
/// No release has written to them by then.
pub(crate) fn without_mail_columns(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(drop_columns(connection))
}

async fn drop_columns(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    let added: i64 = query_scalar(ADDED).fetch_one(&mut *connection).await.map_err(migrate_error)?;
    if added == 2 {
        connection.execute(DROP).await.map_err(migrate_error)?;
    }
    Ok(())
}
