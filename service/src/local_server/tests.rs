use axum::Router;
use axum::routing::get;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::Layer;
use tower_http::normalize_path::NormalizePathLayer;

use super::*;
use crate::http::ClientAddress;
use crate::trusted_proxies::TrustedProxies;

/// What the service takes for the client's address on a connection from this peer.
async fn client_seen(peer: &str, trusted: &str, headers: &str) -> String {
    let trusted: TrustedProxies = trusted.parse().unwrap();
    let show = async |ClientAddress(address): ClientAddress| address.to_string();
    let router = Router::new().route("/", get(show)).with_state(trusted);
    let service = NormalizePathLayer::trim_trailing_slash().layer(router);
    let answers = answers(service, peer.parse().unwrap(), Arc::default(), Arc::default());
    let (mut client, server) = tokio::io::duplex(1 << 10);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), answers);
    let task = tokio::spawn(async move { connection.await.unwrap() });
    let request = format!("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    task.await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_client_is_the_peer_of_its_connection() {
    assert_eq!(client_seen("192.0.2.60", "none", "x-forwarded-for: 6.6.6.6\r\n").await, "192.0.2.60");
    assert_eq!(client_seen("2001:db8::1", "none", "").await, "2001:db8::1");
}

#[tokio::test]
async fn behind_a_trusted_proxy_it_is_the_peer_of_the_proxy() {
    let headers = "x-forwarded-for: 6.6.6.6\r\nx-forwarded-for: 192.0.2.60, 10.0.0.2\r\n";
    assert_eq!(client_seen("10.0.0.1", "10.0.0.0/8", headers).await, "192.0.2.60");
}
