//! What a request says of caches on its way (RFC 9111 section 5.2.1).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

/// The directives of `Cache-Control` in a request that mean something to a cache in the service.
///
/// As an extractor it reads none where there is no cache ([`HasCache`]).
///
/// A cache that never serves what is stale has nothing to do with `max-stale`, and one before the database can always
/// answer, so `only-if-cached` need not fail. Both are advice, as are `min-fresh` and `no-transform`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheControl {
    /// The answer must be younger than this: zero is `no-cache`, or a header that cannot be read.
    pub max_age: Option<Duration>,
    /// The answer must not be kept.
    pub no_store: bool,
}

impl CacheControl {
    /// Reads all the lines of the header. Of what cannot be read the careful meaning is taken: an answer that is fresh.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let mut read = Self::default();
        for line in headers.get_all(header::CACHE_CONTROL) {
            if read.add_line(line.as_bytes()).is_none() {
                read.limit(Duration::ZERO);
            }
        }
        read
    }

    /// Reads a list of directives, whose elements may be empty (RFC 9110 section 5.6.1); `None` if it is malformed.
    fn add_line(&mut self, line: &[u8]) -> Option<()> {
        let mut rest = line;
        loop {
            while let [b' ' | b'\t' | b',', more @ ..] = rest {
                rest = more;
            }
            if rest.is_empty() {
                return Some(());
            }
            let (name, after) = token(rest)?;
            let (value, after) = match after {
                [b'=', b'"', quoted @ ..] => {
                    quoted_string(quoted).map(|(text, after)| (Some(text), after))?
                }
                [b'=', after @ ..] => token(after).map(|(text, after)| (Some(text.to_vec()), after))?,
                _ => (None, after),
            };
            self.add(name, value.as_deref());
            rest = after.trim_ascii_start();
            if !matches!(rest, [] | [b',', ..]) {
                return None;
            }
        }
    }

    fn add(&mut self, name: &[u8], value: Option<&[u8]>) {
        if name.eq_ignore_ascii_case(b"no-cache") {
            self.limit(Duration::ZERO);
        } else if name.eq_ignore_ascii_case(b"no-store") {
            self.no_store = true;
        } else if name.eq_ignore_ascii_case(b"max-age") {
            self.limit(value.and_then(delta_seconds).unwrap_or_default());
        }
    }

    /// Of several limits the least counts.
    fn limit(&mut self, max_age: Duration) {
        self.max_age = Some(self.max_age.map_or(max_age, |known| known.min(max_age)));
    }
}

/// Whether there is a cache.
#[derive(Debug, Clone, Copy)]
pub struct HasCache(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for CacheControl
where
    HasCache: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let HasCache(is_read) = HasCache::from_ref(state);
        Ok(if is_read { Self::read(&parts.headers) } else { Self::default() })
    }
}

/// A token (RFC 9110 section 5.6.2), and what follows it.
fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_part = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    let end = text.iter().position(|octet| !is_part(octet)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The rest of a quoted string (RFC 9110 section 5.6.4), and what follows it.
fn quoted_string(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut value, mut rest) = (Vec::new(), text);
    loop {
        match rest {
            [b'"', after @ ..] => return Some((value, after)),
            [b'\\', octet @ (b'\t' | b' '..=b'~' | 0x80..), after @ ..]
            | [octet @ (b'\t' | b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' | 0x80..), after @ ..] => {
                value.push(*octet);
                rest = after;
            }
            _ => return None,
        }
    }
}

/// Whole seconds (RFC 9111 section 1.2.2); more than can be counted are as good as for ever.
fn delta_seconds(text: &[u8]) -> Option<Duration> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let digits = str::from_utf8(text).ok().filter(|_| is_number)?;
    Some(Duration::from_secs(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, Request};

    use super::*;

    fn read(lines: &[&str]) -> CacheControl {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::CACHE_CONTROL, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        CacheControl::read(&headers)
    }

    fn max_age(lines: &[&str]) -> Option<u64> {
        read(lines).max_age.map(|age| age.as_secs())
    }

    #[test]
    fn what_says_nothing_of_freshness_limits_nothing() {
        let silent = [
            "",
            " , ,",
            "max-stale",
            "max-stale=5",
            "only-if-cached",
            "x=\"no-cache\"",
            "x=\"\\\", no-cache\"",
        ];
        for line in silent {
            assert_eq!(read(&[line]), CacheControl::default(), "{line}");
        }
        assert_eq!(read(&[]), CacheControl::default());
    }

    #[test]
    fn a_fresh_answer_is_asked_for_in_any_spelling() {
        for lines in [
            &["no-cache"][..],
            &["No-Cache"],
            &["no-cache=\"x, y\""],
            &["max-stale=9,\tno-cache ,"],
            &["max-stale", "no-cache"],
            &["max-age=0"],
            &["max-age=60, max-age=0"],
        ] {
            assert_eq!(max_age(lines), Some(0), "{lines:?}");
        }
    }

    #[test]
    fn an_answer_may_be_so_old() {
        for line in
            ["max-age=60", "MAX-AGE=\"60\"", "max-age=\"6\\0\"", "max-age=060", "max-age=60,max-age=90"]
        {
            assert_eq!(max_age(&[line]), Some(60), "{line}");
        }
        assert_eq!(max_age(&["max-age=99999999999999999999999"]), Some(u64::MAX));
    }

    #[test]
    fn what_is_not_to_be_kept_may_be_served() {
        assert_eq!(read(&["no-store"]), CacheControl { max_age: None, no_store: true });
    }

    #[test]
    fn what_cannot_be_read_asks_for_a_fresh_answer() {
        for line in [
            "max-age",
            "max-age=",
            "max-age=-1",
            "max-age=x",
            "max-age=1 2",
            "max-age = 60",
            "=",
            "\"x",
            "x=\"y",
            "é",
            "x;y",
        ] {
            assert_eq!(max_age(&[line]), Some(0), "{line}");
        }
    }

    #[tokio::test]
    async fn cache_control_is_read_only_where_there_is_a_cache() {
        let request = Request::builder().header(header::CACHE_CONTROL, "no-store").body(());
        let (mut parts, ()) = request.unwrap().into_parts();
        for has_cache in [true, false] {
            let Ok(told) = CacheControl::from_request_parts(&mut parts, &HasCache(has_cache)).await;
            assert_eq!(told.no_store, has_cache);
        }
    }
}
