//! What is the same for everybody until the next release: caches keep it, and it is sent compressed to those who take that.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use bytes::Bytes;

use super::{EntityTag, IfNoneMatch};

/// How long caches may keep an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As long as they ask each time whether it is still the same.
    Revalidated,
    /// For a year, which is for ever: its URL names the version.
    #[cfg(feature = "docs-page")]
    Immutable,
}

/// A text or an image, with its validator.
#[derive(Debug)]
pub(crate) struct Asset {
    content_type: &'static str,
    /// Another one for each content.
    version: String,
    plain: Bytes,
    gzip: Option<Bytes>,
}

impl Asset {
    pub(crate) fn new(content_type: &'static str, plain: impl Into<Bytes>) -> Self {
        let plain = plain.into();
        let gzip = gzip::compress(&plain);
        Self { content_type, version: version_of(&plain), plain, gzip }
    }

    /// Of what is compressed already; nothing if it is not.
    #[cfg(feature = "docs-page")]
    pub(crate) fn of_gzip(content_type: &'static str, gzip: Vec<u8>) -> Option<Self> {
        let plain = gzip::decompress(&gzip)?;
        Some(Self { content_type, version: version_of(&plain), plain, gzip: Some(gzip.into()) })
    }

    /// What tells this content from any other.
    #[cfg(feature = "docs-page")]
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The answer to a request with these headers: 304 if it has the asset already.
    pub(crate) fn answer(&self, asked: &HeaderMap, freshness: Freshness) -> Response {
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(asked));
        // A strong validator is of octets, and the compressed ones are others.
        let tag = EntityTag::named(&format!("{}{}", self.version, if gzip.is_some() { "-gzip" } else { "" }));
        let is_known = IfNoneMatch::of(asked).has(&tag);
        let mut headers = HeaderMap::new();
        headers.insert(header::ETAG, tag.into_header());
        headers.insert(header::CACHE_CONTROL, freshness.cache_control());
        if self.gzip.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if gzip.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        (headers, gzip.unwrap_or(&self.plain).clone()).into_response()
    }
}

impl Freshness {
    const fn cache_control(self) -> HeaderValue {
        match self {
            Self::Revalidated => HeaderValue::from_static("no-cache"),
            #[cfg(feature = "docs-page")]
            Self::Immutable => HeaderValue::from_static("public, max-age=31536000, immutable"),
        }
    }
}

fn version_of(content: &[u8]) -> String {
    BASE64URL.encode(&digest(&SHA256, content).as_ref()[..12])
}

/// Whether the client takes gzip (RFC 9110 section 12.5.3). One that does not say so gets the plain content.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// gzip comes with the docs page. An executable without it leaves compression to what stands before it.
#[cfg(feature = "docs-page")]
mod gzip {
    use std::io::{Read, Write};

    use bytes::Bytes;
    use flate2::Compression;
    use flate2::read::GzDecoder;
    use flate2::write::GzEncoder;

    pub(super) fn compress(plain: &[u8]) -> Option<Bytes> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).ok()?;
        encoder.finish().ok().map(Bytes::from)
    }

    pub(super) fn decompress(gzip: &[u8]) -> Option<Bytes> {
        let mut plain = Vec::new();
        GzDecoder::new(gzip).read_to_end(&mut plain).ok()?;
        Some(plain.into())
    }
}

#[cfg(not(feature = "docs-page"))]
mod gzip {
    use bytes::Bytes;

    pub(super) const fn compress(_: &[u8]) -> Option<Bytes> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_client_says_whether_it_takes_gzip() {
        for value in ["gzip", "GZIP", "deflate, gzip;q=0.5", "br ,gzip ; q=1.0"] {
            assert!(takes_gzip(&headers(header::ACCEPT_ENCODING, value)), "{value}");
        }
        for value in ["", "identity", "br", "gzip;q=0", "gzip; q=0.000", "*", "x-gzip2"] {
            assert!(!takes_gzip(&headers(header::ACCEPT_ENCODING, value)), "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_client_names_what_it_has() {
        for value in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(
                IfNoneMatch::of(&headers(header::IF_NONE_MATCH, value)).has(&EntityTag::named("a")),
                "{value}"
            );
        }
        for value in ["", "a", "\"b\"", "\"a-gzip\""] {
            assert!(
                !IfNoneMatch::of(&headers(header::IF_NONE_MATCH, value)).has(&EntityTag::named("a")),
                "{value}"
            );
        }
    }
}
