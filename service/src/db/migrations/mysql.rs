//! Migrations on MySQL and MariaDB.

use sqlx::{MySqlConnection, query, query_as, query_scalar, raw_sql};

use super::{MigrateError, Migration, Recorded, State, Step, Task, pending, steps};
use crate::config::Mysql;
use crate::db::Error;
use crate::db::mysql::{Connector, classify};

/// A name with a prefix, because the schema may be shared with other services.
const CREATE_TABLE: &str = "
    create table if not exists users_service_migrations (
        number int unsigned not null,
        name varchar(100) not null,
        finished boolean not null,
        changed_at timestamp not null default current_timestamp on update current_timestamp,
        primary key (number)
    ) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci";

const TABLE_EXISTS: &str = "
    select count(*) from information_schema.tables
    where table_schema = database() and table_name = 'users_service_migrations'";

const RECORDED: &str = "select number, name, finished from users_service_migrations order by number";

const START: &str = "insert into users_service_migrations (number, name, finished) values (?, ?, false)";

const FINISH: &str = "update users_service_migrations set finished = true where number = ?";

const DELETE_RECORD: &str = "delete from users_service_migrations where number = ?";

/// Locks are the server's, not the schema's; MySQL allows names of at most 64 characters.
const LOCK: &str = "select get_lock(left(concat('users-service:', database()), 64), ?)";

/// How long another process may hold the lock.
const LOCK_SECONDS: u64 = 60;

pub(super) async fn run(
    config: Mysql,
    migrations: &[Migration],
    task: Task,
) -> Result<Vec<Step>, MigrateError> {
    let mut connection = Connector::without_limits(config)?.connect().await?;
    let connection = &mut connection;
    if task == Task::Status {
        return Ok(steps(migrations, &recorded(connection).await?));
    }
    // Released when the connection closes, however this ends.
    lock(connection).await?;
    query(CREATE_TABLE).execute(&mut *connection).await.map_err(migrate_error)?;
    let now = steps(migrations, &recorded(connection).await?);
    match task {
        Task::Apply => apply(connection, migrations, &now).await?,
        Task::MarkApplied(number) => mark(connection, &now, number, FINISH).await?,
        Task::MarkPending(number) => mark(connection, &now, number, DELETE_RECORD).await?,
        Task::Status => {}
    }
    Ok(steps(migrations, &recorded(connection).await?))
}

async fn lock(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    let taken: Option<i64> =
        query_scalar(LOCK).bind(LOCK_SECONDS).fetch_one(connection).await.map_err(migrate_error)?;
    if taken == Some(1) { Ok(()) } else { Err(MigrateError::Locked(LOCK_SECONDS)) }
}

async fn recorded(connection: &mut MySqlConnection) -> Result<Vec<Recorded>, MigrateError> {
    let tables: i64 = query_scalar(TABLE_EXISTS).fetch_one(&mut *connection).await.map_err(migrate_error)?;
    if tables == 0 {
        return Ok(Vec::new());
    }
    let rows: Vec<(u32, String, bool)> =
        query_as(RECORDED).fetch_all(connection).await.map_err(migrate_error)?;
    Ok(rows.into_iter().map(|(number, name, finished)| Recorded { number, name, finished }).collect())
}

async fn apply(
    connection: &mut MySqlConnection,
    migrations: &[Migration],
    steps: &[Step],
) -> Result<(), MigrateError> {
    for migration in pending(migrations, steps)? {
        if let Some(prepare) = migration.prepare {
            prepare(connection).await?;
        }
        query(START)
            .bind(migration.number)
            .bind(migration.name)
            .execute(&mut *connection)
            .await
            .map_err(migrate_error)?;
        if let Err(error) = raw_sql(migration.mysql).execute(&mut *connection).await {
            return Err(after_failure(connection, migration, error).await);
        }
        query(FINISH).bind(migration.number).execute(&mut *connection).await.map_err(migrate_error)?;
    }
    Ok(())
}

/// Deletes the record of a statement that failed. If the connection is lost, the record stays.
async fn after_failure(
    connection: &mut MySqlConnection,
    migration: &Migration,
    error: sqlx::Error,
) -> MigrateError {
    match query(DELETE_RECORD).bind(migration.number).execute(connection).await {
        Ok(_) => MigrateError::Failed {
            number: migration.number,
            name: migration.name.to_owned(),
            cause: error.into(),
        },
        Err(_) => MigrateError::HalfApplied {
            number: migration.number,
            name: migration.name.to_owned(),
            sql: migration.mysql.trim().to_owned(),
        },
    }
}

async fn mark(
    connection: &mut MySqlConnection,
    steps: &[Step],
    number: u32,
    statement: &'static str,
) -> Result<(), MigrateError> {
    if !steps.iter().any(|step| step.number == number && step.state == State::HalfApplied) {
        return Err(MigrateError::NothingToMark(number));
    }
    query(statement).bind(number).execute(connection).await.map_err(migrate_error)?;
    Ok(())
}

/// What an error of a statement about migrations means.
pub(crate) fn migrate_error(error: sqlx::Error) -> MigrateError {
    MigrateError::Database(match classify(error).0 {
        Error::Internal(cause) => Error::Internal(format!("while migrating: {cause}").into()),
        error => error,
    })
}
