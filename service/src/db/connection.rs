//! A connection to either database, and how it runs a statement.

use std::pin::Pin;

#[cfg(feature = "sqlite")]
use chrono::SecondsFormat;
use sqlx::mysql::{MySqlArguments, MySqlRow};
#[cfg(feature = "sqlite")]
use sqlx::query_scalar_with;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, Connection as _, Executor as _, FromRow, MySqlConnection, query_as_with, query_with};

use super::error::{Error, Invalidation};
use super::statement::{Computed, Dialect, Value, Written};

/// A connection and the values for its next statement.
#[derive(Debug)]
pub(crate) enum Connection {
    Mysql(Driver<MySqlConnection, MySqlArguments>),
    #[cfg(feature = "sqlite")]
    Sqlite(Driver<SqliteConnection, SqliteArguments<'static>>),
}

#[derive(Debug)]
pub(crate) struct Driver<C, A> {
    connection: C,
    arguments: A,
}

impl<C, A: Default> From<C> for Driver<C, A> {
    fn from(connection: C) -> Self {
        Self { connection, arguments: A::default() }
    }
}

/// Runs the same expression with the driver of either database.
macro_rules! with_driver {
    ($connection:expr, |$driver:ident| $run:expr) => {
        match $connection {
            Connection::Mysql($driver) => $run,
            #[cfg(feature = "sqlite")]
            Connection::Sqlite($driver) => $run,
        }
    };
}

impl Connection {
    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Mysql(_) => Dialect::Mysql,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Binds the values for the next statement.
    pub(super) fn bind(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        let bound = match self {
            Self::Mysql(driver) => mysql_arguments(values).map(|arguments| driver.arguments = arguments),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(driver) => sqlite_arguments(values).map(|arguments| driver.arguments = arguments),
        };
        bound.map_err(Error::Internal)
    }

    /// Runs a statement without values that returns no rows, such as `commit`.
    ///
    /// Returns the driver's future boxed: as an `async fn` this would not be accepted as `Send` by the compiler
    /// (rust-lang/rust#154523).
    pub(super) fn command(
        &mut self,
        sql: &'static str,
    ) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + '_>> {
        with_driver!(self, |driver| {
            let done = driver.connection.execute(sql);
            Box::pin(async move { done.await.map(drop) })
        })
    }

    pub(super) async fn ping(&mut self) -> Result<(), sqlx::Error> {
        with_driver!(self, |driver| driver.connection.ping().await)
    }

    /// What an error of this connection means, and which connections it invalidates.
    pub(super) fn classify(&self, error: sqlx::Error) -> (Error, Invalidation) {
        match self {
            Self::Mysql(_) => super::mysql::classify(error),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => super::sqlite::classify(error),
        }
    }
}

fn mysql_arguments(values: &[Value<'_>]) -> Result<MySqlArguments, super::Cause> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        match *value {
            Value::Null => arguments.add(None::<String>)?,
            Value::Bool(value) => arguments.add(value)?,
            Value::Int(value) => arguments.add(value)?,
            Value::Text(value) => arguments.add(value)?,
            Value::Bytes(value) => arguments.add(value)?,
            Value::Time(value) => arguments.add(value)?,
        }
    }
    Ok(arguments)
}

#[cfg(feature = "sqlite")]
fn sqlite_arguments(values: &[Value<'_>]) -> Result<SqliteArguments<'static>, super::Cause> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match *value {
            Value::Null => arguments.add(None::<String>)?,
            Value::Bool(value) => arguments.add(value)?,
            Value::Int(value) => arguments.add(value)?,
            Value::Text(value) => arguments.add(value.to_owned())?,
            Value::Bytes(value) => arguments.add(value.to_owned())?,
            Value::Time(value) => arguments.add(value.to_rfc3339_opts(SecondsFormat::Secs, true))?,
        }
    }
    Ok(arguments)
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
    /// Runs a statement with the values that were bound.
    fn run(
        connection: &mut Connection,
        sql: &'static str,
    ) -> impl Future<Output = Result<Self, sqlx::Error>> + Send;
}

impl<R: Record> Outcome for Option<R> {
    async fn run(connection: &mut Connection, sql: &'static str) -> Result<Self, sqlx::Error> {
        with_driver!(connection, |driver| {
            let arguments = std::mem::take(&mut driver.arguments);
            query_as_with(sql, arguments).fetch_optional(&mut driver.connection).await
        })
    }
}

impl<R: Record> Outcome for Vec<R> {
    async fn run(connection: &mut Connection, sql: &'static str) -> Result<Self, sqlx::Error> {
        with_driver!(connection, |driver| {
            let arguments = std::mem::take(&mut driver.arguments);
            query_as_with(sql, arguments).fetch_all(&mut driver.connection).await
        })
    }
}

impl Outcome for Written {
    async fn run(connection: &mut Connection, sql: &'static str) -> Result<Self, sqlx::Error> {
        match connection {
            Connection::Mysql(driver) => {
                let arguments = std::mem::take(&mut driver.arguments);
                let done = query_with(sql, arguments).execute(&mut driver.connection).await?;
                Ok(Self { rows: done.rows_affected(), last_insert_id: done.last_insert_id() })
            }
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(driver) => {
                let arguments = std::mem::take(&mut driver.arguments);
                let done = query_with(sql, arguments).execute(&mut driver.connection).await?;
                let id = u64::try_from(done.last_insert_rowid()).unwrap_or_default();
                Ok(Self { rows: done.rows_affected(), last_insert_id: id })
            }
        }
    }
}

impl Outcome for Computed {
    async fn run(connection: &mut Connection, sql: &'static str) -> Result<Self, sqlx::Error> {
        match connection {
            Connection::Mysql(_) => {
                let Written { last_insert_id, .. } = Written::run(connection, sql).await?;
                i64::try_from(last_insert_id).map(Self).map_err(|error| sqlx::Error::Decode(error.into()))
            }
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(driver) => {
                let arguments = std::mem::take(&mut driver.arguments);
                query_scalar_with(sql, arguments).fetch_one(&mut driver.connection).await.map(Self)
            }
        }
    }
}
