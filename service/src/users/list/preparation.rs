//! Prepares tables that were made from `scripts/schema.sql` for the migrations that add the indexes of lists.

use sqlx::MySqlConnection;

use crate::db::migrations::{Prepared, drop_index};

/// Prepares for the migration `index_created_at`.
pub(crate) fn without_created_at_index(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(drop_index(connection, "users", "idx_created_at"))
}

/// Prepares for the migration `index_full_name`.
pub(crate) fn without_full_name_index(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(drop_index(connection, "users", "idx_full_name"))
}

/// Prepares for the migration `index_status`.
pub(crate) fn without_status_index(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(drop_index(connection, "accounts", "idx_status"))
}
