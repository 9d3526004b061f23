//! A connection to either database, and how it runs a statement.

use std::pin::Pin;

#[cfg(feature = "sqlite")]
use chrono::SecondsFormat;
use sqlx::mysql::MySqlArguments;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, Connection as _, Executor as _, MySqlConnection, query_with};

use super::error::{Error, Invalidation};
use super::outcome::{Answer, Rows, Wanted};
use super::statement::{Dialect, Value, Written};

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

    /// Runs a statement with the values that were bound.
    pub(super) async fn run(&mut self, sql: &'static str, wanted: Wanted) -> Result<Answer, sqlx::Error> {
        match self {
            Self::Mysql(Driver { connection, arguments }) => {
                let query = query_with(sql, std::mem::take(arguments));
                Ok(match wanted {
                    Wanted::First => Answer::Mysql(Rows::First(query.fetch_optional(connection).await?)),
                    Wanted::All => Answer::Mysql(Rows::All(query.fetch_all(connection).await?)),
                    Wanted::None => {
                        let done = query.execute(connection).await?;
                        let (rows, last_insert_id) = (done.rows_affected(), done.last_insert_id());
                        Answer::Written(Written { rows, last_insert_id })
                    }
                })
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite(Driver { connection, arguments }) => {
                let query = query_with(sql, std::mem::take(arguments));
                Ok(match wanted {
                    Wanted::First => Answer::Sqlite(Rows::First(query.fetch_optional(connection).await?)),
                    Wanted::All => Answer::Sqlite(Rows::All(query.fetch_all(connection).await?)),
                    Wanted::None => {
                        let done = query.execute(connection).await?;
                        let last_insert_id = u64::try_from(done.last_insert_rowid()).unwrap_or_default();
                        Answer::Written(Written { rows: done.rows_affected(), last_insert_id })
                    }
                })
            }
        }
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
