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
