//! A TCP proxy in front of the server that injects network faults.

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

/// How the proxy treats connections: "old" ones are those open when the mode is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// New ones reach the server. Old ones are closed.
    Open,
    /// Old and new ones are closed.
    Cut,
    /// New ones are accepted and get no data. Old ones are closed.
    Silent,
    /// Old ones stay open and get no data, FIN or RST, as after a freeze. New ones reach the server.
    HalfOpen,
    /// Neither old nor new ones get data, FIN or RST.
    BlackHole,
    /// The server's answers are delayed by this much, on old and new ones.
    Latency(Duration),
    /// The server's answers arrive octet by octet, with this pause after each, on old and new ones.
    Drip(Duration),
    /// Old ones are closed after the server has sent this many more octets. New ones reach the server.
    CutAfter(usize),
    /// Old ones are closed in the place of an answer of the server, after this many more. New ones reach the server.
    CutAnswer(usize),
    /// The same, but that the old ones stay open and get no data, FIN or RST from then on.
    HoldAnswer(usize),
}

/// A local port that forwards to the server.
pub(crate) struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    cut: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &Login) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, changes) = watch::channel(Mode::Open);
        let cut = Arc::new(AtomicU64::new(0));
        let link = Link { server: (server.host.clone(), server.port), changes, cut: Arc::clone(&cut) };
        Self { address, mode, cut, task: tokio::spawn(accept(listener, link)) }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// How many connections were cut or held in the place of an answer.
    pub(crate) fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }

    /// The same login through this proxy.
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
    changes: watch::Receiver<Mode>,
    cut: Arc<AtomicU64>,
}

impl Link {
    async fn carry(mut self, mut client: TcpStream) {
        let mut mode = match *self.changes.borrow_and_update() {
            Mode::Cut => return,
            Mode::HalfOpen | Mode::CutAfter(_) | Mode::CutAnswer(_) | Mode::HoldAnswer(_) => Mode::Open,
            mode => mode,
        };
        let Ok(mut server) = TcpStream::connect(self.server).await else { return };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let (mut question, mut answer) = (vec![0; 16384], vec![0; 16384]);
        loop {
            let dead = matches!(mode, Mode::Silent | Mode::HalfOpen | Mode::BlackHole);
            tokio::select! {
                changed = self.changes.changed() => {
                    if changed.is_err() { return }
                    match *self.changes.borrow_and_update() {
                        Mode::Open | Mode::Cut | Mode::Silent => return,
                        _ if dead => {}
                        now => mode = now,
                    }
                }
                read = client.read(&mut question), if !dead => match read {
                    Ok(length @ 1..) if server.write_all(&question[..length]).await.is_ok() => {}
                    _ => return,
                },
                read = server.read(&mut answer), if !dead => match read {
                    Ok(1..) if mode == Mode::HoldAnswer(0) => {
                        mode = Mode::BlackHole;
                        self.cut.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(length @ 1..) => if !pass_on(&answer[..length], &mut client, &mut mode).await {
                        if matches!(mode, Mode::CutAfter(0) | Mode::CutAnswer(0)) {
                            self.cut.fetch_add(1, Ordering::Relaxed);
                        }
                        return;
                    },
                    _ => return,
                },
            }
        }
    }
}

/// Returns whether the connection stays open.
async fn pass_on(answer: &[u8], client: &mut TcpStream, mode: &mut Mode) -> bool {
    match mode {
        Mode::Latency(delay) => sleep(*delay).await,
        Mode::Drip(pause) => {
            for octet in answer {
                if client.write_all(&[*octet]).await.is_err() {
                    return false;
                }
                sleep(*pause).await;
            }
            return true;
        }
        Mode::CutAfter(left) if *left < answer.len() => {
            let _ = client.write_all(&answer[..*left]).await;
            *left = 0;
            return false;
        }
        Mode::CutAfter(left) => *left -= answer.len(),
        Mode::CutAnswer(0) => return false,
        Mode::CutAnswer(left) | Mode::HoldAnswer(left) => *left -= 1,
        _ => {}
    }
    client.write_all(answer).await.is_ok()
}
