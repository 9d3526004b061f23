//! The order of a list, and a place in it.

use chrono::{DateTime, Utc};

use crate::field::Invalid;
use crate::users::User;

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// `user_id`
    UserId,
    /// `created_at`, and those of one second by `user_id`
    CreatedAt,
    /// `username`, as its unique key has it
    Username,
    /// `email`, as its unique key has it
    Email,
}

/// A key and a direction. Every order is total: no two users have the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    /// What is compared.
    pub(crate) key: Key,
    /// Whether the greatest comes first.
    pub(crate) descending: bool,
}

impl Sort {
    /// That of a list that does not ask for one.
    pub(crate) const DEFAULT: Self = Self { key: Key::UserId, descending: false };

    /// Reads an order from a request.
    ///
    /// # Errors
    /// `invalid_format`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let key = match name {
            "user_id" => Key::UserId,
            "created_at" => Key::CreatedAt,
            "username" => Key::Username,
            "email" => Key::Email,
            _ => {
                return Err(Invalid::new(
                    "invalid_format",
                    "must be user_id, created_at, username or email, with - before it for the reverse order",
                ));
            }
        };
        Ok(Self { key, descending })
    }

    /// Its one octet in a cursor.
    pub(super) const fn code(self) -> u8 {
        let key = match self.key {
            Key::UserId => 0,
            Key::CreatedAt => 1,
            Key::Username => 2,
            Key::Email => 3,
        };
        key * 2 + self.descending as u8
    }
}

/// A place in the order of a list: that of a user, or one between two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Position {
    /// In the order of `user_id`.
    Id(u32),
    /// In the order of `created_at`; the id decides among those of one second.
    Time(DateTime<Utc>, u32),
    /// In the order of a text, which is unique.
    Text(String),
}

impl Position {
    /// The place of a user.
    pub(super) fn of(user: &User, key: Key) -> Self {
        match key {
            Key::UserId => Self::Id(user.id.get()),
            Key::CreatedAt => Self::Time(user.created_at, user.id.get()),
            Key::Username => Self::Text(user.username.clone()),
            Key::Email => Self::Text(user.email.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_field_with_or_without_a_minus() {
        assert_eq!(Sort::parse("user_id").unwrap(), Sort::DEFAULT);
        assert_eq!(Sort::parse("-email").unwrap(), Sort { key: Key::Email, descending: true });
        for text in ["", "-", "--email", "+email", "Email", "full_name", "email,username", "email "] {
            assert_eq!(Sort::parse(text).unwrap_err().code, "invalid_format", "{text:?}");
        }
    }

    #[test]
    fn every_order_has_a_code_of_its_own() {
        let names = ["user_id", "created_at", "username", "email"];
        let both = names.iter().flat_map(|name| [(*name).to_owned(), format!("-{name}")]);
        let codes: Vec<u8> = both.map(|text| Sort::parse(&text).unwrap().code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
