//! Prepares a table that was made from `scripts/schema.sql` for the migration that adds an index to it.

use sqlx::{Executor, MySqlConnection, query_scalar};

use super::MigrateError;
use super::mysql::migrate_error;

const HAS_INDEX: &str = "
    select count(*) from information_schema.statistics
    where table_schema = database() and table_name = ? and index_name = ?";

/// Drops an index, which the migration then adds; does nothing if the table does not have it.
///
/// # Errors
/// Those of the database.
pub(crate) async fn drop_index(
    connection: &mut MySqlConnection,
    table: &'static str,
    index: &'static str,
) -> Result<(), MigrateError> {
    let columns: i64 = query_scalar(HAS_INDEX)
        .bind(table)
        .bind(index)
        .fetch_one(&mut *connection)
        .await
        .map_err(migrate_error)?;
    if columns > 0 {
        let alter = format!("alter table {table} drop key {index}");
        connection.execute(alter.as_str()).await.map_err(migrate_error)?;
    }
    Ok(())
}
