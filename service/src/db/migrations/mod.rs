//! Migrations: numbered, embedded in the executable, each one statement, each recorded before and after it runs.
//!
//! On MySQL a DDL statement commits implicitly, so a process that is killed in between leaves a record of a migration that
//! was started but not finished: only an operator can find out whether the statement took effect. With one statement a
//! file that is easy to check, and `migrate --mark-applied` or `--mark-pending` records the result.

mod drop;
mod error;
mod mysql;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::pin::Pin;

use sqlx::MySqlConnection;

pub(crate) use self::drop::{drop_column, drop_index};
pub use self::error::MigrateError;
pub(crate) use self::mysql::migrate_error;
#[cfg(feature = "sqlite")]
pub(super) use self::sqlite::{apply as apply_on_sqlite, run as run_on_sqlite};
use crate::config;

/// One step from one version of the schema to the next: a pair of files with the same number and name.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Counted from 1, the same on every database.
    pub number: u32,
    /// What it does, in a few words.
    pub name: &'static str,
    /// One statement for MySQL and MariaDB.
    pub mysql: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The tables that it creates: the application's account is granted what it needs on them.
    pub tables: &'static [&'static str],
    /// What is run before it on MySQL.
    pub prepare: Option<Prepare>,
}

/// Prepares a database that is older than the migrations for the first of them.
pub type Prepare = for<'c> fn(&'c mut MySqlConnection) -> Prepared<'c>;

/// The future of [`Prepare`].
pub type Prepared<'c> = Pin<Box<dyn Future<Output = Result<(), MigrateError>> + Send + 'c>>;

/// The migration of a number and a name, embedded from `migrations/mysql/` and `migrations/sqlite/`, with the tables that
/// it creates.
macro_rules! migration {
    ($number:literal, $name:literal, creates: [$($table:literal),*]) => {
        $crate::db::migrations::Migration {
            number: $crate::db::migrations::number($number),
            name: $name,
            mysql: include_str!(migration!(@file "mysql", $number, $name)),
            sqlite: include_str!(migration!(@file "sqlite", $number, $name)),
            tables: &[$($table),*],
            prepare: None,
        }
    };
    (@file $dialect:literal, $number:literal, $name:literal) => {
        concat!("../migrations/", $dialect, "/", $number, "_", $name, ".sql")
    };
}
pub(crate) use migration;

/// The number in the name of a file.
pub(crate) const fn number(digits: &str) -> u32 {
    match u32::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => panic!("a migration's number is four digits"),
    }
}

/// Applies or shows the migrations of a database.
///
/// # Errors
/// See [`MigrateError`].
pub async fn run(
    database: config::Database,
    migrations: &[Migration],
    task: Task,
) -> Result<Vec<Step>, MigrateError> {
    match database {
        config::Database::Mysql(config) => mysql::run(config, migrations, task).await,
        #[cfg(feature = "sqlite")]
        config::Database::Sqlite(path) => sqlite::run(&path, migrations, task).await,
    }
}

/// What the database records about a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Whether its end was recorded too.
    pub finished: bool,
}

/// The state of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not yet applied.
    Pending,
    /// Applied.
    Applied,
    /// Begun, but its end was not recorded.
    HalfApplied,
    /// Applied by a newer release than this one.
    Newer,
}

impl State {
    /// The state in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::HalfApplied => "half-applied",
            Self::Newer => "applied by a newer release",
        }
    }
}

/// A migration and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its state in the database.
    pub state: State,
}

/// What is to be done about the migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Apply those that are pending.
    Apply,
    /// Only show the states.
    Status,
    /// Record that a half-applied one took effect.
    MarkApplied(u32),
    /// Record that a half-applied one did not take effect.
    MarkPending(u32),
}

/// Compares what the executable knows with what the database records.
fn steps(known: &[Migration], recorded: &[Recorded]) -> Vec<Step> {
    let state = |number| match recorded.iter().find(|recorded| recorded.number == number) {
        None => State::Pending,
        Some(Recorded { finished: true, .. }) => State::Applied,
        Some(Recorded { finished: false, .. }) => State::HalfApplied,
    };
    let known_steps = known.iter().map(|migration| Step {
        number: migration.number,
        name: migration.name.to_owned(),
        state: state(migration.number),
    });
    let newer = recorded.iter().filter(|recorded| known.iter().all(|known| known.number != recorded.number));
    let newer_steps =
        newer.map(|newer| Step { number: newer.number, name: newer.name.clone(), state: State::Newer });
    known_steps.chain(newer_steps).collect()
}

/// The migrations that are still to be applied, in order.
fn pending<'a>(known: &'a [Migration], steps: &[Step]) -> Result<Vec<&'a Migration>, MigrateError> {
    let mut pending = Vec::new();
    for (migration, step) in known.iter().zip(steps) {
        match step.state {
            State::Pending => pending.push(migration),
            State::Applied | State::Newer => {}
            State::HalfApplied => {
                return Err(MigrateError::HalfApplied {
                    number: migration.number,
                    name: migration.name.to_owned(),
                    sql: migration.mysql.trim().to_owned(),
                });
            }
        }
    }
    Ok(pending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(number: u32, finished: bool) -> Recorded {
        Recorded { number, name: format!("step_{number}"), finished }
    }

    const ONE: Migration =
        Migration { number: 1, name: "one", mysql: "select 1", sqlite: "", tables: &[], prepare: None };
    const KNOWN: &[Migration] = &[ONE, Migration { number: 2, name: "two", ..ONE }];

    #[test]
    fn what_is_not_recorded_is_pending() {
        let steps = steps(KNOWN, &[recorded(1, true)]);
        let numbers: Vec<_> =
            pending(KNOWN, &steps).unwrap().iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, [2]);
    }

    #[test]
    fn a_database_newer_than_the_executable_is_accepted() {
        let steps = steps(KNOWN, &[recorded(1, true), recorded(2, true), recorded(3, true)]);
        assert_eq!(steps.last().unwrap().state, State::Newer);
        assert!(pending(KNOWN, &steps).unwrap().is_empty());
    }

    #[test]
    fn a_half_applied_migration_stops_everything_and_says_what_to_do() {
        let steps = steps(KNOWN, &[recorded(1, false)]);
        let message = pending(KNOWN, &steps).unwrap_err().to_string();
        assert!(message.contains("--mark-applied 1") && message.contains("select 1"), "{message}");
    }
}
