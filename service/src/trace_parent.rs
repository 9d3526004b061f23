//! The trace that a request is part of, as its caller names it: `traceparent` of W3C Trace Context.

use std::fmt;

use axum::http::{HeaderMap, HeaderName};

/// The header.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// A value of version 00, to the octet; later versions may add to it after another dash.
const LENGTH: usize = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".len();
/// The most that is looked at of a later version.
const MAX_LENGTH: usize = 256;

/// Which trace a request belongs to, and which step of it the caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: Id<32>,
    parent: Id<16>,
}

/// So many hexadecimal digits, in lower case, and not only zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Id<const DIGITS: usize>([u8; DIGITS]);

impl TraceParent {
    /// That of a request. What is malformed, or there several times, is as none
    /// (<https://www.w3.org/TR/trace-context/#processing-model>).
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        Self::parse(value.as_bytes())
    }

    fn parse(value: &[u8]) -> Option<Self> {
        if value.len() > MAX_LENGTH {
            return None;
        }
        let (known, added) = value.split_at_checked(LENGTH)?;
        let [b'-', rest @ ..] = &known[2..] else { return None };
        let (trace, rest) = rest.split_first_chunk()?;
        let [b'-', rest @ ..] = rest else { return None };
        let (parent, rest) = rest.split_first_chunk()?;
        let [b'-', flags @ ..] = rest else { return None };
        let version = &known[..2];
        let is_known = version == b"00";
        let is_valid = is_hexadecimal(version)
            && version != b"ff"
            && is_hexadecimal(flags)
            && (added.is_empty() || (!is_known && added[0] == b'-'));
        Some(Self { trace: Id::new(*trace)?, parent: Id::new(*parent)? }).filter(|_| is_valid)
    }

    /// The id of the trace.
    #[must_use]
    pub fn trace_id(&self) -> impl fmt::Display {
        self.trace
    }

    /// The id of the caller's step.
    #[must_use]
    pub fn parent_id(&self) -> impl fmt::Display {
        self.parent
    }
}

impl<const DIGITS: usize> Id<DIGITS> {
    fn new(digits: [u8; DIGITS]) -> Option<Self> {
        let is_valid = is_hexadecimal(&digits) && digits != [b'0'; DIGITS];
        is_valid.then_some(Self(digits))
    }
}

impl<const DIGITS: usize> fmt::Display for Id<DIGITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // They are ASCII.
        f.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

fn is_hexadecimal(digits: &[u8]) -> bool {
    digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";

    fn ids(value: &str) -> Option<(String, String)> {
        let read = TraceParent::parse(value.as_bytes())?;
        Some((read.trace_id().to_string(), read.parent_id().to_string()))
    }

    #[test]
    fn the_ids_of_a_well_formed_value_are_read() {
        for value in [
            format!("00-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}-00"),
            format!("00-{TRACE}-{PARENT}-ff"),
            // Of later versions what is known is read.
            format!("01-{TRACE}-{PARENT}-01"),
            format!("cc-{TRACE}-{PARENT}-01-what-the-future-holds"),
            format!("fe-{TRACE}-{PARENT}-01-"),
        ] {
            assert_eq!(ids(&value), Some((TRACE.to_owned(), PARENT.to_owned())), "{value}");
        }
    }

    #[test]
    fn what_is_malformed_is_as_none() {
        let (no_trace, no_parent) = ("0".repeat(32), "0".repeat(16));
        for value in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-"),
            format!("00-{TRACE}-{PARENT}-1"),
            format!("00-{TRACE}-{PARENT}-01-"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}-011"),
            format!("01-{TRACE}-{PARENT}-01more"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("0-{TRACE}-{PARENT}-01"),
            format!("0g-{TRACE}-{PARENT}-01"),
            format!("CC-{TRACE}-{PARENT}-01"),
            format!("00-{no_trace}-{PARENT}-01"),
            format!("00-{TRACE}-{no_parent}-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{}-01", PARENT.to_uppercase()),
            format!("00-{TRACE}-{PARENT}-0G"),
            format!("00_{TRACE}_{PARENT}_01"),
            format!("00-{PARENT}-{TRACE}-01"),
            format!(" 00-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}-01 "),
            format!("00-{}\"-{PARENT}-01", &TRACE[1..]),
            format!("00-{}\n-{PARENT}-01", &TRACE[1..]),
            format!("00-{}é-{PARENT}-01", &TRACE[2..]),
            format!("cc-{TRACE}-{PARENT}-01-{}", "x".repeat(MAX_LENGTH)),
        ] {
            assert_eq!(ids(&value), None, "{value}");
        }
    }

    #[test]
    fn several_headers_are_as_none() {
        let value = HeaderValue::try_from(format!("00-{TRACE}-{PARENT}-01")).unwrap();
        let mut headers = HeaderMap::from_iter([(TRACEPARENT, value.clone())]);
        assert!(TraceParent::of(&headers).is_some());
        headers.append(TRACEPARENT, value);
        assert_eq!(TraceParent::of(&headers), None);
        assert_eq!(TraceParent::of(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn whatever_is_sent_only_digits_are_read(value in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(TraceParent::parse(&value), None);
        }

        #[test]
        fn what_is_read_is_what_was_sent(version in "[0-9a-e][0-9a-f]", trace in "[0-9a-f]{31}[1-9a-f]", parent in "[0-9a-f]{15}[1-9a-f]") {
            prop_assert_eq!(ids(&format!("{version}-{trace}-{parent}-01")), Some((trace, parent)));
        }
    }
}
