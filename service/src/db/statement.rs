//! Statements as values: their SQL, their retry safety, and the values that are bound to them.

use chrono::{DateTime, Utc};

/// One SQL statement of a repository, with its name in the log.
///
/// Placeholders are `?`, in the order of the values. The text is MySQL's, and SQLite's too unless [`Self::on_sqlite`]
/// gives it another.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(super) name: &'static str,
    mysql: &'static str,
    sqlite: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    IdempotentWrite,
}

impl Statement {
    /// A statement that changes nothing. It is sent again after a lost connection.
    #[must_use]
    pub(crate) const fn read(name: &'static str, sql: &'static str) -> Self {
        Self { name, mysql: sql, sqlite: sql, kind: Kind::Read }
    }

    /// A statement that changes something. It is never sent again after a lost connection: it may have been carried out.
    #[must_use]
    pub(crate) const fn write(name: &'static str, sql: &'static str) -> Self {
        Self { name, mysql: sql, sqlite: sql, kind: Kind::Write }
    }

    /// A statement whose second run changes nothing more and returns the same. It is sent again after a lost connection.
    #[must_use]
    pub(crate) const fn idempotent_write(name: &'static str, sql: &'static str) -> Self {
        Self { name, mysql: sql, sqlite: sql, kind: Kind::IdempotentWrite }
    }

    /// The same with another text for SQLite, where the dialects differ.
    #[must_use]
    pub(crate) const fn on_sqlite(self, sql: &'static str) -> Self {
        Self { sqlite: sql, ..self }
    }

    pub(super) const fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Mysql => self.mysql,
            Dialect::Sqlite => self.sqlite,
        }
    }

    /// Whether it may be sent again when it is unknown whether it was carried out.
    pub(super) const fn is_idempotent(&self) -> bool {
        matches!(self.kind, Kind::Read | Kind::IdempotentWrite)
    }

    pub(super) const fn access(&self) -> Access {
        match self.kind {
            Kind::Read => Access::Read,
            Kind::Write | Kind::IdempotentWrite => Access::Write,
        }
    }
}

/// Which SQL a database speaks. MariaDB speaks MySQL's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Mysql,
    Sqlite,
}

/// What a connection is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// A value that is bound to a placeholder.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// `null`, of any type.
    Null,
    /// On SQLite 0 or 1.
    Bool(bool),
    /// Every whole number.
    Int(i64),
    /// Text in UTF-8.
    Text(&'a str),
    /// Octets: `binary`, `varbinary` or `blob`.
    Bytes(&'a [u8]),
    /// A time in whole seconds: `timestamp` or `datetime`; on SQLite text in RFC 3339. A finer time is best kept as a
    /// number of milliseconds, which compares alike on every database.
    Time(DateTime<Utc>),
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl From<DateTime<Utc>> for Value<'_> {
    fn from(value: DateTime<Utc>) -> Self {
        Self::Time(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a statement that returns no rows has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// The rows that its `where` found, or that it inserted. On MySQL too these are not the rows that it changed
    /// (`CLIENT_FOUND_ROWS`).
    pub rows: u64,
    /// The id that the database gave an inserted row.
    pub last_insert_id: u64,
}

/// The number that a write computes, which is how one statement both decides and tells what it decided: on MySQL the
/// argument of `last_insert_id(expression)`, which comes with the acknowledgement, on SQLite the one value of `returning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Computed(pub i64);
