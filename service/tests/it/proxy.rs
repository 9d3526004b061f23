//! A way to the server that can be cut and mended.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use users_service::config::Login;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// They reach the server.
    Open,
    /// They are closed, the old and the new ones.
    Cut,
    /// New ones are accepted, and never hear a word. Old ones are closed.
    Silent,
}

/// A port of this machine that leads to the server.
pub(crate) struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &Login) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, changes) = watch::channel(Way::Open);
        let task = tokio::spawn(accept(listener, (server.host.clone(), server.port), changes));
        Self { address, way, task }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// The same login by this way.
    pub(crate) fn login(&self, server: &Login) -> Login {
        Login { host: self.address.ip().to_string(), port: self.address.port(), ..server.clone() }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: (String, u16), changes: watch::Receiver<Way>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let mut changes = changes.clone();
        let server = server.clone();
        connections.spawn(async move {
            let way = *changes.borrow_and_update();
            tokio::select! {
                () = carry(client, server, way) => {}
                _ = changes.changed() => {}
            }
        });
    }
}

async fn carry(mut client: TcpStream, server: (String, u16), way: Way) {
    match way {
        Way::Open => {
            let Ok(mut server) = TcpStream::connect(server).await else { return };
            let _ = client.set_nodelay(true);
            let _ = server.set_nodelay(true);
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
        Way::Cut => {}
        Way::Silent => std::future::pending().await,
    }
}
