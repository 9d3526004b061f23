//! Migrations: numbered, embedded in the executable, each one statement, each recorded before and after it runs.
//!
//! On MySQL a DDL statement commits by itself, so a process that is killed in between leaves a record that says
//! "started": nobody but a person can tell whether the statement took effect. With one statement a file that is a
//! matter of one look, and `migrate --mark-applied` or `--mark-pending` says what was seen.

use crate::store::{Cause, Error};

/// One step from one form of the schema to the next.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Counted from 1, the same on every database.
    pub number: u32,
    /// What it does, in a few words.
    pub name: &'static str,
    /// One statement.
    pub sql: &'static str,
}

/// What the database says about a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Whether its end was recorded too.
    pub finished: bool,
}

/// How far a database is.
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

/// A migration and how far the database is with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// How far the database is.
    pub state: State,
}

/// What is to be done about the migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Apply those that are pending.
    Apply,
    /// Only look.
    Status,
    /// Record that a half-applied one took effect.
    MarkApplied(u32),
    /// Record that a half-applied one did not take effect.
    MarkPending(u32),
}

/// Why the migrations could not be done.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database could not be used.
    #[error(transparent)]
    Store(#[from] Error),
    /// A statement failed. It took no effect.
    #[error("migration {number:04} {name} failed and took no effect")]
    Failed {
        /// Its number.
        number: u32,
        /// Its name.
        name: String,
        /// What the database says.
        #[source]
        cause: Cause,
    },
    /// A migration was begun and its end not recorded.
    #[error(
        "migration {number:04} {name} was begun, but not recorded as finished: the process was killed or lost its \
         connection. Look whether its statement took effect:\n\n{sql}\n\nIf it did, run `users-service migrate \
         --mark-applied {number}`; if not, `users-service migrate --mark-pending {number}`; then migrate again."
    )]
    HalfApplied {
        /// Its number.
        number: u32,
        /// Its name.
        name: String,
        /// Its statement.
        sql: String,
    },
    /// The number to be marked is not that of a half-applied migration.
    #[error(
        "migration {0:04} is not half-applied, so there is nothing to mark; `migrate --status` shows the states"
    )]
    NothingToMark(u32),
    /// Another process migrates the same database.
    #[error(
        "another process holds the migration lock and did not let go of it in {0} seconds; try again later"
    )]
    Locked(u64),
    /// Rows of an older service that the new unique keys would not allow side by side.
    #[error("the table users holds rows that the unique keys will not allow side by side. Nothing has been altered. \
             Change or remove all but one of each group, then migrate again:\n{}", .0.join("\n"))]
    Collisions(Vec<String>),
    /// The table `users` is not that of this service.
    #[error(
        "there is a table users already, and it is not that of this service: {0}. Nothing has been altered"
    )]
    ForeignTable(String),
}

/// Sets what the executable knows beside what the database records.
pub(super) fn steps(known: &[Migration], recorded: &[Recorded]) -> Vec<Step> {
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
pub(super) fn pending<'a>(
    known: &'a [Migration],
    steps: &[Step],
) -> Result<Vec<&'a Migration>, MigrateError> {
    let mut pending = Vec::new();
    for (migration, step) in known.iter().zip(steps) {
        match step.state {
            State::Pending => pending.push(migration),
            State::Applied | State::Newer => {}
            State::HalfApplied => {
                return Err(MigrateError::HalfApplied {
                    number: migration.number,
                    name: migration.name.to_owned(),
                    sql: migration.sql.trim().to_owned(),
                });
            }
        }
    }
    Ok(pending)
}

/// Holds the embedded migrations of a database against its folder, and its folder against the other's.
#[cfg(test)]
pub(super) fn assert_embeds(migrations: &[Migration], folder: &str) {
    let folders = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = |folder: &str| {
        let entries = std::fs::read_dir(folders.join(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let embedded: Vec<_> = migrations
        .iter()
        .map(|migration| format!("{:04}_{}.sql", migration.number, migration.name))
        .collect();
    assert_eq!(embedded, files(folder));
    assert_eq!(files("mysql"), files("sqlite"), "migrations come in pairs");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(number: u32, finished: bool) -> Recorded {
        Recorded { number, name: format!("step_{number}"), finished }
    }

    const KNOWN: &[Migration] = &[
        Migration { number: 1, name: "one", sql: "select 1" },
        Migration { number: 2, name: "two", sql: "select 2" },
    ];

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
    fn a_half_applied_migration_stops_everything_and_says_the_way_out() {
        let steps = steps(KNOWN, &[recorded(1, false)]);
        let message = pending(KNOWN, &steps).unwrap_err().to_string();
        assert!(message.contains("--mark-applied 1") && message.contains("select 1"), "{message}");
    }
}
