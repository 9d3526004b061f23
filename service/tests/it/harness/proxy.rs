//! A way to the server that can be cut, slowed down and mended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use users_service::config::Login;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// New ones reach the server. Old ones are closed.
    Open,
    /// They are closed, the old and the new ones.
    Cut,
    /// New ones are accepted, and never hear a word. Old ones are closed.
    Silent,
    /// Old ones stay open, and never hear a word again: no end, no reset. New ones reach the server.
    Thawed,
    /// The same, and new ones hear nothing either.
    Hole,
    /// The server's answers come this much later, on old and new ones.
    Late(Duration),
    /// The server's answers come octet by octet, with this pause after each, on old and new ones.
    Drip(Duration),
    /// Old ones are closed once the server has said this many octets more. New ones reach the server.
    CutAfter(usize),
}

/// A port of this machine that leads to the server.
pub(crate) struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    cut: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &Login) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, changes) = watch::channel(Way::Open);
        let cut = Arc::new(AtomicU64::new(0));
        let link = Link { server: (server.host.clone(), server.port), changes, cut: Arc::clone(&cut) };
        Self { address, way, cut, task: tokio::spawn(accept(listener, link)) }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// How many connections were cut in the middle of an answer.
    pub(crate) fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
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

async fn accept(listener: TcpListener, link: Link) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(link.clone().carry(client));
    }
}

/// What a connection needs to know.
#[derive(Clone)]
struct Link {
    server: (String, u16),
    changes: watch::Receiver<Way>,
    cut: Arc<AtomicU64>,
}

impl Link {
    async fn carry(mut self, mut client: TcpStream) {
        let mut way = match *self.changes.borrow_and_update() {
            Way::Cut => return,
            Way::Thawed | Way::CutAfter(_) => Way::Open,
            way => way,
        };
        let Ok(mut server) = TcpStream::connect(self.server).await else { return };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let (mut question, mut answer) = (vec![0; 16384], vec![0; 16384]);
        loop {
            let dead = matches!(way, Way::Silent | Way::Thawed | Way::Hole);
            tokio::select! {
                changed = self.changes.changed() => {
                    if changed.is_err() { return }
                    match *self.changes.borrow_and_update() {
                        Way::Open | Way::Cut | Way::Silent => return,
                        _ if dead => {}
                        now => way = now,
                    }
                }
                read = client.read(&mut question), if !dead => match read {
                    Ok(length @ 1..) if server.write_all(&question[..length]).await.is_ok() => {}
                    _ => return,
                },
                read = server.read(&mut answer), if !dead => match read {
                    Ok(length @ 1..) => if !pass_on(&answer[..length], &mut client, &mut way).await {
                        if way == Way::CutAfter(0) { self.cut.fetch_add(1, Ordering::Relaxed); }
                        return;
                    },
                    _ => return,
                },
            }
        }
    }
}

/// Whether the connection goes on.
async fn pass_on(answer: &[u8], client: &mut TcpStream, way: &mut Way) -> bool {
    match way {
        Way::Late(delay) => sleep(*delay).await,
        Way::Drip(pause) => {
            for octet in answer {
                if client.write_all(&[*octet]).await.is_err() {
                    return false;
                }
                sleep(*pause).await;
            }
            return true;
        }
        Way::CutAfter(left) if *left < answer.len() => {
            let _ = client.write_all(&answer[..*left]).await;
            *left = 0;
            return false;
        }
        Way::CutAfter(left) => *left -= answer.len(),
        _ => {}
    }
    client.write_all(answer).await.is_ok()
}
