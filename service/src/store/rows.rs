//! Rows as both databases return them.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::users::{Listing, User, UserId};

/// A row of `users`.
#[derive(Debug, FromRow)]
pub(super) struct UserRow {
    user_id: i64,
    username: String,
    email: String,
    full_name: Option<String>,
    created_at: DateTime<Utc>,
}

impl UserRow {
    pub(super) fn into_user(self) -> Result<User, sqlx::Error> {
        Ok(User {
            id: user_id(self.user_id)?,
            username: self.username,
            email: self.email,
            full_name: self.full_name,
            created_at: self.created_at,
        })
    }
}

/// A row of a page, beside the total. A page without users is one row whose user is null.
#[derive(Debug, FromRow)]
pub(super) struct ListRow {
    total: i64,
    user_id: Option<i64>,
    username: Option<String>,
    email: Option<String>,
    full_name: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

impl ListRow {
    fn user(self) -> Option<UserRow> {
        Some(UserRow {
            user_id: self.user_id?,
            username: self.username?,
            email: self.email?,
            full_name: self.full_name,
            created_at: self.created_at?,
        })
    }
}

pub(super) fn listing(rows: Vec<ListRow>) -> Result<Listing, sqlx::Error> {
    let total = rows.first().map_or(0, |row| row.total.unsigned_abs());
    let users =
        rows.into_iter().filter_map(ListRow::user).map(UserRow::into_user).collect::<Result<_, _>>()?;
    Ok(Listing { users, total })
}

/// The id in a row, or of the row that was just inserted.
pub(super) fn user_id(id: i64) -> Result<UserId, sqlx::Error> {
    u64::try_from(id)
        .ok()
        .and_then(UserId::from_database)
        .ok_or_else(|| sqlx::Error::Decode(format!("user_id {id} is out of range").into()))
}
