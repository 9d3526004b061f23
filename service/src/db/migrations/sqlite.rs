//! Migrations on SQLite. Its DDL is transactional: all pending ones are applied in one transaction, or none is.

use std::path::Path;
use std::time::Duration;

use sqlx::{Connection, Executor, SqliteConnection, query, query_as, query_scalar};
use tokio::time::sleep;

use super::{MigrateError, Migration, Recorded, Step, Task, pending, steps};
use crate::clock::monotonic;
use crate::db::sqlite::{classify, create, is_busy, options};

const CREATE_TABLE: &str = "
    create table if not exists users_service_migrations (
        number integer primary key,
        name text not null,
        changed_at text not null default current_timestamp
    ) strict";

const TABLE_EXISTS: &str =
    "select count(*) from sqlite_master where type = 'table' and name = 'users_service_migrations'";

const RECORDED: &str = "select number, name from users_service_migrations order by number";

const RECORD: &str = "insert into users_service_migrations (number, name) values (?, ?)";

/// How long another process may migrate before this one gives up.
const LOCK_LIMIT: Duration = Duration::from_mins(1);

/// How long to wait before opening a busy file again.
const PAUSE: Duration = Duration::from_millis(20);

pub(in crate::db) async fn run(
    path: &Path,
    migrations: &[Migration],
    task: Task,
) -> Result<Vec<Step>, MigrateError> {
    let mut connection = connect(path).await.map_err(migrate_error)?;
    let steps = match task {
        Task::Status => steps(migrations, &recorded(&mut connection).await.map_err(migrate_error)?),
        Task::Apply => apply(&mut connection, migrations).await?,
        Task::MarkApplied(number) | Task::MarkPending(number) => {
            return Err(MigrateError::NothingToMark(number));
        }
    };
    connection.close().await.map_err(migrate_error)?;
    Ok(steps)
}

/// Opens the file. The first process to open a new file turns on write-ahead logging, for which SQLite ignores the busy
/// time-out: a busy file is opened again after a pause.
async fn connect(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    create(path);
    let options = options(path).busy_timeout(LOCK_LIMIT);
    let start = monotonic();
    loop {
        match SqliteConnection::connect_with(&options).await {
            Err(error) if is_busy(&error) && start.elapsed() < LOCK_LIMIT => sleep(PAUSE).await,
            result => return result,
        }
    }
}

/// Applies all pending migrations, or none.
pub(in crate::db) async fn apply(
    connection: &mut SqliteConnection,
    migrations: &[Migration],
) -> Result<Vec<Step>, MigrateError> {
    let mut transaction = connection.begin_with("begin immediate").await.map_err(migrate_error)?;
    query(CREATE_TABLE).execute(&mut *transaction).await.map_err(migrate_error)?;
    let now = steps(migrations, &recorded(&mut transaction).await.map_err(migrate_error)?);
    for migration in pending(migrations, &now)? {
        transaction.execute(migration.sqlite).await.map_err(|error| MigrateError::Failed {
            number: migration.number,
            name: migration.name.to_owned(),
            cause: error.into(),
        })?;
        let record = query(RECORD).bind(migration.number).bind(migration.name);
        record.execute(&mut *transaction).await.map_err(migrate_error)?;
    }
    let then = steps(migrations, &recorded(&mut transaction).await.map_err(migrate_error)?);
    transaction.commit().await.map_err(migrate_error)?;
    Ok(then)
}

async fn recorded(connection: &mut SqliteConnection) -> Result<Vec<Recorded>, sqlx::Error> {
    let tables: i64 = query_scalar(TABLE_EXISTS).fetch_one(&mut *connection).await?;
    if tables == 0 {
        return Ok(Vec::new());
    }
    let rows: Vec<(u32, String)> = query_as(RECORDED).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(number, name)| Recorded { number, name, finished: true }).collect())
}

fn migrate_error(error: sqlx::Error) -> MigrateError {
    MigrateError::Database(classify(error).0)
}
