//! SQL put together from whole clauses, for both dialects, with the values in their order.
//!
//! Which clauses a statement has depends on the request. There are finitely many of them, so each statement that has been needed
//! is kept for as long as the process lives, and no value is ever part of its text.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::db::{Statement, Value};

static STATEMENTS: LazyLock<Mutex<HashMap<String, &'static Statement>>> = LazyLock::new(Mutex::default);

/// A statement that is being put together.
#[derive(Debug, Clone, Default)]
pub(super) struct Sql<'a> {
    mysql: String,
    sqlite: String,
    values: Vec<Value<'a>>,
}

impl<'a> Sql<'a> {
    /// Adds a clause that is the same in both dialects.
    pub(super) fn add(&mut self, clause: &str) -> &mut Self {
        self.either(clause, clause)
    }

    /// Adds a clause that is not. It has as many places for values in both.
    pub(super) fn either(&mut self, mysql: &str, sqlite: &str) -> &mut Self {
        self.mysql.push_str(mysql);
        self.sqlite.push_str(sqlite);
        self
    }

    /// Adds the value of the next place.
    pub(super) fn bind(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.values.push(value.into());
        self
    }

    /// Adds another statement as a part of this one.
    pub(super) fn append(&mut self, part: Self) -> &mut Self {
        self.either(&part.mysql, &part.sqlite);
        self.values.extend(part.values);
        self
    }

    /// Whether there is nothing in it yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.mysql.is_empty()
    }

    /// The statement, and its values.
    pub(super) fn finish(self, name: &'static str) -> (&'static Statement, Vec<Value<'a>>) {
        let mut statements = STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = statements.get(&self.mysql) {
            return (statement, self.values);
        }
        let (mysql, sqlite): (&'static str, &'static str) = (self.mysql.clone().leak(), self.sqlite.leak());
        let statement: &'static Statement =
            Box::leak(Box::new(Statement::read(name, mysql).on_sqlite(sqlite)));
        statements.insert(self.mysql, statement);
        (statement, self.values)
    }
}
