//! Where the users of a list are read from: an index that is in the order of the list, or one that knows the few users whom a
//! filter lets through.

use super::filters::MAX_IDS;
use super::sort::{Key, Position, Sort};
use super::sql::Sql;
use super::{Filters, MAX_EXAMINED};
use crate::accounts::Status;

/// A filter that an index answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IndexedFilter {
    Ids,
    Prefix,
    Created,
    Role,
    Disabled,
    /// None: there may be few users in all.
    Everybody,
}

impl IndexedFilter {
    /// Those of a list, those that let the fewest through first. An account without a row is active, so there is no index of the
    /// active ones.
    pub(super) fn of(filters: &Filters) -> impl Iterator<Item = Self> {
        let all = [
            (Self::Ids, filters.ids.is_some()),
            (Self::Disabled, filters.status == Some(Status::Disabled)),
            (Self::Role, filters.role.is_some()),
            (Self::Prefix, filters.prefix.is_some()),
            (Self::Created, !filters.created.is_open()),
        ];
        all.into_iter().filter(|(_, is_there)| *is_there).map(|(narrow, _)| narrow)
    }

    /// What the users of a list can be counted among, if they are few.
    pub(super) fn countable(filters: &Filters) -> impl Iterator<Item = Self> {
        Self::of(filters).chain([Self::Everybody])
    }

    /// The ids that the index has, or more of them than are looked at.
    pub(super) fn found<'a>(self, filters: &'a Filters, pattern: &'a str) -> Sql<'a> {
        let mut sql = Sql::default();
        // While the ids are counted and read, others may be added.
        let limit = 2 * MAX_EXAMINED;
        match self {
            Self::Ids => {
                let places = ["?"; MAX_IDS].join(", ");
                sql.add("select user_id from users where user_id in (").add(&places).add(")");
                for id in filters.ids.iter().flat_map(super::filters::Ids::padded) {
                    sql.bind(id);
                }
            }
            Self::Prefix => {
                let columns = [("username", ""), ("email", " union "), ("full_name", " union ")];
                for (column, union) in columns {
                    sql.add(union)
                        .add("select user_id from (select user_id from users")
                        .either(&format!(" force index (idx_{column})"), "")
                        .add(&format!(" where {column} like ? escape '!' limit ?) as by_{column}"))
                        .bind(pattern)
                        .bind(limit);
                }
            }
            Self::Created => {
                sql.add("select user_id from users")
                    .either(" force index (idx_created_at)", " indexed by idx_created_at")
                    .add(" where true");
                created(&mut sql, filters, "users.created_at");
                sql.add(" limit ?").bind(limit);
            }
            Self::Role => {
                sql.add("select user_id from user_roles where role = ? limit ?");
                sql.bind(filters.role.as_ref().map(crate::access::RoleName::as_str)).bind(limit);
            }
            Self::Disabled => {
                sql.add("select user_id from accounts where status = 'disabled' limit ?").bind(limit);
            }
            Self::Everybody => {
                sql.add("select user_id from users")
                    .either(" force index (primary)", "")
                    .add(" where user_id > 0 limit ?")
                    .bind(limit);
            }
        }
        sql
    }
}

/// What a walk reads in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexScan {
    pub(super) sort: Sort,
    /// The filter that the index has, too, in the order of `user_id`.
    pub(super) narrow: Option<IndexedFilter>,
}

impl IndexScan {
    /// The best index for a list.
    pub(super) fn of(sort: Sort, filters: &Filters) -> Self {
        let narrow = match sort.key {
            Key::UserId if filters.role.is_some() => Some(IndexedFilter::Role),
            Key::UserId if filters.status == Some(Status::Disabled) => Some(IndexedFilter::Disabled),
            Key::CreatedAt if !filters.created.is_open() => Some(IndexedFilter::Created),
            _ => None,
        };
        Self { sort, narrow }
    }

    /// The index, named so that no statistics can suggest another; without what is in the users alone if they are not wanted.
    pub(super) fn from(self, with_users: bool) -> (&'static str, &'static str) {
        let (mysql, sqlite) = match (self.narrow, self.sort.key) {
            (Some(IndexedFilter::Role), _) => (
                "user_roles force index (idx_role) straight_join users on users.user_id = user_roles.user_id",
                "user_roles indexed by idx_user_roles_role cross join users on users.user_id = user_roles.user_id",
            ),
            (Some(IndexedFilter::Disabled), _) => (
                "accounts force index (idx_status) straight_join users on users.user_id = accounts.user_id",
                "accounts indexed by idx_accounts_status cross join users on users.user_id = accounts.user_id",
            ),
            (_, Key::UserId) => ("users force index (primary)", "users not indexed"),
            (_, Key::CreatedAt) => ("users force index (idx_created_at)", "users indexed by idx_created_at"),
            (_, Key::Username) => ("users force index (idx_username)", "users"),
            (_, Key::Email) => ("users force index (idx_email)", "users"),
        };
        if with_users {
            return (mysql, sqlite);
        }
        let index = |text: &'static str, join| text.split_once(join).map_or(text, |(index, _)| index);
        (index(mysql, " straight_join"), index(sqlite, " cross join"))
    }

    /// The column that is read in order.
    const fn column(self) -> &'static str {
        match (self.narrow, self.sort.key) {
            (Some(IndexedFilter::Role), _) => "user_roles.user_id",
            (Some(IndexedFilter::Disabled), _) => "accounts.user_id",
            (_, key) => column(key),
        }
    }

    /// The id in the index.
    pub(super) const fn id(self) -> &'static str {
        match self.narrow {
            Some(IndexedFilter::Role) => "user_roles.user_id",
            Some(IndexedFilter::Disabled) => "accounts.user_id",
            _ => "users.user_id",
        }
    }

    /// The part of the index that is read: behind one place, up to another.
    pub(super) fn range<'a>(
        self,
        sql: &mut Sql<'a>,
        filters: &'a Filters,
        from: Option<&'a Position>,
        to: Option<&'a Position>,
    ) {
        match self.narrow {
            Some(IndexedFilter::Role) => {
                let role = filters.role.as_ref().map(crate::access::RoleName::as_str);
                sql.add(" and user_roles.role = ?").bind(role);
            }
            Some(IndexedFilter::Disabled) => {
                sql.add(" and accounts.status = 'disabled'");
            }
            _ => {}
        }
        let (behind, up_to) = if self.sort.descending { ("<", ">=") } else { (">", "<=") };
        compare(sql, self.column(), behind, from);
        compare(sql, self.column(), up_to, to);
    }

    /// `order by …`
    pub(super) fn order(self, sql: &mut Sql<'_>) {
        order(sql, self.column(), self.sort);
    }
}

pub(super) const fn column(key: Key) -> &'static str {
    match key {
        Key::UserId => "users.user_id",
        Key::CreatedAt => "users.created_at",
        Key::Username => "users.username",
        Key::Email => "users.email",
    }
}

/// `order by …`, in which no two users are equal.
pub(super) fn order(sql: &mut Sql<'_>, column: &str, sort: Sort) {
    let direction = if sort.descending { " desc" } else { "" };
    sql.add(&format!(" order by {column}{direction}"));
    if sort.key == Key::CreatedAt {
        sql.add(&format!(", users.user_id{direction}"));
    }
}

/// Compares a column, and for times the id as well, with a place.
pub(super) fn compare<'a>(sql: &mut Sql<'a>, column: &str, operator: &str, place: Option<&'a Position>) {
    match place {
        None => {}
        Some(Position::Id(id)) => {
            sql.add(&format!(" and {column} {operator} ?")).bind(*id);
        }
        Some(Position::Text(text)) => {
            sql.add(&format!(" and {column} {operator} ?")).bind(text.as_str());
        }
        // MySQL makes no range of a comparison of rows, and SQLite none of an `or`. The plus keeps SQLite from beginning at the first
        // user of the second, and so does the collation, without which it seeks no id in a row.
        Some(Position::Time(time, id)) => {
            let strict = &operator[..1];
            sql.either(
                &format!(" and ({column} {strict} ? or ({column} = ? and users.user_id {operator} ?))"),
                &format!(" and +{column} {strict}= ? and ({column}, users.user_id) {operator} (?, ? collate binary)"),
            );
            sql.bind(*time).bind(*time).bind(*id);
        }
    }
}

/// The span of time, as a condition.
pub(super) fn created<'a>(sql: &mut Sql<'a>, filters: &'a Filters, column: &str) {
    if let Some(first) = filters.created.first {
        sql.add(&format!(" and {column} >= ?")).bind(first);
    }
    if let Some(last) = filters.created.last {
        sql.add(&format!(" and {column} <= ?")).bind(last);
    }
}
