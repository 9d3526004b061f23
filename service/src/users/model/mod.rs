//! Users and their parts. A value of one of these types is valid: its constructor is the only way to make it.

mod email;
mod full_name;
mod username;

use chrono::{DateTime, Utc};
use utoipa::ToSchema;

pub use self::email::Email;
pub use self::full_name::FullName;
pub use self::username::Username;
use crate::field::Change;
use crate::user_id::UserId;

/// A user as it is stored.
///
/// The texts are plain strings because a row may be older than the rules for input: whatever the database holds is
/// served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Given by the database, never used twice.
    pub id: UserId,
    /// Unique ignoring case.
    pub username: String,
    /// Unique ignoring case.
    pub email: String,
    /// Any script; may be absent.
    pub full_name: Option<String>,
    /// When the user was added, in whole seconds.
    pub created_at: DateTime<Utc>,
}

impl User {
    /// The user that a successful insert has made.
    pub(super) fn new(id: UserId, user: NewUser, created_at: DateTime<Utc>) -> Self {
        Self {
            id,
            username: user.username.into_string(),
            email: user.email.into_string(),
            full_name: user.full_name.map(FullName::into_string),
            created_at,
        }
    }
}

/// A user to be added.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(as = CreateUser, examples(json!({"username": "john_doe", "email": "john@example.com", "full_name": "John Doe"})))]
pub struct NewUser {
    /// The name to log in with.
    pub username: Username,
    /// The address to write to.
    pub email: Email,
    /// How the user is called; may be absent.
    pub full_name: Option<FullName>,
}

impl NewUser {
    /// What a request asks for, to compare it with another.
    pub(crate) fn content(&self) -> [&[u8]; 4] {
        let full_name = self.full_name.as_ref().map(FullName::as_str);
        let is_given: &[u8] = if full_name.is_some() { b"given" } else { b"" };
        let texts = [self.username.as_str(), self.email.as_str(), full_name.unwrap_or_default()];
        let [username, email, full_name] = texts.map(str::as_bytes);
        [username, email, full_name, is_given]
    }
}

/// The fields of a user to be changed. What is left out keeps its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, ToSchema)]
#[schema(as = UpdateUser, examples(json!({"full_name": "John Q. Doe"}), json!({"full_name": null})))]
pub struct UserChanges {
    /// A new name to log in with.
    #[schema(nullable = false)]
    pub username: Option<Username>,
    /// A new address to write to.
    #[schema(nullable = false)]
    pub email: Option<Email>,
    /// A new full name; `null` clears it.
    #[schema(value_type = Option<FullName>)]
    pub full_name: Change<FullName>,
}

impl UserChanges {
    /// Whether every field keeps its value.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.username.is_none() && self.email.is_none() && self.full_name.is_keep()
    }
}

/// A search for the one user that has exactly this name, this address, or both, ignoring case.
///
/// What is looked for need not be valid: rows that are older than the rules can be found too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lookup {
    username: Option<String>,
    email_spellings: Vec<String>,
}

impl Lookup {
    /// A search, unless neither is given.
    #[must_use]
    pub fn new(username: Option<String>, email: Option<String>) -> Option<Self> {
        if username.is_none() && email.is_none() {
            return None;
        }
        // Both forms of an international domain: rows of the Python service hold it in Unicode letters.
        let address = email.as_deref().and_then(|email| Email::parse(email).ok());
        let in_unicode = address.as_ref().and_then(Email::in_unicode);
        let mut email_spellings: Vec<String> = email.into_iter().collect();
        for spelling in address.map(Email::into_string).into_iter().chain(in_unicode) {
            if !email_spellings.contains(&spelling) {
                email_spellings.push(spelling);
            }
        }
        Some(Self { username, email_spellings })
    }

    /// The name that is looked for.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// The address that is looked for, in each form that a row may hold it in; empty if none is looked for.
    #[must_use]
    pub fn email_spellings(&self) -> &[String] {
        &self.email_spellings
    }

    /// Whether this user has exactly what is looked for, ignoring case.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        let emails = &self.email_spellings;
        self.username().is_none_or(|username| same_ignoring_case(username, &user.username))
            && (emails.is_empty() || emails.iter().any(|email| same_ignoring_case(email, &user.email)))
    }
}

/// Whether two texts differ in nothing but case. Stricter than the databases' own comparison, which may also
/// overlook accents and trailing blanks.
pub(super) fn same_ignoring_case(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_trailing_blanks_are_not_ignored() {
        assert!(same_ignoring_case("Ada", "aDA"));
        assert!(same_ignoring_case("JOSÉ", "josé"));
        assert!(!same_ignoring_case("jose", "josé"));
        assert!(!same_ignoring_case("ada", "ada "));
    }

    #[test]
    fn an_international_address_is_looked_for_in_both_spellings() {
        let spellings = |email: &str| Lookup::new(None, Some(email.into())).unwrap().email_spellings;
        assert_eq!(spellings("ada@münchen.de"), ["ada@münchen.de", "ada@xn--mnchen-3ya.de"]);
        assert_eq!(spellings("ada@xn--mnchen-3ya.de"), ["ada@xn--mnchen-3ya.de", "ada@münchen.de"]);
        assert_eq!(spellings("ada@example.com"), ["ada@example.com"]);
    }
}
