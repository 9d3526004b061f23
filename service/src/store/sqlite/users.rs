//! The statements of the users.

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::{query, query_as};

use super::SqliteStore;
use super::error::{fault, users_fault};
use crate::http::Page;
use crate::store::rows::{ListRow, UserRow, listing, user_id};
use crate::users::{
    Email, Error, FullName, Listing, NewUser, User, UserChanges, UserId, UserRepository, Username,
};

const CREATE: &str = "insert into users (username, email, full_name, created_at) values (?, ?, ?, ?)";

const GET: &str = "select user_id, username, email, full_name, created_at from users where user_id = ?";

/// Page and total in one statement, hence one snapshot. The outer joins keep the total of an empty page. A page is found
/// in the narrow index, so that the rows before it are not read.
const LIST: &str = "
    select total.users as total, users.user_id, users.username, users.email, users.full_name, users.created_at
    from (select count(*) as users from users) as total
    left join (
        select user_id from users indexed by idx_user_id order by user_id limit ? offset ?
    ) as page on true
    left join users on users.user_id = page.user_id
    order by page.user_id";

const FIND_BY_USERNAME: &str =
    "select user_id, username, email, full_name, created_at from users where username = ?";

const FIND_BY_EMAIL: &str =
    "select user_id, username, email, full_name, created_at from users where email = ?";

/// Each new value comes after a flag that says whether it counts, so that a field can be cleared.
const UPDATE: &str = "
    update users
    set username = iif(?, ?, username), email = iif(?, ?, email), full_name = iif(?, ?, full_name)
    where user_id = ?
    returning user_id, username, email, full_name, created_at";

const DELETE: &str = "delete from users where user_id = ?";

#[async_trait]
impl UserRepository for SqliteStore {
    async fn create(&self, user: &NewUser, created_at: DateTime<Utc>) -> Result<UserId, Error> {
        let statement = query(CREATE)
            .bind(user.username.as_str())
            .bind(user.email.as_str())
            .bind(user.full_name.as_ref().map(FullName::as_str))
            .bind(created_at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let inserted =
            Self::run("users.create", statement.execute(&self.writer)).await.map_err(users_fault)?;
        user_id(inserted.last_insert_rowid()).map_err(|error| fault(error).into())
    }

    async fn get(&self, id: UserId) -> Result<Option<User>, Error> {
        let statement = query_as::<_, UserRow>(GET).bind(id.get());
        one(Self::run("users.get", statement.fetch_optional(&self.reader)).await)
    }

    async fn list(&self, page: Page) -> Result<Listing, Error> {
        let statement = query_as::<_, ListRow>(LIST).bind(page.limit()).bind(page.offset());
        let rows = Self::run("users.list", statement.fetch_all(&self.reader)).await;
        rows.and_then(listing).map_err(|error| fault(error).into())
    }

    async fn find_by_username(&self, username: &str) -> Result<Option<User>, Error> {
        let statement = query_as::<_, UserRow>(FIND_BY_USERNAME).bind(username);
        one(Self::run("users.find_by_username", statement.fetch_optional(&self.reader)).await)
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        let statement = query_as::<_, UserRow>(FIND_BY_EMAIL).bind(email);
        one(Self::run("users.find_by_email", statement.fetch_optional(&self.reader)).await)
    }

    async fn update(&self, id: UserId, changes: &UserChanges) -> Result<Option<User>, Error> {
        let statement = query_as::<_, UserRow>(UPDATE)
            .bind(changes.username.is_some())
            .bind(changes.username.as_ref().map(Username::as_str))
            .bind(changes.email.is_some())
            .bind(changes.email.as_ref().map(Email::as_str))
            .bind(!changes.full_name.is_keep())
            .bind(changes.full_name.as_ref().into_value().map(FullName::as_str))
            .bind(id.get());
        one(Self::run("users.update", statement.fetch_optional(&self.writer)).await)
    }

    async fn delete(&self, id: UserId) -> Result<bool, Error> {
        let statement = query(DELETE).bind(id.get()).execute(&self.writer);
        let deleted = Self::run("users.delete", statement).await.map_err(users_fault)?;
        Ok(deleted.rows_affected() > 0)
    }
}

fn one(row: Result<Option<UserRow>, sqlx::Error>) -> Result<Option<User>, Error> {
    row.map_err(users_fault)?.map(UserRow::into_user).transpose().map_err(|error| fault(error).into())
}
