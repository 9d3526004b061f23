//! The name that a user logs in with.

use utoipa::ToSchema;

use crate::field::Invalid;

/// 3 to 50 ASCII letters, digits, `.`, `_` and `-`, beginning and ending with a letter or digit.
///
/// Kept as given; unique ignoring case. With ASCII only, every database compares it by the same rule, and no
/// look-alike from another script can stand in for another user's name.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(
    value_type = String,
    min_length = 3,
    max_length = 50,
    pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]$",
    examples("john_doe")
)]
pub struct Username(String);

impl Username {
    /// The fewest and the most characters.
    const LENGTH: std::ops::RangeInclusive<usize> = 3..=50;

    /// Reads a name from a request.
    ///
    /// # Errors
    /// `too_short`, `too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if !Self::LENGTH.contains(&length) {
            let code = if length < *Self::LENGTH.start() { "too_short" } else { "too_long" };
            return Err(Invalid::new(code, "must have 3 to 50 characters"));
        }
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let outer = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !(text.bytes().all(inner) && outer(text.bytes().next()) && outer(text.bytes().last())) {
            return Err(Invalid::new(
                "invalid_characters",
                "must consist of ASCII letters, digits, '.', '_' and '-', and begin and end with a letter or digit",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        Username::parse(text).map_or_else(|invalid| invalid.code, |_| "ok")
    }

    #[test]
    fn a_name_is_kept_as_given() {
        for text in ["abc", "John_Doe", "a.b-c_d", "007", &"x".repeat(50)] {
            assert_eq!(Username::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_name_of_the_wrong_length_is_refused() {
        assert_eq!(code(""), "too_short");
        assert_eq!(code("ab"), "too_short");
        assert_eq!(code(&"x".repeat(51)), "too_long");
        assert_eq!(code("éé"), "too_short");
    }

    #[test]
    fn a_name_with_other_characters_is_refused() {
        for text in [
            "john doe", " john", "john ", "_john", "john_", ".john", "john-", "jöhn", "jоhn", "john\0",
            "jo@hn", "john\n",
        ] {
            assert_eq!(code(text), "invalid_characters", "{text:?}");
        }
    }
}
