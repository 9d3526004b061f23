//! The statements of the users.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Email, FullName, NewUser, User, UserChanges, Username};
use crate::db::{Error, Executor, Statement, Written};
use crate::page::Page;
use crate::user_id::{OutOfRange, UserId};

/// One page of users, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Ordered by id.
    pub users: Vec<User>,
    /// All users, counted in the same snapshot as the page.
    pub total: u64,
}

impl Listing {
    /// The listing of at most one user.
    pub(super) fn of_one(user: Option<User>, page: Page) -> Self {
        let total = user.is_some().into();
        Self { users: user.into_iter().filter(|_| page.offset() == 0).collect(), total }
    }
}

const CREATE: Statement = Statement::write(
    "users.create",
    "insert into users (username, email, full_name, created_at) values (?, ?, ?, ?)",
);

/// Inserts a user and returns the new id.
pub(super) async fn create(
    executor: impl Executor,
    user: &NewUser,
    created_at: DateTime<Utc>,
) -> Result<UserId, Error> {
    let values = [
        user.username.as_str().into(),
        user.email.as_str().into(),
        user.full_name.as_ref().map(FullName::as_str).into(),
        created_at.into(),
    ];
    let inserted: Written = executor.run(&CREATE, &values).await?;
    user_id(inserted.last_insert_id)
}

const GET: Statement = Statement::read(
    "users.get",
    "select user_id, username, email, full_name, created_at from users where user_id = ?",
);

/// The user with this id.
pub(super) async fn get(executor: impl Executor, id: UserId) -> Result<Option<User>, Error> {
    let row: Option<UserRow> = executor.run(&GET, &[id.get().into()]).await?;
    row.map(User::try_from).transpose()
}

/// Page and total in one statement: one round trip, one snapshot. The outer joins keep the total of an empty page. The page
/// is found in the narrow index, so that the rows before it are not read.
const LIST: Statement = Statement::read(
    "users.list",
    "select total.users as total, users.user_id, users.username, users.email, users.full_name, users.created_at
     from (select count(*) as users from users force index (idx_user_id)) as total
     left join (
         select user_id from users force index (idx_user_id) order by user_id limit ? offset ?
     ) as page on true
     left join users on users.user_id = page.user_id
     order by page.user_id",
)
.on_sqlite(
    "select total.users as total, users.user_id, users.username, users.email, users.full_name, users.created_at
     from (select count(*) as users from users) as total
     left join (
         select user_id from users indexed by idx_user_id order by user_id limit ? offset ?
     ) as page on true
     left join users on users.user_id = page.user_id
     order by page.user_id",
);

/// A page of all users, ordered by id, with the exact total.
pub(super) async fn list(executor: impl Executor, page: Page) -> Result<Listing, Error> {
    let rows: Vec<ListRow> = executor.run(&LIST, &[page.limit().into(), page.offset().into()]).await?;
    let total = rows.first().map_or(0, |row| row.total.unsigned_abs());
    let rows = rows.into_iter().filter_map(ListRow::into_user_row);
    Ok(Listing { users: rows.map(User::try_from).collect::<Result<_, _>>()?, total })
}

const FIND_BY_USERNAME: Statement = Statement::read(
    "users.find_by_username",
    "select user_id, username, email, full_name, created_at from users where username = ?",
);

/// The user whose name is equal to this one under the unique key. For rows that are not ASCII the key may be laxer than
/// "the same ignoring case": the caller compares again.
pub(super) async fn find_by_username(executor: impl Executor, username: &str) -> Result<Option<User>, Error> {
    let row: Option<UserRow> = executor.run(&FIND_BY_USERNAME, &[username.into()]).await?;
    row.map(User::try_from).transpose()
}

const FIND_BY_EMAIL: Statement = Statement::read(
    "users.find_by_email",
    "select user_id, username, email, full_name, created_at from users where email = ?",
);

/// The same for an e-mail address.
pub(super) async fn find_by_email(executor: impl Executor, email: &str) -> Result<Option<User>, Error> {
    let row: Option<UserRow> = executor.run(&FIND_BY_EMAIL, &[email.into()]).await?;
    row.map(User::try_from).transpose()
}

/// A flag before each new value says whether to set it, so that a field can also be cleared.
const UPDATE: Statement = Statement::idempotent_write(
    "users.update",
    "update users
     set username = case when ? then ? else username end,
         email = case when ? then ? else email end,
         full_name = case when ? then ? else full_name end
     where user_id = ?",
);

/// Applies the changes; `false` if there is no such user.
pub(super) async fn update(
    executor: impl Executor,
    id: UserId,
    changes: &UserChanges,
) -> Result<bool, Error> {
    let values = [
        changes.username.is_some().into(),
        changes.username.as_ref().map(Username::as_str).into(),
        changes.email.is_some().into(),
        changes.email.as_ref().map(Email::as_str).into(),
        (!changes.full_name.is_keep()).into(),
        changes.full_name.as_ref().into_value().map(FullName::as_str).into(),
        id.get().into(),
    ];
    let updated: Written = executor.run(&UPDATE, &values).await?;
    Ok(updated.rows > 0)
}

const DELETE: Statement = Statement::write("users.delete", "delete from users where user_id = ?");

/// Removes the user; `false` if there was none.
pub(super) async fn delete(executor: impl Executor, id: UserId) -> Result<bool, Error> {
    let deleted: Written = executor.run(&DELETE, &[id.get().into()]).await?;
    Ok(deleted.rows > 0)
}

const COUNT: Statement =
    Statement::read("users.count", "select count(*) as total from users force index (idx_user_id)")
        .on_sqlite("select count(*) as total from users");

/// How many users there are.
pub(super) async fn count(executor: impl Executor) -> Result<u64, Error> {
    let row: Option<Total> = executor.run(&COUNT, &[]).await?;
    Ok(row.map_or(0, |row| row.total.unsigned_abs()))
}

#[derive(Debug, FromRow)]
struct Total {
    total: i64,
}

/// A row with the columns of a user.
#[derive(Debug, FromRow)]
pub(super) struct UserRow {
    user_id: i64,
    username: String,
    email: String,
    full_name: Option<String>,
    created_at: DateTime<Utc>,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        Ok(Self {
            id: user_id(row.user_id)?,
            username: row.username,
            email: row.email,
            full_name: row.full_name,
            created_at: row.created_at,
        })
    }
}

/// The id in a row, or of the row that was just inserted.
fn user_id(id: impl TryInto<UserId, Error = OutOfRange>) -> Result<UserId, Error> {
    id.try_into().map_err(|error| Error::Internal(error.into()))
}

/// A row of a page, beside the total. A page without users is one row whose user is null.
#[derive(Debug, FromRow)]
struct ListRow {
    total: i64,
    user_id: Option<i64>,
    username: Option<String>,
    email: Option<String>,
    full_name: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

impl ListRow {
    fn into_user_row(self) -> Option<UserRow> {
        Some(UserRow {
            user_id: self.user_id?,
            username: self.username?,
            email: self.email?,
            full_name: self.full_name,
            created_at: self.created_at?,
        })
    }
}
