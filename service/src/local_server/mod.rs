//! The router on a socket of this machine, for laptops, containers and plain servers.

mod exchange;
mod framing;
mod refusal;
mod request_body;
mod socket;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{interval, sleep, timeout};
use tower::Service as _;
use tracing::{info, warn};

use self::exchange::Exchange;
use self::request_body::RequestBody;
use self::socket::{ResponseBody, Socket};
use crate::app::Service;
use crate::http::{Peer, Refused};
use crate::metrics;

/// The idle time-out of a kept-alive connection: longer than the 60 seconds of the usual load balancers, which would
/// otherwise send a request into a connection that is being closed. It is also the time-out for the head of a request.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(75);
/// The largest head of a request, and the most that is read ahead for one connection.
const MAX_HEAD: usize = 64 << 10;
/// TCP user time-out (`TCP_USER_TIMEOUT`, RFC 5482): how long sent data may stay unacknowledged, because the client does
/// not read its answer or has vanished, before the kernel closes the connection.
#[cfg(target_os = "linux")]
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);
/// The most connections at a time; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 4096;
/// The length of the kernel's accept queue, which `net.core.somaxconn` caps. While the queue is full, clients retransmit
/// their SYN only after a second.
const BACKLOG: u32 = 4096;
/// File descriptors that are reserved for anything but client connections, such as connections to the database.
const RESERVED_FILES: usize = 64;
/// How long requests in flight may take to finish after the drain period.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(25);
/// The drain period: after the signal to stop, open connections are served for this long, and each answer carries
/// `Connection: close`. Closing an idle connection without notice would lose a request that is already on its way.
const DRAIN_PERIOD: Duration = Duration::from_secs(1);
/// How often to check, while draining, whether all connections are closed.
const DRAIN_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// How often a timer is due, whatever else is: sooner than any time limit of a request.
const TICK: Duration = Duration::from_millis(250);
/// How long to wait after a failed `accept`: the cause, such as too many open files, takes a moment to pass.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Opens the socket.
///
/// # Errors
/// If the address is not one of this machine, or the port is in use or not permitted.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    listen(address).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot listen on {address}: {error}; set HOST and PORT to others"),
        )
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart does not have to wait until the previous process's connections have left TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
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
    http.timer(TokioTimer::new()).header_read_timeout(KEEP_ALIVE_TIMEOUT);
    http.max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD);
    let connections = GracefulShutdown::new();
    let stopping = Arc::new(AtomicBool::new(false));
    let (drained, _) = watch::channel(false);
    let permits = Arc::new(Semaphore::new(most_connections()));
    tokio::spawn(tick());
    let reason = loop {
        let (stream, peer, permit) = tokio::select! {
            reason = &mut stop => break reason,
            accepted = accept(&listener, &permits) => accepted,
        };
        set_options(&stream);
        let exchange = Arc::<Exchange>::default();
        let socket = Socket::new(stream, Arc::clone(&exchange));
        let answer = answers(service.clone(), peer, Arc::clone(&exchange), Arc::clone(&stopping));
        let connection = connections.watch(http.serve_connection(socket, answer));
        let drained = drained.subscribe();
        let open = metrics::HTTP_CONNECTIONS.hold();
        tokio::spawn(async move {
            let result = tokio::select! {
                result = connection => result,
                () = abandoned(drained, &exchange) => Ok(()),
            };
            if let Err(error) = result {
                refusal::log_end(&error, exchange.refusal(), exchange.is_receiving());
            }
            drop((permit, open));
        });
    };
    stopping.store(true, Ordering::Relaxed);
    drop(listener);
    info!("Stopping on {reason}: finishing the requests in flight");
    finish(connections, &drained).await;
    Ok(())
}

/// Keeps a timer due soon. The thread that waits for sockets also waits for the earliest timer, and tokio interrupts it for each timer
/// that is earlier still. If the only others are the time-outs of idle connections, that is a system call and a thread switch for
/// every fourth request.
async fn tick() {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
    }
}

/// The next connection, once the number of connections allows it. The semaphore is never closed.
pub(crate) async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, IpAddr, Result<OwnedSemaphorePermit, AcquireError>) {
    let permit = Arc::clone(permits).acquire_owned().await;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip(), permit),
            Err(error) => {
                warn!(%error, "A connection could not be accepted");
                sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

/// Waits until the drain period is over while no request is in flight on a connection. hyper would wait for the rest of a
/// head that has begun to arrive.
async fn abandoned(mut drained: watch::Receiver<bool>, exchange: &Exchange) {
    let over = drained.wait_for(|drained| *drained).await.is_ok();
    if !over || !exchange.is_between_answers() {
        std::future::pending::<()>().await;
    }
}

/// Drains the connections: first serves open ones for the drain period, then waits for the requests in flight.
async fn finish(connections: GracefulShutdown, drained: &watch::Sender<bool>) {
    let all_closed = async {
        while connections.count() > 0 {
            sleep(DRAIN_POLL_INTERVAL).await;
        }
    };
    let _ = timeout(DRAIN_PERIOD, all_closed).await;
    drained.send_replace(true);
    if timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await.is_err() {
        warn!("Some requests did not finish within {} seconds", SHUTDOWN_TIMEOUT.as_secs());
    }
}

/// The service that hyper calls for each request of one connection.
fn answers(
    service: Service,
    peer: IpAddr,
    exchange: Arc<Exchange>,
    stopping: Arc<AtomicBool>,
) -> impl HttpService<Incoming, ResBody = ResponseBody, Error = Infallible, Future: Send> {
    service_fn(move |request| {
        exchange.begin();
        let answer = service.clone().call(prepare(request, peer, &exchange));
        let (exchange, stopping) = (Arc::clone(&exchange), Arc::clone(&stopping));
        async move {
            let response = announce_end(answer.await?, &stopping);
            Ok(response.map(|body| ResponseBody::new(body, exchange)))
        }
    })
}

/// The request as the router takes it.
fn prepare(request: Request<Incoming>, peer: IpAddr, exchange: &Arc<Exchange>) -> Request<Body> {
    let problem = framing::problem(&request);
    let (mut head, body) = request.into_parts();
    head.extensions.insert(Peer(peer));
    if let Some(problem) = problem {
        head.extensions.insert(Refused(problem));
    }
    let body = RequestBody::wrap(body, &head, exchange);
    Request::from_parts(head, body)
}

/// Announces to the client, while the process is draining, that its connection ends with this answer.
fn announce_end(mut response: Response, stopping: &AtomicBool) -> Response {
    if stopping.load(Ordering::Relaxed) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// How many connections may be open at a time. Raises the limit of open files to its hard limit first: the soft limit is
/// often just 1024.
fn most_connections() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    files.saturating_sub(RESERVED_FILES).clamp(1, MAX_CONNECTIONS)
}

/// Errors are ignored: the socket works without these options, too.
fn set_options(stream: &TcpStream) {
    // Answers are written whole; waiting to fill a segment only delays them.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(TCP_USER_TIMEOUT));
}

#[cfg(test)]
mod tests;
