//! The statements of a list.

use super::sort::{Position, Sort};
use super::source::{self, IndexScan, IndexedFilter, column, compare, created, order};
use super::sql::Sql;
use super::{Filters, MAX_EXAMINED};
use crate::access::RoleName;
use crate::accounts::Status;

const COLUMNS: &str =
    "select users.user_id, users.username, users.email, users.full_name, users.created_at from ";

/// A list whose statements are wanted, with what they borrow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statements<'a> {
    pub(super) sort: Sort,
    pub(super) filters: &'a Filters,
    /// That of the prefix; empty if there is none.
    pub(super) pattern: &'a str,
}

impl<'a> Statements<'a> {
    /// How many users an index has for a filter, but for those that are far too many.
    pub(super) fn count(self, narrow: IndexedFilter) -> Sql<'a> {
        let mut sql = Sql::default();
        sql.add("select count(*) as users from (");
        sql.append(narrow.found(self.filters, self.pattern)).add(") as found");
        sql
    }

    /// A page of the few users whom an index has for a filter, put in order.
    pub(super) fn gathered(self, narrow: IndexedFilter, from: Option<&'a Position>, limit: i64) -> Sql<'a> {
        let mut sql = Sql::default();
        sql.add(COLUMNS);
        self.among(&mut sql, narrow);
        let behind = if self.sort.descending { "<" } else { ">" };
        compare(&mut sql, column(self.sort.key), behind, from);
        order(&mut sql, column(self.sort.key), self.sort);
        sql.add(" limit ?").bind(limit);
        sql
    }

    /// How many of the users whom an index has for a filter are in the list.
    pub(super) fn total(self, narrow: IndexedFilter) -> Sql<'a> {
        let mut sql = Sql::default();
        sql.add("select count(*) as users from ");
        self.among(&mut sql, narrow);
        sql
    }

    fn among(self, sql: &mut Sql<'a>, narrow: IndexedFilter) {
        sql.add("(").append(narrow.found(self.filters, self.pattern));
        sql.either(
            ") as found straight_join users on users.user_id = found.user_id where true",
            ") as found cross join users on users.user_id = found.user_id where true",
        );
        self.filter(sql, Some(narrow));
    }

    /// The last user whom a walk from this place looks at; none if the list ends before.
    pub(super) fn edge(
        self,
        driver: IndexScan,
        from: Option<&'a Position>,
        to: Option<&'a Position>,
    ) -> Sql<'a> {
        let mut sql = Sql::default();
        let (mysql, sqlite) = driver.from(false);
        sql.add(COLUMNS).add("(select ").add(driver.id()).add(" as user_id from ").either(mysql, sqlite);
        sql.add(" where true");
        driver.range(&mut sql, self.filters, from, to);
        driver.order(&mut sql);
        sql.add(" limit 1 offset ?").bind(MAX_EXAMINED - 1);
        sql.either(
            ") as edge straight_join users on users.user_id = edge.user_id",
            ") as edge cross join users on users.user_id = edge.user_id",
        );
        sql
    }

    /// A page of a walk from one place to another.
    pub(super) fn walked(
        self,
        driver: IndexScan,
        from: Option<&'a Position>,
        to: Option<&'a Position>,
        limit: i64,
    ) -> Sql<'a> {
        let mut sql = Sql::default();
        let (mysql, sqlite) = driver.from(true);
        sql.add(COLUMNS).either(mysql, sqlite).add(" where true");
        driver.range(&mut sql, self.filters, from, to);
        self.filter(&mut sql, driver.narrow);
        driver.order(&mut sql);
        sql.add(" limit ?").bind(limit);
        sql
    }

    /// Whether a walk meets users who are not in the list.
    pub(super) fn leaves_out(self, driver: IndexScan) -> bool {
        let mut sql = Sql::default();
        self.filter(&mut sql, driver.narrow);
        !sql.is_empty()
    }

    /// Whether the list has every user.
    pub(super) fn is_of_everybody(self) -> bool {
        *self.filters == Filters::default()
    }

    /// The filters but for one, which the index has already. They are not to choose an index: so the pluses, which keep SQLite from
    /// it, and subqueries for values, of which MySQL makes no joins.
    fn filter(self, sql: &mut Sql<'a>, but: Option<IndexedFilter>) {
        let is_wanted = |narrow| but != Some(narrow);
        if let Some(ids) = self.filters.ids.as_ref().filter(|_| is_wanted(IndexedFilter::Ids)) {
            sql.add(" and +users.user_id in (").add(&["?"; super::filters::MAX_IDS].join(", ")).add(")");
            for id in ids.padded() {
                sql.bind(id);
            }
        }
        if self.filters.prefix.is_some() && is_wanted(IndexedFilter::Prefix) {
            sql.add(
                " and (+users.username like ? escape '!' or +users.email like ? escape '!' or +users.full_name like ? escape '!')",
            );
            sql.bind(self.pattern).bind(self.pattern).bind(self.pattern);
        }
        if is_wanted(IndexedFilter::Created) {
            created(sql, self.filters, "+users.created_at");
        }
        self.filter_accounts(sql, but);
    }

    fn filter_accounts(self, sql: &mut Sql<'a>, but: Option<IndexedFilter>) {
        if let Some(status) = self.filters.status
            && but != Some(IndexedFilter::Disabled)
        {
            sql.add(
                " and coalesce((select state.status from accounts as state where state.user_id = users.user_id), 'active') = ?",
            );
            sql.bind(Status::as_str(status));
        }
        if let Some(role) = self.filters.role.as_ref()
            && but != Some(source::IndexedFilter::Role)
        {
            sql.add(
                " and (select count(*) from user_roles as held where held.user_id = users.user_id and held.role = ?) = 1",
            );
            sql.bind(RoleName::as_str(role));
        }
        if let Some(verified) = self.filters.email_verified {
            sql.add(" and (select count(*) from proved_addresses as proved where proved.user_id = users.user_id and ");
            sql.either(
                "cast(lower(proved.email) as binary) = cast(lower(users.email) as binary)",
                "proved.email = users.email collate nocase",
            );
            sql.add(") = ?").bind(i64::from(verified));
        }
    }
}
