//! What trusted proxies say of where a request comes from: `X-Forwarded-For`, and `Forwarded` (RFC 7239).
//!
//! Each proxy adds its peer on the right. So the header is read from there, as long as the addresses are trusted proxies:
//! the first other one is the client, and what is to its left is what the client says. What cannot be read ends this at the
//! proxy that said it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::trusted_proxies::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client behind a trusted proxy.
///
/// A proxy that writes one of the headers lets the other through as the client sent it. So if there are both, they must
/// agree; else the request is taken to be the proxy's own.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let read = |name: HeaderName, node: fn(&[u8]) -> Option<IpAddr>| {
        let mut values = headers.get_all(name).iter().rev().peekable();
        values.peek().is_some().then(|| nearest_untrusted(peer, values, node, trusted))
    };
    match (read(X_FORWARDED_FOR, address), read(header::FORWARDED, node)) {
        (Some(client), None) | (None, Some(client)) => client,
        (Some(one), Some(other)) if one == other => one,
        _ => peer,
    }
}

/// The rightmost address that is no trusted proxy, or the last proxy before one that cannot be read. The values come from
/// the last line to the first.
fn nearest_untrusted<'a>(
    peer: IpAddr,
    values: impl Iterator<Item = &'a HeaderValue>,
    node: fn(&[u8]) -> Option<IpAddr>,
    trusted: &TrustedProxies,
) -> IpAddr {
    let entries = values.flat_map(|value| value.as_bytes().rsplit(|&byte| byte == b','));
    let mut nearest = peer;
    // Empty elements of a list count for nothing (RFC 9110 section 5.6.1.2).
    for entry in entries.map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty()) {
        let Some(address) = node(entry) else { return nearest };
        nearest = address;
        if !trusted.contains(address) {
            return nearest;
        }
    }
    nearest
}

/// The address in an element of `Forwarded`: `for=192.0.2.60;proto=http;by=203.0.113.43`.
///
/// Elements are split at every comma, also in a quoted string, which may hold what a client sent (`host="…"`). A piece of
/// one has a quote too few, or a backslash before one: then nothing is believed.
fn node(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(|&byte| byte == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|&byte| byte == b'=')?;
        let (name, value) = (&pair[..equals], unquoted(&pair[equals + 1..])?);
        if name.eq_ignore_ascii_case(b"for") && found.replace(value).is_some() {
            return None;
        }
    }
    address(found?)
}

/// A token, or what is between quotes.
fn unquoted(value: &[u8]) -> Option<&[u8]> {
    let inner = value.strip_prefix(b"\"").map_or(Some(value), |rest| rest.strip_suffix(b"\""))?;
    (!inner.iter().any(|byte| b"\"\\".contains(byte))).then_some(inner)
}

/// An address, perhaps with a port: `192.0.2.43`, `192.0.2.43:47011`, `2001:db8::17`, `[2001:db8::17]:4711`. `unknown` and
/// obfuscated names, such as `_hidden`, are none.
fn address(node: &[u8]) -> Option<IpAddr> {
    let node = str::from_utf8(node).ok()?;
    if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let is_whole = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return is_whole.then(|| ipv6(address))?;
    }
    if let Some((address, port)) = node.split_once(':')
        && is_port(port)
    {
        return address.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    }
    node.parse().ok().map(IpAddr::V4).or_else(|| ipv6(node))
}

/// An IPv6 address without its zone, which has a meaning on the proxy only; as IPv4 if it is one.
fn ipv6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<Ipv6Addr>().ok().map(|address| address.to_canonical())
}

/// A number, or an obfuscated port such as `_a1` (RFC 7239 section 6.2).
fn is_port(text: &str) -> bool {
    let is_obfuscated = text.strip_prefix('_').is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    });
    is_obfuscated || (text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests;
