//! Takes over a table `users` that the Python service made, with its rows.
//!
//! Its text columns have the server's default character set and collation, and each unique column has two indexes. One
//! `alter table` converts everything at once: on InnoDB it is atomic, so the table is either the old one or the new one.

use sqlx::{Executor, FromRow, MySqlConnection, query, query_as, query_scalar};

use crate::db::migrations::{MigrateError, Prepared, migrate_error};

const COLUMNS: &str = "
    select cast(column_name as char) as name, cast(is_nullable as char) as nullable,
           cast(collation_name as char) as collation
    from information_schema.columns where table_schema = database() and table_name = 'users'";

const INDEXES: &str = "
    select cast(index_name as char) as name, cast(group_concat(column_name order by seq_in_index) as char) as columns,
           cast(min(non_unique) as signed) as non_unique
    from information_schema.statistics where table_schema = database() and table_name = 'users'
    group by index_name";

const TABLE_COLLATION: &str = "
    select cast(table_collation as char) from information_schema.tables
    where table_schema = database() and table_name = 'users'";

const COLLATION: &str = "utf8mb4_general_ci";

const DATE_NULLS: &str = "update users set created_at = current_timestamp where created_at is null";

#[derive(Debug, FromRow)]
struct Column {
    name: String,
    nullable: String,
    collation: Option<String>,
}

#[derive(Debug, FromRow)]
struct Index {
    name: String,
    columns: String,
    non_unique: i64,
}

/// Converts an existing table `users` to the form of migration 1; does nothing if there is none or it has that form.
pub(crate) fn adopt(connection: &mut MySqlConnection) -> Prepared<'_> {
    Box::pin(adopt_users(connection))
}

async fn adopt_users(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    let columns: Vec<Column> = query_as(COLUMNS).fetch_all(&mut *connection).await.map_err(migrate_error)?;
    if columns.is_empty() {
        return Ok(());
    }
    let indexes: Vec<Index> = query_as(INDEXES).fetch_all(&mut *connection).await.map_err(migrate_error)?;
    let table_collation: String =
        query_scalar(TABLE_COLLATION).fetch_one(&mut *connection).await.map_err(migrate_error)?;
    require_our_columns(&columns)?;
    let changes = changes(&columns, &indexes, &table_collation);
    if changes.is_empty() {
        return Ok(());
    }
    refuse_collisions(connection).await?;
    if is_nullable(&columns, "created_at") {
        query(DATE_NULLS).execute(&mut *connection).await.map_err(migrate_error)?;
    }
    let alter = format!("alter table users {}", changes.join(", "));
    tracing::info!("Adopting the table users: {alter}");
    connection.execute(alter.as_str()).await.map_err(migrate_error)?;
    Ok(())
}

fn require_our_columns(columns: &[Column]) -> Result<(), MigrateError> {
    let lacks = |name: &&&str| columns.iter().all(|column| column.name != **name);
    let missing: Vec<&str> =
        ["user_id", "username", "email", "full_name", "created_at"].iter().filter(lacks).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(MigrateError::ForeignTable(format!("it lacks the column(s) {}", missing.join(", "))))
}

/// The parts of the `alter table` that this table needs.
fn changes(columns: &[Column], indexes: &[Index], table_collation: &str) -> Vec<String> {
    let mut changes = Vec::new();
    let collated =
        columns.iter().all(|column| column.collation.as_deref().is_none_or(|name| name == COLLATION));
    if !collated || table_collation != COLLATION {
        changes.push(format!("convert to character set utf8mb4 collate {COLLATION}"));
    }
    for (column, length) in [("username", 50), ("email", 100)] {
        if is_nullable(columns, column) {
            changes.push(format!(
                "modify {column} varchar({length}) character set utf8mb4 collate {COLLATION} not null"
            ));
        }
    }
    if is_nullable(columns, "created_at") {
        changes.push("modify created_at timestamp not null default current_timestamp".to_owned());
    }
    for column in ["username", "email"] {
        changes.extend(index_changes(indexes, column));
    }
    // A later migration adds its own index on `user_id`.
    let duplicates_primary_key = |index: &&Index| index.columns == "user_id" && index.name != "PRIMARY";
    changes.extend(indexes.iter().filter(duplicates_primary_key).map(drop_index));
    changes
}

/// One unique key named `idx_<column>` in place of all indexes on the column.
fn index_changes(indexes: &[Index], column: &str) -> Vec<String> {
    let key = format!("idx_{column}");
    let wanted = |index: &&Index| index.name == key && index.non_unique == 0;
    let on_column: Vec<&Index> = indexes.iter().filter(|index| index.columns == column).collect();
    let superfluous = on_column.iter().filter(|index| !wanted(index));
    let mut changes: Vec<String> = superfluous.map(|index| drop_index(index)).collect();
    if !on_column.iter().any(wanted) {
        changes.push(format!("add unique key {key} ({column})"));
    }
    changes
}

fn drop_index(index: &Index) -> String {
    format!("drop index `{}`", index.name.replace('`', "``"))
}

fn is_nullable(columns: &[Column], name: &str) -> bool {
    columns.iter().any(|column| column.name == name && column.nullable == "YES")
}

/// Lists the users that are equal under the new unique keys, by id: the values are personal data.
async fn refuse_collisions(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    let mut collisions = Vec::new();
    for column in ["username", "email"] {
        let sql = format!(
            "select cast(group_concat(user_id order by user_id separator ', ') as char) from users
             group by convert({column} using utf8mb4) collate {COLLATION} having count(*) > 1 order by min(user_id)"
        );
        let groups: Vec<String> =
            query_scalar(&sql).fetch_all(&mut *connection).await.map_err(migrate_error)?;
        collisions.extend(groups.into_iter().map(|ids| format!("  the same {column}: users {ids}")));
    }
    if collisions.is_empty() { Ok(()) } else { Err(MigrateError::Collisions(collisions)) }
}
