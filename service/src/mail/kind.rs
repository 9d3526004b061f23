//! What mails there are, and the languages that they are written in.

use axum::http::{HeaderMap, header};

use crate::one_time_tokens::Purpose;

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It has a link.
    Link(LinkKind),
    /// It tells what was done to the account.
    Notice(Notice),
    /// It is none yet: somebody asked for a link for a login, and whether anybody has that is still to be found out.
    Requested(RequestedLink),
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// To prove an address.
    Verification,
    /// To set a password that was forgotten.
    Reset,
    /// To set a first password.
    Invitation,
}

/// A link that anybody may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestedLink {
    /// To prove an address.
    Verification,
    /// To set a password that was forgotten.
    Reset,
}

/// What was done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The address was changed. It goes to the one before.
    AddressChanged,
    /// The password was changed.
    PasswordChanged,
}

impl Kind {
    /// Each of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Link(LinkKind::Verification),
        Self::Link(LinkKind::Reset),
        Self::Link(LinkKind::Invitation),
        Self::Requested(RequestedLink::Verification),
        Self::Requested(RequestedLink::Reset),
        Self::Notice(Notice::AddressChanged),
        Self::Notice(Notice::PasswordChanged),
    ];

    /// The kind that the database holds; `None` for one of another release.
    pub(crate) fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Link(kind) => kind.as_str(),
            Self::Notice(Notice::AddressChanged) => "address_changed",
            Self::Notice(Notice::PasswordChanged) => "password_changed",
            Self::Requested(RequestedLink::Verification) => "asked_verification",
            Self::Requested(RequestedLink::Reset) => "asked_reset",
        }
    }
}

impl LinkKind {
    /// Its name, which is that of its token's purpose.
    pub(crate) const fn as_str(self) -> &'static str {
        self.purpose().as_str()
    }

    /// What the token in the link is for.
    pub(crate) const fn purpose(self) -> Purpose {
        match self {
            Self::Verification => Purpose::Verification,
            Self::Reset => Purpose::Reset,
            Self::Invitation => Purpose::Invitation,
        }
    }
}

impl From<RequestedLink> for LinkKind {
    fn from(asked: RequestedLink) -> Self {
        match asked {
            RequestedLink::Verification => Self::Verification,
            RequestedLink::Reset => Self::Reset,
        }
    }
}

/// A language that mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
}

impl Language {
    /// Each of them; of those that are wanted equally, the first is taken.
    const ALL: [Self; 2] = [Self::En, Self::De];

    /// The language that a request asks for by `Accept-Language` (RFC 9110, section 12.5.4); English if it asks for none that
    /// there is.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let ranges = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let ranges = ranges.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let mut best = (Self::En, 0.0);
        for (range, quality) in ranges.filter_map(weighted) {
            let named = Self::ALL.into_iter().find(|language| language.is_in(range));
            if let Some(language) = named.filter(|_| quality > best.1) {
                best = (language, quality);
            }
        }
        best.0
    }

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
    fn is_in(self, range: &str) -> bool {
        let primary = range.split('-').next().unwrap_or_default();
        primary.eq_ignore_ascii_case(self.as_str())
    }
}

/// A range and its quality: 1 unless `;q=` says otherwise.
fn weighted(part: &str) -> Option<(&str, f32)> {
    let (range, parameter) = part.split_once(';').unwrap_or((part, "q=1"));
    let quality = parameter.trim().strip_prefix("q=")?.trim().parse().ok()?;
    Some((range.trim(), quality))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(values: &[&str]) -> Language {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT_LANGUAGE, value.parse().unwrap());
        }
        Language::of(&headers)
    }

    #[test]
    fn the_language_that_is_wanted_most_is_taken() {
        for (values, expected) in [
            (&["de"][..], Language::De),
            (&["de-AT, de;q=0.9, en;q=0.8"], Language::De),
            (&["fr, en;q=0.5, de;q=0.7"], Language::De),
            (&["DE"], Language::De),
            (&["fr", "de;q=0.2"], Language::De),
            (&["en, de"], Language::En),
            (&["de;q=0, en;q=0.1"], Language::En),
        ] {
            assert_eq!(language(values), expected, "{values:?}");
        }
    }

    #[test]
    fn it_is_english_if_none_is_wanted_that_there_is() {
        for values in [&[][..], &["fr"], &["*"], &["de;q=0"], &["de;q=x"], &["deu"], &[";;,,q=1"]] {
            assert_eq!(language(values), Language::En, "{values:?}");
        }
    }

    #[test]
    fn kinds_and_languages_are_stored_as_words() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_stored(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::from_stored("newsletter"), None);
        assert_eq!(Language::from_stored("de"), Language::De);
        assert_eq!(Language::from_stored("fr"), Language::En);
    }
}
