//! The proxies whose word is taken for where a request comes from.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;

/// The proxies whose word is taken for where a request comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[IpNet]>);

/// A text is not a list of proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {}", TrustedProxies::FORM)]
pub struct NotProxies;

impl TrustedProxies {
    /// How they are written, for messages.
    pub const FORM: &'static str =
        "none, or addresses and networks, such as 10.0.0.0/8,2001:db8::1, none of which is everybody";

    /// Whether an address is one of theirs.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = NotProxies;

    fn from_str(text: &str) -> Result<Self, NotProxies> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::default());
        }
        text.split(',')
            .map(|entry| network(entry.trim()).ok_or(NotProxies))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// An address or a network. Who trusts everybody has no proxy that tells clients apart. IPv4 inside IPv6 would never match:
/// addresses are compared as IPv4.
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let is_mapped = network.addr().to_canonical() != network.addr();
    (network.prefix_len() > 0 && !is_mapped).then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_addresses_and_networks() {
        let trusted: TrustedProxies = "10.0.0.0/8, 192.0.2.1,2001:db8::/32,::1".parse().unwrap();
        for text in ["10.255.0.1", "192.0.2.1", "2001:db8:1::1", "::1"] {
            assert!(trusted.contains(text.parse().unwrap()), "{text}");
        }
        for text in ["11.0.0.1", "192.0.2.2", "2001:db9::1", "::2", "::ffff:10.0.0.1"] {
            assert!(!trusted.contains(text.parse().unwrap()), "{text}");
        }
        for text in ["none", "None"] {
            assert_eq!(text.parse(), Ok(TrustedProxies::default()));
        }
    }

    #[test]
    fn a_network_of_everybody_or_a_malformed_one_is_refused() {
        for text in [
            "",
            "*",
            "any",
            "10.0.0.0/8,",
            "10.0.0.0/33",
            "10.0.0.0/255.0.0.0",
            "10.0.0",
            "localhost",
            "0.0.0.0/0",
            "::/0",
            "::ffff:10.0.0.0/104",
            "::ffff:10.0.0.1",
            "10.0.0.1:80",
            "[::1]",
        ] {
            assert_eq!(text.parse::<TrustedProxies>(), Err(NotProxies), "{text:?}");
        }
    }
}
