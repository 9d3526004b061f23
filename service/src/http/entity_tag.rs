//! Entity tags (RFC 9110 section 8.8.3): those that the service gives, and the lists of them in conditional requests.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

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
        Self::quoted(&text)
    }

    /// The tag of what has this name, of letters, digits, `-` and `_`.
    pub(super) fn named(name: &str) -> Self {
        Self::quoted(format!("\"{name}\"").as_bytes())
    }

    fn quoted(text: &[u8]) -> Self {
        Self(HeaderValue::from_bytes(text).unwrap_or(const { HeaderValue::from_static("\"\"") }))
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
    /// Those in lines that are well-formed. They are read again where they are compared: a list of many is held for as long as
    /// the body of the request is waited for, and must not take more memory than the header.
    Listed(Vec<HeaderValue>),
}

/// An entity tag as a client has sent it.
struct Listed<'a> {
    is_weak: bool,
    opaque: &'a [u8],
}

impl EntityTags {
    /// Those in all the lines of a header; `None` if there is no such line.
    pub(super) fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Malformed> {
        let mut lines = headers.get_all(name).iter().peekable();
        let Some(first) = lines.peek() else { return Ok(None) };
        if first.as_bytes().trim_ascii() == b"*" {
            return if lines.count() == 1 { Ok(Some(Self::Any)) } else { Err(Malformed) };
        }
        let lines: Vec<_> = lines.cloned().collect();
        let mut count = 0;
        for tag in lines.iter().flat_map(Tags::of) {
            tag?;
            count += 1;
        }
        if count == 0 { Err(Malformed) } else { Ok(Some(Self::Listed(lines))) }
    }

    /// Whether a tag is among them by the strong comparison, for which no weak tag is equal to any.
    pub(super) fn have_strong(&self, tag: &EntityTag) -> bool {
        self.have(|listed| !listed.is_weak && listed.opaque == tag.opaque())
    }

    /// The same by the weak comparison.
    pub(super) fn have_weak(&self, tag: &EntityTag) -> bool {
        self.have(|listed| listed.opaque == tag.opaque())
    }

    fn have(&self, is_equal: impl Fn(&Listed<'_>) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(lines) => lines.iter().flat_map(Tags::of).flatten().any(|listed| is_equal(&listed)),
        }
    }
}

/// The tags of one line. A comma may be part of a tag, and elements of a list may be empty (RFC 9110 section 5.6.1). What follows
/// a fault is not read.
struct Tags<'a>(&'a [u8]);

impl<'a> Tags<'a> {
    fn of(line: &'a HeaderValue) -> Self {
        Self(line.as_bytes())
    }

    fn read(&mut self) -> Result<Listed<'a>, Malformed> {
        let weak = self.0.strip_prefix(b"W/");
        let quoted = weak.unwrap_or(self.0).strip_prefix(b"\"").ok_or(Malformed)?;
        let end = quoted.iter().position(|octet| *octet == b'"').ok_or(Malformed)?;
        let (opaque, after) = quoted.split_at(end);
        self.0 = after[1..].trim_ascii_start();
        let is_valid = opaque.iter().all(|octet| matches!(octet, 0x21 | 0x23..=0x7e | 0x80..));
        if !is_valid || !matches!(self.0, [] | [b',', ..]) {
            return Err(Malformed);
        }
        Ok(Listed { is_weak: weak.is_some(), opaque })
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Result<Listed<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [b' ' | b'\t' | b',', more @ ..] = self.0 {
            self.0 = more;
        }
        if self.0.is_empty() {
            return None;
        }
        let tag = self.read();
        if tag.is_err() {
            self.0 = &[];
        }
        Some(tag)
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
    fn of_many_tags_no_more_is_kept_than_the_lines_that_they_came_in() {
        let EntityTags::Listed(lines) = listed(&[&"\"a\",".repeat(15_000), "\"\""]) else { unreachable!() };
        assert_eq!(lines.iter().map(HeaderValue::len).collect::<Vec<_>>(), [60_000, 2]);
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
