//! `Accept-Language` (RFC 9110, section 12.5.4).

use axum::http::{HeaderMap, header};

use crate::language::Language;

/// The language that a request asks for by `Accept-Language` (RFC 9110, section 12.5.4); English if it asks for none that
/// there is.
pub(crate) fn language(headers: &HeaderMap) -> Language {
    let ranges = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let ranges = ranges.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut best = (Language::En, 0.0);
    for (range, quality) in ranges.filter_map(weighted) {
        let named = Language::ALL.into_iter().find(|language| language.is_in(range));
        if let Some(language) = named.filter(|_| quality > best.1) {
            best = (language, quality);
        }
    }
    best.0
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

    fn of(values: &[&str]) -> Language {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT_LANGUAGE, value.parse().unwrap());
        }
        language(&headers)
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
            assert_eq!(of(values), expected, "{values:?}");
        }
    }

    #[test]
    fn it_is_english_if_none_is_wanted_that_there_is() {
        for values in [&[][..], &["fr"], &["*"], &["de;q=0"], &["de;q=x"], &["deu"], &[";;,,q=1"]] {
            assert_eq!(of(values), Language::En, "{values:?}");
        }
    }
}
