//! What a statement returns, read from the driver's answer.
//!
//! Whatever is generic over the type of the rows is compiled once for each, and the futures of the drivers are large. So
//! they give an answer of one type, and the rows are read from it afterwards.

#[cfg(feature = "sqlite")]
use sqlx::Row;
use sqlx::mysql::MySqlRow;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, FromRow};

use super::statement::{Computed, Dialect, Written};

/// What is wanted of a statement's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The first.
    First,
    /// All of them.
    All,
    /// It has none.
    None,
}

/// What a driver answers.
pub(crate) enum Answer {
    Mysql(Rows<MySqlRow>),
    #[cfg(feature = "sqlite")]
    Sqlite(Rows<SqliteRow>),
    Written(Written),
}

/// The rows as they were wanted.
pub(crate) enum Rows<R> {
    First(Option<R>),
    All(Vec<R>),
}

impl<R> Rows<R> {
    fn first(self) -> Option<R> {
        match self {
            Self::First(row) => row,
            Self::All(rows) => rows.into_iter().next(),
        }
    }

    fn all(self) -> Vec<R> {
        match self {
            Self::First(row) => row.into_iter().collect(),
            Self::All(rows) => rows,
        }
    }
}

/// A row that can be read from either database; `#[derive(sqlx::FromRow)]` makes one.
#[cfg(feature = "sqlite")]
pub(crate) trait Record:
    for<'r> FromRow<'r, MySqlRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static
{
}
#[cfg(feature = "sqlite")]
impl<T> Record for T where
    T: for<'r> FromRow<'r, MySqlRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static
{
}

/// A row that can be read from the database; `#[derive(sqlx::FromRow)]` makes one.
#[cfg(not(feature = "sqlite"))]
pub(crate) trait Record: for<'r> FromRow<'r, MySqlRow> + Send + Unpin + 'static {}
#[cfg(not(feature = "sqlite"))]
impl<T> Record for T where T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin + 'static {}

/// What a statement can return: `Option<R>` for the first row, `Vec<R>` for all rows, [`Written`] for none,
/// [`Computed`] for a number.
pub(crate) trait Outcome: Sized + Send + 'static {
    /// What a driver is asked for.
    fn wanted(dialect: Dialect) -> Wanted;

    /// Reads the answer to that.
    ///
    /// # Errors
    /// If a column is missing, or holds what the type cannot.
    fn read(answer: Answer) -> Result<Self, Error>;
}

impl<R: Record> Outcome for Option<R> {
    fn wanted(_: Dialect) -> Wanted {
        Wanted::First
    }

    fn read(answer: Answer) -> Result<Self, Error> {
        match answer {
            Answer::Mysql(rows) => rows.first().map(|row| R::from_row(&row)).transpose(),
            #[cfg(feature = "sqlite")]
            Answer::Sqlite(rows) => rows.first().map(|row| R::from_row(&row)).transpose(),
            Answer::Written(_) => Err(another_answer()),
        }
    }
}

impl<R: Record> Outcome for Vec<R> {
    fn wanted(_: Dialect) -> Wanted {
        Wanted::All
    }

    fn read(answer: Answer) -> Result<Self, Error> {
        match answer {
            Answer::Mysql(rows) => rows.all().iter().map(R::from_row).collect(),
            #[cfg(feature = "sqlite")]
            Answer::Sqlite(rows) => rows.all().iter().map(R::from_row).collect(),
            Answer::Written(_) => Err(another_answer()),
        }
    }
}

impl Outcome for Written {
    fn wanted(_: Dialect) -> Wanted {
        Wanted::None
    }

    fn read(answer: Answer) -> Result<Self, Error> {
        match answer {
            Answer::Written(written) => Ok(written),
            Answer::Mysql(_) => Err(another_answer()),
            #[cfg(feature = "sqlite")]
            Answer::Sqlite(_) => Err(another_answer()),
        }
    }
}

impl Outcome for Computed {
    fn wanted(dialect: Dialect) -> Wanted {
        match dialect {
            Dialect::Mysql => Wanted::None,
            Dialect::Sqlite => Wanted::First,
        }
    }

    fn read(answer: Answer) -> Result<Self, Error> {
        match answer {
            Answer::Written(Written { last_insert_id, .. }) => {
                i64::try_from(last_insert_id).map(Self).map_err(|error| Error::Decode(error.into()))
            }
            #[cfg(feature = "sqlite")]
            Answer::Sqlite(rows) => rows.first().ok_or(Error::RowNotFound)?.try_get(0).map(Self),
            Answer::Mysql(_) => Err(another_answer()),
        }
    }
}

/// The driver did not do what was wanted of it.
fn another_answer() -> Error {
    Error::Decode("the driver gave another kind of answer than was wanted".into())
}
