//! The IP address of the client that a request comes from: the peer's, or what a trusted proxy says of its own peer.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};

use super::forwarded;
use crate::client_network::ClientNetwork;
use crate::trusted_proxies::TrustedProxies;

/// The address that sent a request, as a request extension: of the socket's other end, or API Gateway's `sourceIp`.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// The IP address of the client, as far as it can be believed.
///
/// It is the peer's, unless the peer is a trusted proxy. Without a peer, which only a test leaves out, it is `0.0.0.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

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
    pub fn network(self) -> ClientNetwork {
        self.0.into()
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

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

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
