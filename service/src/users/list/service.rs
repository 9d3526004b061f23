//! The use case of a walk: which index it takes, and its page.

use std::sync::Arc;

use axum::extract::FromRef;
use sqlx::FromRow;

use super::cursor::{Coder, PURPOSE, Presented, invalid};
use super::filters::Prefix;
use super::query::Walk;
use super::sort::{Key, Position};
use super::source::{IndexScan, IndexedFilter};
use super::sql::Sql;
use super::statements::Statements;
use super::{MAX_EXAMINED, Sort};
use crate::app_state::AppState;
use crate::db::{self, Database, Executor};
use crate::field::FieldError;
use crate::http::Problem;
use crate::keys::{self, KeyRing};
use crate::users::User;
use crate::users::repository::{self, UserRow};

/// Lists of users.
#[derive(Clone)]
pub(crate) struct Lists {
    database: Database,
    /// What cursors are made with; none with `ACCESS=open`.
    keys: Option<KeyRing>,
}

impl FromRef<Arc<AppState>> for Lists {
    fn from_ref(state: &Arc<AppState>) -> Self {
        let keys = state.accounts.as_ref().map(|accounts| accounts.tokens.keys().clone());
        Self { database: state.database.clone(), keys }
    }
}

/// A page of a walk.
#[derive(Debug)]
pub(crate) struct WalkedPage {
    /// In the order that was asked for.
    pub(crate) users: Vec<User>,
    /// How many there are in all, if that was asked for and could be counted.
    pub(crate) total: Option<u64>,
    /// Where the next page begins; none after the last.
    pub(crate) next: Option<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The cursor is none of this list.
    #[error("the cursor is not accepted")]
    Cursor(FieldError),
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Cursor(error) => Self::invalid(vec![error]),
            Error::Keys(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}

#[derive(Debug, FromRow)]
struct Count {
    users: i64,
}

/// Which way a page is found.
enum Plan {
    /// All users of an index, put in order.
    Gather(IndexedFilter),
    /// A part of an index that is in order.
    Walk(IndexScan),
}

impl Lists {
    /// A page of a walk.
    ///
    /// # Errors
    /// [`Error::Cursor`].
    pub(crate) async fn page(&self, walk: &Walk) -> Result<WalkedPage, Error> {
        let from = self.begin(walk).await?;
        let pattern = walk.filters.prefix.as_ref().map(Prefix::pattern).unwrap_or_default();
        let statements = Statements { sort: walk.sort, filters: &walk.filters, pattern: &pattern };
        let way = self.way(statements).await?;
        let (users, next) = match way {
            Plan::Gather(narrow) => self.gather(statements, narrow, from, walk.page_size).await?,
            Plan::Walk(driver) => self.walk(statements, driver, from, walk.page_size).await?,
        };
        let total = if walk.total { self.total(statements, &way).await? } else { None };
        let next = match next {
            Some(next) => Some(self.coder().await?.encode(walk.sort, &walk.filters, &next)),
            None => None,
        };
        Ok(WalkedPage { users, total, next })
    }

    /// The place that the cursor says.
    async fn begin(&self, walk: &Walk) -> Result<Option<Position>, Error> {
        let Some(presented) = &walk.after else { return Ok(None) };
        if !self.is_genuine(presented).await? {
            return Err(Error::Cursor(invalid().at("after")));
        }
        let position = presented.position(walk.sort, &walk.filters);
        position.map(Some).map_err(|invalid| Error::Cursor(invalid.at("after")))
    }

    async fn is_genuine(&self, presented: &Presented) -> Result<bool, Error> {
        let Some(keys) = &self.keys else { return Ok(presented.is_of(&Coder::Open)) };
        let has_made = |key| presented.is_of(&Coder::Keyed(Box::new(key)));
        Ok(keys.mac_keys().await?.accepted(PURPOSE).any(has_made)
            || keys.reload_mac_keys().await?.accepted(PURPOSE).any(has_made))
    }

    async fn coder(&self) -> Result<Coder, Error> {
        let Some(keys) = &self.keys else { return Ok(Coder::Open) };
        Ok(Coder::Keyed(Box::new(keys.mac_keys().await?.derive(PURPOSE))))
    }

    /// A walk that passes nobody over is the best way. Else the users of a filter are gathered, if they are few.
    async fn way(&self, statements: Statements<'_>) -> Result<Plan, Error> {
        let driver = IndexScan::of(statements.sort, statements.filters);
        if !statements.leaves_out(driver) {
            return Ok(Plan::Walk(driver));
        }
        for narrow in IndexedFilter::of(statements.filters) {
            if narrow == IndexedFilter::Ids || self.count(statements.count(narrow)).await? <= MAX_EXAMINED {
                return Ok(Plan::Gather(narrow));
            }
        }
        Ok(Plan::Walk(driver))
    }

    async fn gather(
        &self,
        statements: Statements<'_>,
        narrow: IndexedFilter,
        from: Option<Position>,
        size: u64,
    ) -> Result<(Vec<User>, Option<Position>), Error> {
        let limit = limit(size);
        let users = self.users("users.gather", statements.gathered(narrow, from.as_ref(), limit + 1)).await?;
        Ok(cut(users, statements.sort.key, limit, None))
    }

    async fn walk(
        &self,
        statements: Statements<'_>,
        driver: IndexScan,
        from: Option<Position>,
        size: u64,
    ) -> Result<(Vec<User>, Option<Position>), Error> {
        let (first, last) = ends(driver, statements);
        let (from, limit) = (from.or(first), limit(size));
        let mut edge = None;
        if statements.leaves_out(driver) {
            let last = statements.edge(driver, from.as_ref(), last.as_ref());
            let last = self.users("users.walk_edge", last).await?;
            edge = last.first().map(|user| Position::of(user, statements.sort.key));
        }
        let to = edge.as_ref().or(last.as_ref());
        let users = self.users("users.walk", statements.walked(driver, from.as_ref(), to, limit + 1)).await?;
        Ok(cut(users, statements.sort.key, limit, edge))
    }

    /// The number of all users, as a page of the other kind has it, or of those who are gathered, or who can be found among few.
    async fn total(&self, statements: Statements<'_>, way: &Plan) -> Result<Option<u64>, Error> {
        let count = match *way {
            Plan::Gather(narrow) => self.count(statements.total(narrow)).await?,
            Plan::Walk(IndexScan { narrow: None, .. }) if statements.is_of_everybody() => {
                return Ok(Some(repository::count(&self.database).await?));
            }
            Plan::Walk(_) => match self.count_among_few(statements).await? {
                Some(count) => count,
                None => return Ok(None),
            },
        };
        Ok(u64::try_from(count).ok())
    }

    async fn count_among_few(&self, statements: Statements<'_>) -> Result<Option<i64>, Error> {
        for narrow in IndexedFilter::countable(statements.filters) {
            if self.count(statements.count(narrow)).await? <= MAX_EXAMINED {
                return Ok(Some(self.count(statements.total(narrow)).await?));
            }
        }
        Ok(None)
    }

    async fn users(&self, name: &'static str, sql: Sql<'_>) -> Result<Vec<User>, db::Error> {
        let (statement, values) = sql.finish(name);
        let rows: Vec<UserRow> = (&self.database).run(statement, &values).await?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn count(&self, sql: Sql<'_>) -> Result<i64, db::Error> {
        let (statement, values) = sql.finish("users.count_list");
        let row: Option<Count> = (&self.database).run(statement, &values).await?;
        Ok(row.map_or(0, |row| row.users))
    }
}

fn limit(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// The ends of the part of an index that a span of time is.
fn ends(driver: IndexScan, statements: Statements<'_>) -> (Option<Position>, Option<Position>) {
    if driver.narrow != Some(IndexedFilter::Created) {
        return (None, None);
    }
    let created = statements.filters.created;
    let first = created.first.map(|time| (time, 0));
    let last = created.last.map(|time| (time, u32::MAX));
    let Sort { descending, .. } = statements.sort;
    let (from, to) = if descending { (last, first) } else { (first, last) };
    let place = |end: Option<_>| end.map(|(time, id)| Position::Time(time, id));
    (place(from), place(to))
}

/// The page, and where the next begins: behind its last user if there is another, or else where the walk stopped looking.
fn cut(mut users: Vec<User>, key: Key, limit: i64, edge: Option<Position>) -> (Vec<User>, Option<Position>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if users.len() <= limit {
        return (users, edge);
    }
    users.truncate(limit);
    let next = users.last().map(|user| Position::of(user, key));
    (users, next)
}
