//! The languages that people are written to in.

/// A language that mails and pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
}

impl Language {
    /// Each of them; of those that are wanted equally, the first is taken.
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::De];

    /// A language that the database holds; English if it is one of another release.
    pub(crate) fn from_stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|language| language.as_str() == text).unwrap_or(Self::En)
    }

    /// Its code (ISO 639).
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// Whether a range such as `de-AT` asks for it.
    pub(crate) fn is_in(self, range: &str) -> bool {
        let primary = range.split('-').next().unwrap_or_default();
        primary.eq_ignore_ascii_case(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_stored_as_words() {
        for language in Language::ALL {
            assert_eq!(Language::from_stored(language.as_str()), language);
        }
        assert_eq!(Language::from_stored("fr"), Language::En);
    }
}
