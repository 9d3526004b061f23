//! Accounts and their parts.

use chrono::{DateTime, Utc};

use crate::access::RoleName;
use crate::status::Status;
use crate::user_id::UserId;

/// What a user has beyond name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub user_id: UserId,
    /// Whether the user may sign in.
    pub status: Status,
    /// Whether the user has proved to have the address.
    pub email_verified: bool,
    /// Whether there is a password.
    pub has_password: bool,
    /// When the password was last set.
    pub password_changed_at: Option<DateTime<Utc>>,
    /// When the user last signed in.
    pub last_signed_in_at: Option<DateTime<Utc>>,
    /// Ordered by name.
    pub roles: Vec<RoleName>,
}
