//! Prepares a table that was made from `scripts/schema.sql` for the migration that adds its columns.

use sqlx::MySqlConnection;

use crate::db::migrations::{MigrateError, Prepared, drop_column};

/// Prepares for the migration `add_mail_to_one_time_tokens`.
pub(crate) fn without_mail_columns(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(drop_columns(connection))
}

async fn drop_columns(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    drop_column(&mut *connection, "one_time_tokens", "email").await?;
    drop_column(connection, "one_time_tokens", "bits").await
}
