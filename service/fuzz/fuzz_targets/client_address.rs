//! The headers of proxies: whatever a client sends, it is not taken for somebody else. The lines are what a client sent as
//! `X-Forwarded-For`, as `Forwarded`, and as `Host`.
#![no_main]

use std::net::IpAddr;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use users_service::http::{ClientAddress, Peer};
use users_service::trusted_proxies::TrustedProxies;

const CLIENT: &str = "192.0.2.60";
const PROXY: &str = "10.0.0.1";
const INNER_PROXY: &str = "10.0.0.2";

static TRUSTED: LazyLock<TrustedProxies> = LazyLock::new(|| "10.0.0.0/8".parse().expect("a network"));

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (x_forwarded_for, forwarded, host) = (line(), line(), line());
    let through_proxies = |said: &str, by_proxy: &str| [said.to_owned(), by_proxy.to_owned()].join(", ");
    let x_forwarded_for = through_proxies(x_forwarded_for, &format!("{CLIENT}, {INNER_PROXY}"));
    assert_seen(&[("x-forwarded-for", &x_forwarded_for)], &[CLIENT]);
    // A proxy that writes one header passes on the other, and some quote what the client called the host.
    assert_seen(&[("x-forwarded-for", &x_forwarded_for), ("forwarded", forwarded)], &[CLIENT, PROXY]);
    let forwarded = through_proxies(forwarded, &format!("for={CLIENT};host=\"{}\"", quoted(host)));
    assert_seen(&[("forwarded", &forwarded)], &[CLIENT, PROXY]);
    let _ = text.parse::<TrustedProxies>();
});

/// As in a quoted string (RFC 9110 section 5.6.4).
fn quoted(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', r#"\""#)
}

/// Checks for whom the service takes the client, unless HTTP cannot carry the headers.
fn assert_seen(headers: &[(&'static str, &str)], expected: &[&str]) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let Ok(value) = HeaderValue::from_str(value) else { return };
        map.append(*name, value);
    }
    let mut extensions = axum::http::Extensions::new();
    extensions.insert(Peer(PROXY.parse().expect("an address")));
    let ClientAddress(seen) = ClientAddress::of(&extensions, &map, &TRUSTED);
    let expected = expected.iter().map(|address| address.parse::<IpAddr>().expect("an address"));
    assert!(expected.into_iter().any(|address| address == seen), "{headers:?}: {seen}");
}
