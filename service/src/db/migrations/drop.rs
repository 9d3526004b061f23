//! Prepares a table that was made from `scripts/schema.sql` for a migration that adds an index or a column to it.

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
    drop_if(connection, HAS_INDEX, table, "key", index).await
}

const HAS_COLUMN: &str = "
    select count(*) from information_schema.columns
    where table_schema = database() and table_name = ? and column_name = ?";

/// The same of a column, to which no release has written by then: MySQL does not know `add column if not exists`. An index that has
/// the column is to be dropped first, or else it stays, of the other columns.
pub(crate) async fn drop_column(
    connection: &mut MySqlConnection,
    table: &'static str,
    column: &'static str,
) -> Result<(), MigrateError> {
    drop_if(connection, HAS_COLUMN, table, "column", column).await
}

/// Drops a part of a table, if a count says that it is there.
async fn drop_if(
    connection: &mut MySqlConnection,
    count: &'static str,
    table: &'static str,
    kind: &'static str,
    name: &'static str,
) -> Result<(), MigrateError> {
    let there: i64 = query_scalar(count)
        .bind(table)
        .bind(name)
        .fetch_one(&mut *connection)
        .await
        .map_err(migrate_error)?;
    if there > 0 {
        let alter = format!("alter table {table} drop {kind} {name}");
        connection.execute(alter.as_str()).await.map_err(migrate_error)?;
    }
    Ok(())
}
