//! The statements of the users, one type for each use case.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{Connection, MySqlConnection, query, query_as};

use super::{MySqlStore, Repeat, Statements};
use crate::http::Page;
use crate::store::rows::{ListRow, UserRow, listing, user_id};
use crate::users::{
    Email, Error, FullName, Listing, NewUser, User, UserChanges, UserId, UserRepository, Username,
};

type Result<T, E = sqlx::Error> = std::result::Result<T, E>;

#[async_trait]
impl UserRepository for MySqlStore {
    async fn create(&self, user: &NewUser, created_at: DateTime<Utc>) -> Result<UserId, Error> {
        Ok(self.run(Create { user, created_at }).await?)
    }

    async fn get(&self, id: UserId) -> Result<Option<User>, Error> {
        Ok(self.run(Get(id)).await?)
    }

    async fn list(&self, page: Page) -> Result<Listing, Error> {
        Ok(self.run(List(page)).await?)
    }

    async fn find_by_username(&self, username: &str) -> Result<Option<User>, Error> {
        Ok(self.run(FindByUsername(username)).await?)
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        Ok(self.run(FindByEmail(email)).await?)
    }

    async fn update(&self, id: UserId, changes: &UserChanges) -> Result<Option<User>, Error> {
        Ok(self.run(Update { id, changes }).await?)
    }

    async fn delete(&self, id: UserId) -> Result<bool, Error> {
        Ok(self.run(Delete(id)).await?)
    }
}

struct Create<'a> {
    user: &'a NewUser,
    created_at: DateTime<Utc>,
}

impl Statements for Create<'_> {
    type Output = UserId;
    const NAME: &'static str = "users.create";
    const REPEAT: Repeat = Repeat::Harmful;

    async fn run(&self, connection: &mut MySqlConnection) -> Result<UserId> {
        let sql = "insert into users (username, email, full_name, created_at) values (?, ?, ?, ?)";
        let inserted = query(sql)
            .bind(self.user.username.as_str())
            .bind(self.user.email.as_str())
            .bind(self.user.full_name.as_ref().map(FullName::as_str))
            .bind(self.created_at)
            .execute(connection)
            .await?;
        user_id(i64::try_from(inserted.last_insert_id()).unwrap_or(i64::MAX))
    }
}

struct Get(UserId);

impl Statements for Get {
    type Output = Option<User>;
    const NAME: &'static str = "users.get";
    const REPEAT: Repeat = Repeat::Harmless;

    async fn run(&self, connection: &mut MySqlConnection) -> Result<Option<User>> {
        let sql = "select user_id, username, email, full_name, created_at from users where user_id = ?";
        let row: Option<UserRow> = query_as(sql).bind(self.0.get()).fetch_optional(connection).await?;
        row.map(UserRow::into_user).transpose()
    }
}

struct List(Page);

impl Statements for List {
    type Output = Listing;
    const NAME: &'static str = "users.list";
    const REPEAT: Repeat = Repeat::Harmless;

    async fn run(&self, connection: &mut MySqlConnection) -> Result<Listing> {
        // Page and total in one statement: one round trip, one snapshot. The outer joins keep the total of an empty
        // page. A page is found in the narrow key, so that the rows before it are not read.
        let sql = "
            select total.users as total, users.user_id, users.username, users.email, users.full_name, users.created_at
            from (select count(*) as users from users) as total
            left join (
                select user_id from users force index (idx_user_id) order by user_id limit ? offset ?
            ) as page on true
            left join users on users.user_id = page.user_id
            order by page.user_id";
        let rows: Vec<ListRow> =
            query_as(sql).bind(self.0.limit()).bind(self.0.offset()).fetch_all(connection).await?;
        listing(rows)
    }
}

struct FindByUsername<'a>(&'a str);

impl Statements for FindByUsername<'_> {
    type Output = Option<User>;
    const NAME: &'static str = "users.find_by_username";
    const REPEAT: Repeat = Repeat::Harmless;

    async fn run(&self, connection: &mut MySqlConnection) -> Result<Option<User>> {
        let sql = "select user_id, username, email, full_name, created_at from users where username = ?";
        let row: Option<UserRow> = query_as(sql).bind(self.0).fetch_optional(connection).await?;
        row.map(UserRow::into_user).transpose()
    }
}

struct FindByEmail<'a>(&'a str);

impl Statements for FindByEmail<'_> {
    type Output = Option<User>;
    const NAME: &'static str = "users.find_by_email";
    const REPEAT: Repeat = Repeat::Harmless;

    async fn run(&self, connection: &mut MySqlConnection) -> Result<Option<User>> {
        let sql = "select user_id, username, email, full_name, created_at from users where email = ?";
        let row: Option<UserRow> = query_as(sql).bind(self.0).fetch_optional(connection).await?;
        row.map(UserRow::into_user).transpose()
    }
}

struct Update<'a> {
    id: UserId,
    changes: &'a UserChanges,
}

impl Statements for Update<'_> {
    type Output = Option<User>;
    const NAME: &'static str = "users.update";
    const REPEAT: Repeat = Repeat::Harmless;

    /// Writes and reads in one transaction, so that the answer is what this request has made of the user.
    async fn run(&self, connection: &mut MySqlConnection) -> Result<Option<User>> {
        let mut transaction = connection.begin().await?;
        match self.write_and_read(&mut transaction).await {
            Ok(user) => transaction.commit().await.map(|()| user),
            Err(error) => {
                // Not left to the drop, which would keep the row locked until the connection is used again.
                transaction.rollback().await?;
                Err(error)
            }
        }
    }
}

impl Update<'_> {
    async fn write_and_read(&self, connection: &mut MySqlConnection) -> Result<Option<User>> {
        let Update { id, changes } = self;
        // Each new value comes after a flag that says whether it counts, so that a field can be cleared.
        let sql = "
            update users
            set username = if(?, ?, username), email = if(?, ?, email), full_name = if(?, ?, full_name)
            where user_id = ?";
        let updated = query(sql)
            .bind(changes.username.is_some())
            .bind(changes.username.as_ref().map(Username::as_str))
            .bind(changes.email.is_some())
            .bind(changes.email.as_ref().map(Email::as_str))
            .bind(!changes.full_name.is_keep())
            .bind(changes.full_name.as_ref().into_value().map(FullName::as_str))
            .bind(id.get())
            .execute(&mut *connection)
            .await?;
        // The server counts the rows it found, not those it changed (CLIENT_FOUND_ROWS).
        if updated.rows_affected() == 0 { Ok(None) } else { Get(*id).run(connection).await }
    }
}

struct Delete(UserId);

impl Statements for Delete {
    type Output = bool;
    const NAME: &'static str = "users.delete";
    const REPEAT: Repeat = Repeat::Harmful;

    async fn run(&self, connection: &mut MySqlConnection) -> Result<bool> {
        let sql = "delete from users where user_id = ?";
        let deleted = query(sql).bind(self.0.get()).execute(connection).await?;
        Ok(deleted.rows_affected() > 0)
    }
}
