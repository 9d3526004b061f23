//! Prepares a table that was made from `scripts/schema.sql` for the migrations that add columns to it.

use sqlx::MySqlConnection;

use crate::db::migrations::{MigrateError, Prepared, drop_column, drop_index};

/// Prepares for the migration `add_due_at_to_mails`.
pub(crate) fn without_due_at(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(drop_column(connection, "mails", "due_at"))
}

/// Prepares for the migration `add_asked_to_mails`.
pub(crate) fn without_asked(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(drop_asked(connection))
}

async fn drop_asked(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    drop_index(&mut *connection, "mails", "idx_asked_next_attempt_at").await?;
    drop_column(connection, "mails", "asked").await
}
