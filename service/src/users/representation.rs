//! One user as an answer shows it: in JSON, with an entity tag that is computed from that, so that it needs no column and no
//! statement.

use std::hash::{DefaultHasher, Hasher};

use super::User;
use super::schema::UserResponse;
use crate::http::EntityTag;

/// A user in JSON.
pub(super) struct Representation(Vec<u8>);

impl Representation {
    pub(super) fn of(user: User) -> Self {
        // Text and a number can always be written.
        Self(serde_json::to_vec(&UserResponse::from(user)).unwrap_or_default())
    }

    /// The tag of a user as it is: a strong one, since what differs in an octet has another. Two processes of one release agree on
    /// it; after an upgrade it may be another, and a client reads again.
    pub(super) fn etag(&self) -> EntityTag {
        // Twice 64 bits: of so few as 64 somebody could find two names that have the same.
        let half = |number: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(number);
            hasher.write(&self.0);
            u128::from(hasher.finish())
        };
        EntityTag::of(half(0) << 64 | half(1))
    }

    pub(super) fn into_json(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user_id::UserId;

    #[test]
    fn every_field_counts() {
        let user = User {
            id: UserId::parse("1").unwrap(),
            username: "ada".to_owned(),
            email: "ada@example.com".to_owned(),
            full_name: None,
            created_at: "2024-01-15T10:30:00Z".parse().unwrap(),
        };
        let others = [
            User { id: UserId::parse("2").unwrap(), ..user.clone() },
            User { username: "Ada".to_owned(), ..user.clone() },
            User { username: "adaada".to_owned(), email: "@example.com".to_owned(), ..user.clone() },
            User { email: "Ada@example.com".to_owned(), ..user.clone() },
            User { full_name: Some(String::new()), ..user.clone() },
            User { created_at: "2024-01-15T10:30:01Z".parse().unwrap(), ..user.clone() },
        ];
        let etag = |user: &User| Representation::of(user.clone()).etag();
        assert_eq!(etag(&user), etag(&user));
        for other in others {
            assert_ne!(etag(&other), etag(&user), "{other:?}");
        }
    }
}
