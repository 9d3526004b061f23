//! The entity tag of a user: strong, and computed from the fields, so that it needs no column and no statement.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::User;
use crate::http::EntityTag;

/// The tag of a user as it is. Two processes of one release agree on it; after an upgrade it may be another, and a client reads
/// again.
pub(super) fn etag(user: &User) -> EntityTag {
    // Twice 64 bits: of so few as 64 somebody could find two names that have the same.
    let half = |number: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(number);
        user.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    EntityTag::of(half(0) << 64 | half(1))
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
        assert_eq!(etag(&user), etag(&user.clone()));
        for other in others {
            assert_ne!(etag(&other), etag(&user), "{other:?}");
        }
    }
}
