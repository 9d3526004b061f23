//! `Cache-Control` of a request, in any number of lines: whoever asks for a fresh answer gets one, whatever stands beside it.
#![no_main]

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use users_service::http::CacheControl;

const FRESH: Option<Duration> = Some(Duration::ZERO);

fuzz_target!(|text: &[u8]| {
    let lines = text.split(|octet| *octet == b'\n').map(HeaderValue::from_bytes);
    let Ok(lines) = lines.collect::<Result<Vec<_>, _>>() else { return };
    let read = read(&lines);
    // Each line only adds to what the others say.
    let alone: Vec<_> = lines.iter().map(|line| self::read(std::slice::from_ref(line))).collect();
    assert_eq!(read.max_age, alone.iter().filter_map(|line| line.max_age).min(), "{lines:?}");
    assert_eq!(read.no_store, alone.iter().any(|line| line.no_store), "{lines:?}");
    for (line, alone) in lines.iter().zip(alone) {
        assert!(!asks_for_fresh(line.as_bytes()) || alone.max_age == FRESH, "{line:?}");
    }
    let more = [lines, vec![HeaderValue::from_static("no-cache")]].concat();
    assert_eq!(self::read(&more).max_age, FRESH, "{more:?}");
});

fn read(lines: &[HeaderValue]) -> CacheControl {
    let headers: HeaderMap = lines.iter().map(|line| (header::CACHE_CONTROL, line.clone())).collect();
    CacheControl::read(&headers)
}

/// Whether `no-cache` is an element of a list, in which no comma can be quoted.
fn asks_for_fresh(line: &[u8]) -> bool {
    let mut elements = line.split(|octet| *octet == b',');
    !line.contains(&b'"') && elements.any(|element| element.trim_ascii().eq_ignore_ascii_case(b"no-cache"))
}
