//! The id of a user.

use serde::Serialize;
use utoipa::ToSchema;

use crate::field::Invalid;

/// The id of a user: a positive integer.
///
/// The column is a signed 32-bit `INT`, so an id above 2 147 483 647 is well-formed and belongs to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[schema(value_type = i32, minimum = 1, examples(1))]
pub struct UserId(u32);

impl UserId {
    /// An id that no row has. It is below those of all rows: InnoDB locks the gap in which a row is missing, and above them
    /// new users could not be added meanwhile.
    pub(crate) const NOBODY: Self = Self(0);

    /// Reads an id from a path. Digits only, without a sign or leading zeros.
    ///
    /// # Errors
    /// `invalid_format` for anything that is no positive integer.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let canonical =
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if !canonical {
            return Err(Invalid::new("invalid_format", "must be a positive integer, such as 1"));
        }
        // Only too many digits can fail now, and no row has such an id.
        Ok(text.parse().map_or(Self::NOBODY, Self))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// A number from a database that no column of ours can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the user_id is not from 1 to 4294967295")]
pub struct OutOfRange;

impl TryFrom<u64> for UserId {
    type Error = OutOfRange;

    fn try_from(id: u64) -> Result<Self, OutOfRange> {
        u32::try_from(id).ok().filter(|id| *id > 0).map(Self).ok_or(OutOfRange)
    }
}

impl TryFrom<i64> for UserId {
    type Error = OutOfRange;

    fn try_from(id: i64) -> Result<Self, OutOfRange> {
        u64::try_from(id).map_err(|_| OutOfRange)?.try_into()
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_positive_integer_in_plain_digits() {
        assert_eq!(UserId::parse("1").unwrap().get(), 1);
        assert_eq!(UserId::parse("2147483647").unwrap().get(), 2_147_483_647);
        for text in ["", "0", "-1", "+1", "01", "1.0", " 1", "1 ", "1e3", "0x1", "abc", "１", "1\0"] {
            assert!(UserId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_id_too_large_for_any_row_is_still_an_id() {
        for text in ["4294967296", "99999999999999999999999999"] {
            assert_eq!(UserId::parse(text).unwrap(), UserId::NOBODY);
        }
    }
}
