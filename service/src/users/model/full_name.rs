//! The full name of a user.

use utoipa::ToSchema;

use crate::field::Invalid;

/// Up to 100 characters of any script, without control and bidirectional-override characters; at least one is visible
/// unless the name is empty.
///
/// Blanks at both ends are trimmed. Characters are Unicode scalar values, as the column counts them.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(
    value_type = String,
    max_length = 100,
    pattern = r"^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$",
    examples("John Doe")
)]
pub struct FullName(String);

impl FullName {
    /// The most characters, as the column has them.
    const MAX_LENGTH: usize = 100;

    /// Reads a name from a request.
    ///
    /// # Errors
    /// `invalid_characters` or `too_long`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().any(is_forbidden) {
            return Err(Invalid::new(
                "invalid_characters",
                "must not contain control characters or characters that change the direction of text",
            ));
        }
        let trimmed = text.trim();
        if !trimmed.is_empty() && trimmed.chars().all(is_invisible) {
            return Err(Invalid::new("invalid_characters", "must have a visible character or be empty"));
        }
        if trimmed.chars().count() > Self::MAX_LENGTH {
            return Err(Invalid::new("too_long", "must have at most 100 characters"));
        }
        Ok(Self(trimmed.to_owned()))
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

/// Control characters would break a terminal or a log; the explicit embeddings, overrides and isolates of Unicode's
/// bidirectional algorithm (UAX #9) make a name read as another. Direction marks and joiners have legitimate uses.
fn is_forbidden(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// White space, what Unicode calls default-ignorable (`DerivedCoreProperties.txt`), the annotation characters, the
/// format controls of hieroglyphs, and the Braille pattern without dots.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, &'static str> {
        FullName::parse(text).map(FullName::into_string).map_err(|invalid| invalid.code)
    }

    #[test]
    fn a_name_of_any_script_is_kept() {
        for text in ["", "O'Brien", "李小龙", "محمد", "👩‍🚀 Ada", "Ame\u{301}lie", "' or 1=1 --"]
        {
            assert_eq!(parsed(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn outer_blanks_are_trimmed() {
        assert_eq!(parsed("  Ada  Lovelace\u{a0} ").as_deref(), Ok("Ada  Lovelace"));
    }

    #[test]
    fn the_limit_counts_characters_and_not_bytes() {
        assert!(parsed(&"😀".repeat(100)).is_ok());
        assert_eq!(parsed(&"😀".repeat(101)), Err("too_long"));
        assert!(parsed(&format!(" {} ", "x".repeat(100))).is_ok());
    }

    #[test]
    fn control_and_bidirectional_characters_are_refused() {
        for text in ["a\0b", "a\nb", "Ada\n", "a\u{7f}b", "a\u{85}b", "a\u{202e}b", "a\u{2066}b"] {
            assert_eq!(parsed(text), Err("invalid_characters"), "{text:?}");
        }
    }

    #[test]
    fn a_name_has_a_visible_character_or_is_empty() {
        for text in [
            "\u{200b}",
            "\u{2060}",
            "\u{feff}",
            "\u{ad}",
            "\u{3164}",
            "\u{115f}",
            "\u{2800}",
            "\u{e0041}",
            " \u{200d} \u{fe0f} ",
        ] {
            assert_eq!(parsed(text), Err("invalid_characters"), "{text:?}");
        }
        for text in ["", "a\u{ad}b", "\u{feff}Ada", "\u{600}1", "\u{301}", "☺\u{fe0f}"] {
            assert_eq!(parsed(text).as_deref(), Ok(text), "{text:?}");
        }
    }
}
