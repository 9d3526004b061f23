//! The IP address of the client that a request comes from: the peer's, or what a trusted proxy says of its own peer.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

use super::forwarded;

/// The address that sent a request, as a request extension: of the socket's other end, or API Gateway's `sourceIp`.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// The IP address of the client, as far as it can be believed.
///
/// It is the peer's, unless the peer is a trusted proxy. Without a peer, which only a test leaves out, it is `0.0.0.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// What is taken to be one client: an IPv4 address, or the first 64 bits of an IPv6 address, as all others with the same are
/// usually those of the same customer of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientNetwork {
    /// An address.
    V4([u8; 4]),
    /// A network.
    V6([u8; 8]),
}

impl ClientAddress {
    /// The address in a request.
    #[must_use]
    pub fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let peer = extensions.get().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |&Peer(peer)| peer);
        let peer = peer.to_canonical();
        if trusted.contains(peer) { Self(forwarded::client(peer, headers, trusted)) } else { Self(peer) }
    }

    /// What is limited together.
    #[must_use]
    pub fn prefix(self) -> ClientNetwork {
        match self.0.to_canonical() {
            IpAddr::V4(address) => ClientNetwork::V4(address.octets()),
            IpAddr::V6(address) => {
                let [network @ .., _, _, _, _, _, _, _, _] = address.octets();
                ClientNetwork::V6(network)
            }
        }
    }
}

impl ClientNetwork {
    /// Its octets, four or eight.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V4(address) => address,
            Self::V6(network) => network,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress
where
    TrustedProxies: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.headers, &TrustedProxies::from_ref(state)))
    }
}

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
    use axum::http::Request;

    use super::*;

    fn address(text: &str) -> ClientAddress {
        ClientAddress(text.parse().unwrap())
    }

    #[test]
    fn an_ipv6_client_is_its_first_64_bits() {
        let network = address("2001:db8:1:2:3:4:5:6").prefix();
        assert_eq!(network.as_bytes(), [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2]);
        assert_eq!(network, address("2001:db8:1:2:ffff::1").prefix());
        assert_ne!(network, address("2001:db8:1:3:3:4:5:6").prefix());
    }

    #[test]
    fn an_ipv4_client_is_its_whole_address_also_inside_ipv6() {
        let network = address("192.0.2.60").prefix();
        assert_eq!(network.as_bytes(), [192, 0, 2, 60]);
        assert_eq!(network, address("::ffff:192.0.2.60").prefix());
        assert_ne!(network, address("192.0.2.61").prefix());
        assert_ne!(address("::").prefix(), address("0.0.0.0").prefix());
    }

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
    fn who_trusts_everybody_or_nobody_knows_whom_is_told() {
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

    /// What is told of a request from this peer, with a header that anybody can send.
    async fn told(peer: Option<&str>, trusted: &str) -> String {
        let mut request = Request::builder().header("x-forwarded-for", "192.0.2.60").body(()).unwrap();
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        }
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let ClientAddress(address) =
            ClientAddress::from_request_parts(&mut request.into_parts().0, &trusted).await.unwrap();
        address.to_string()
    }

    #[tokio::test]
    async fn only_a_trusted_peer_is_believed() {
        assert_eq!(told(Some("10.0.0.1"), "none").await, "10.0.0.1");
        assert_eq!(told(Some("10.0.0.1"), "10.0.0.2").await, "10.0.0.1");
        assert_eq!(told(Some("10.0.0.1"), "10.0.0.1").await, "192.0.2.60");
    }

    #[tokio::test]
    async fn a_peer_of_a_socket_for_both_versions_is_an_ipv4_address() {
        assert_eq!(told(Some("::ffff:10.0.0.1"), "none").await, "10.0.0.1");
        assert_eq!(told(Some("::ffff:10.0.0.1"), "10.0.0.0/8").await, "192.0.2.60");
    }

    #[tokio::test]
    async fn nobody_is_believed_without_a_peer() {
        assert_eq!(told(None, "10.0.0.0/8").await, "0.0.0.0");
    }
}
