//! The router on a socket of this machine, for laptops, containers and plain servers.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use crate::app::Service;

/// How long a client may take to send the head of a request, or to leave its connection idle before the next one.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// The most connections at a time; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 4096;
/// How long requests may take to finish once the process has been told to stop.
const GRACE: Duration = Duration::from_secs(25);
/// How long to wait after a failed accept: the cause, such as too many open files, takes a moment to pass.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Opens the socket.
///
/// # Errors
/// If the address is not this machine's, or the port is taken or not permitted.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot listen on {address}: {error}; set HOST and PORT to others"),
        )
    })
}

/// Where a browser on this machine finds the service.
#[must_use]
pub fn url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://localhost:{}", address.port());
    }
    format!("http://{address}")
}

/// Serves until SIGTERM or Ctrl-C; then takes no more connections and lets requests finish.
///
/// # Errors
/// If signals cannot be listened for.
pub async fn serve(listener: TcpListener, service: Service) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut stop = pin!(async move {
        tokio::select! { _ = terminate.recv() => "SIGTERM", _ = interrupt.recv() => "Ctrl-C" }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let reason = loop {
        let accepted = async {
            // Never closed, so there is always a place in the end.
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            reason = &mut stop => break reason,
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => (stream, place),
                Err(error) => {
                    warn!(%error, "A connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // Answers are written whole; waiting to fill a segment only delays them.
        let _ = stream.set_nodelay(true);
        let connection =
            http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service.clone()));
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "A connection ended early");
            }
            drop(place);
        });
    };
    drop(listener);
    info!("Stopping on {reason}: finishing the requests in flight");
    if timeout(GRACE, connections.shutdown()).await.is_err() {
        warn!("Some requests did not finish within {} seconds", GRACE.as_secs());
    }
    Ok(())
}
