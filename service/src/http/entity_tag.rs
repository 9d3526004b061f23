//! Entity tags (RFC 9110 section 8.8.3): those that the service gives, and the lists of them in conditional requests.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// How many octets there are between the quotes of a tag of this service.
const LENGTH: usize = 32;

/// A strong entity tag of this service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag(HeaderValue);

impl EntityTag {
    /// The tag of what has this digest.
    pub(crate) fn of(digest: u128) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'"'; 34];
        for (pair, octet) in text[1..33].chunks_exact_mut(2).zip(digest.to_be_bytes()) {
            pair[0] = DIGITS[usize::from(octet >> 4)];
            pair[1] = DIGITS[usize::from(octet & 15)];
        }
        Self(HeaderValue::from_bytes(&text).unwrap_or(const { HeaderValue::from_static("\"\"") }))
    }

    /// As `ETag` has it.
    #[must_use]
    pub fn into_header(self) -> HeaderValue {
        self.0
    }

    /// What is between the quotes.
    fn opaque(&self) -> &[u8] {
        self.0
            .as_bytes()
            .trim_ascii()
            .strip_prefix(b"\"")
            .and_then(|tag| tag.strip_suffix(b"\""))
            .unwrap_or(b"")
    }
}

/// A header is neither `*` nor a list of entity tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// What `If-Match` and `If-None-Match` hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntityTags {
    /// `*`: those of whatever is there.
    Any,
    /// Those that may be of this service. The others are equal to none, and a list of many must not take more memory than the
    /// header: it is held while the body of the request is waited for.
    Listed(Vec<Listed>),
}

/// An entity tag as a client has sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    is_weak: bool,
    opaque: [u8; LENGTH],
}

impl EntityTags {
    /// Those in all the lines of a header; `None` if there is no such line.
    pub(super) fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Malformed> {
        let mut lines = headers.get_all(name).iter().peekable();
        let Some(first) = lines.peek() else { return Ok(None) };
        if first.as_bytes().trim_ascii() == b"*" {
            return if lines.count() == 1 { Ok(Some(Self::Any)) } else { Err(Malformed) };
        }
        let (mut tags, mut count) = (Vec::new(), 0);
        for line in lines {
            count += read_line(line.as_bytes(), &mut tags)?;
        }
        if count == 0 { Err(Malformed) } else { Ok(Some(Self::Listed(tags))) }
    }

    /// Whether a tag is among them by the strong comparison, for which no weak tag is equal to any.
    pub(super) fn have_strong(&self, tag: &EntityTag) -> bool {
        self.have(|listed| !listed.is_weak && listed.opaque[..] == *tag.opaque())
    }

    /// The same by the weak comparison.
    pub(super) fn have_weak(&self, tag: &EntityTag) -> bool {
        self.have(|listed| listed.opaque[..] == *tag.opaque())
    }

    fn have(&self, is_equal: impl Fn(&Listed) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags.iter().any(is_equal),
        }
    }
}

/// Reads one line of a list, and says how many tags there are in it. A comma may be part of a tag, and elements of a list may be
/// empty (RFC 9110 section 5.6.1).
fn read_line(line: &[u8], tags: &mut Vec<Listed>) -> Result<usize, Malformed> {
    let (mut rest, mut count) = (line, 0);
    loop {
        while let [b' ' | b'\t' | b',', more @ ..] = rest {
            rest = more;
        }
        if rest.is_empty() {
            return Ok(count);
        }
        let weak = rest.strip_prefix(b"W/");
        let quoted = weak.unwrap_or(rest).strip_prefix(b"\"").ok_or(Malformed)?;
        let end = quoted.iter().position(|octet| *octet == b'"').ok_or(Malformed)?;
        let (opaque, after) = quoted.split_at(end);
        if !opaque.iter().all(|octet| matches!(octet, 0x21 | 0x23..=0x7e | 0x80..)) {
            return Err(Malformed);
        }
        if let Ok(opaque) = opaque.try_into() {
            tags.push(Listed { is_weak: weak.is_some(), opaque });
        }
        count += 1;
        rest = after[1..].trim_ascii_start();
        if !matches!(rest, [] | [b',', ..]) {
            return Err(Malformed);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::IF_MATCH;

    use super::*;

    fn read(lines: &[&str]) -> Result<Option<EntityTags>, Malformed> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        EntityTags::read(&headers, &IF_MATCH)
    }

    fn listed(lines: &[&str]) -> EntityTags {
        read(lines).unwrap().unwrap()
    }

    #[test]
    fn a_tag_has_the_digits_of_its_digest() {
        let tag = EntityTag::of(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);
        assert_eq!(tag.clone().into_header(), "\"0123456789abcdeffedcba9876543210\"");
        assert_eq!(tag.opaque(), b"0123456789abcdeffedcba9876543210");
    }

    #[test]
    fn a_tag_is_found_wherever_it_is_in_the_list() {
        let tag = EntityTag::of(1);
        let text = tag.clone().into_header();
        let text = text.to_str().unwrap();
        for lines in [
            &[text][..],
            &["\"x\"", text],
            &[&format!("\"a,b\" , ,{text}")],
            &[&format!(",{text}\t,W/\"é\"")],
            &["*"],
            &[" * "],
        ] {
            assert!(listed(lines).have_strong(&tag) && listed(lines).have_weak(&tag), "{lines:?}");
        }
        let unquoted = text.trim_matches('"');
        for lines in [&["\"x\""][..], &["\"\"", "W/\"x\""], &[&format!("\"{unquoted}0\"")]] {
            assert!(!listed(lines).have_weak(&tag), "{lines:?}");
        }
    }

    #[test]
    fn a_weak_tag_is_equal_only_by_the_weak_comparison() {
        let tag = EntityTag::of(1);
        let weak = listed(&[&format!("W/{}", tag.clone().into_header().to_str().unwrap())]);
        assert!(weak.have_weak(&tag) && !weak.have_strong(&tag));
    }

    #[test]
    fn of_many_tags_only_those_are_kept_that_could_be_equal() {
        let EntityTags::Listed(tags) = listed(&[&"\"a\",".repeat(15_000), "\"\""]) else { unreachable!() };
        assert!(tags.is_empty());
    }

    #[test]
    fn what_is_no_list_is_malformed() {
        assert_eq!(read(&[]), Ok(None));
        for lines in [
            &[""][..],
            &[" , "],
            &["x"],
            &["\"x"],
            &["x\""],
            &["w/\"x\""],
            &["W/ \"x\""],
            &["\"a b\""],
            &["\"a\"\"b\""],
            &["\"a\" \"b\""],
            &["\"a\", *"],
            &["*", "\"a\""],
            &["*, *"],
        ] {
            assert_eq!(read(lines), Err(Malformed), "{lines:?}");
        }
    }
}
