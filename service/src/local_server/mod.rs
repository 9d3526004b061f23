//! The router on a socket of this machine, for laptops, containers and plain servers.

mod exchange;
mod framing;
mod refusal;
mod request_body;
mod socket;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
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
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tower::Service as _;
use tracing::{info, warn};

use self::exchange::Exchange;
use self::request_body::RequestBody;
use self::socket::{AnswerBody, Socket};
use crate::app::Service;
use crate::http::Refused;

/// How long a kept-alive connection may be idle: longer than the 60 seconds of the usual load balancers, which would else
/// send a request into a connection that is being closed. It is also how long the head of a request may take.
const KEEP_ALIVE_LIMIT: Duration = Duration::from_secs(75);
/// The largest head of a request, and the most that is read ahead for one connection.
const MAX_HEAD: usize = 64 << 10;
/// How long, on Linux, a client may take no octet of its answer, or be gone without a word.
#[cfg(target_os = "linux")]
const DEAF_LIMIT: Duration = Duration::from_secs(30);
/// The most connections at a time; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 4096;
/// How many connections the kernel's queue takes, as far as the machine permits: in a full one, a client waits for a
/// second before it knocks again.
const BACKLOG: u32 = 4096;
/// Open files that clients leave to others, such as the connections to the database.
const OTHER_FILES: usize = 64;
/// How long requests may take to finish once the process has been told to stop.
const GRACE: Duration = Duration::from_secs(25);
/// How long clients may go on once the process has been told to stop: each is told with its next answer that its
/// connection ends. To close a connection unannounced would lose the request that is on its way.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often to look whether all have gone.
const FAREWELL_PAUSE: Duration = Duration::from_millis(10);
/// How long to wait after a failed accept: the cause, such as too many open files, takes a moment to pass.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Opens the socket.
///
/// # Errors
/// If the address is not this machine's, or the port is taken or not permitted.
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
    // A restart need not wait for the connections of the process before to fade away.
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
    http.timer(TokioTimer::new()).header_read_timeout(KEEP_ALIVE_LIMIT);
    http.max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD);
    let connections = GracefulShutdown::new();
    let stopping = Arc::new(AtomicBool::new(false));
    let places = Arc::new(Semaphore::new(most_connections()));
    let reason = loop {
        let (stream, place) = tokio::select! {
            reason = &mut stop => break reason,
            accepted = accept(&listener, &places) => accepted,
        };
        set_options(&stream);
        let exchange = Arc::<Exchange>::default();
        let socket = Socket::new(stream, Arc::clone(&exchange));
        let answer = answers(service.clone(), Arc::clone(&exchange), Arc::clone(&stopping));
        let connection = connections.watch(http.serve_connection(socket, answer));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                refusal::log_end(&error, &exchange);
            }
            drop(place);
        });
    };
    stopping.store(true, Ordering::Relaxed);
    drop(listener);
    info!("Stopping on {reason}: finishing the requests in flight");
    finish(connections).await;
    Ok(())
}

/// The next connection, once there is a place for it. The semaphore is never closed, so there is one in the end.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Result<OwnedSemaphorePermit, AcquireError>) {
    let place = Arc::clone(places).acquire_owned().await;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                warn!(%error, "A connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Waits for clients to go: first for those that are told so with an answer, then for the requests in flight.
async fn finish(connections: GracefulShutdown) {
    let farewell = async {
        while connections.count() > 0 {
            sleep(FAREWELL_PAUSE).await;
        }
    };
    let _ = timeout(FAREWELL, farewell).await;
    if timeout(GRACE, connections.shutdown()).await.is_err() {
        warn!("Some requests did not finish within {} seconds", GRACE.as_secs());
    }
}

/// What hyper asks for the answers to the requests of one connection.
fn answers(
    service: Service,
    exchange: Arc<Exchange>,
    stopping: Arc<AtomicBool>,
) -> impl HttpService<Incoming, ResBody = AnswerBody, Error = Infallible, Future: Send> {
    service_fn(move |request| {
        exchange.begin();
        let answer = service.clone().call(prepare(request, &exchange));
        let (exchange, stopping) = (Arc::clone(&exchange), Arc::clone(&stopping));
        async move {
            let response = announce_end(answer.await?, &stopping);
            Ok(response.map(|body| AnswerBody::new(body, exchange)))
        }
    })
}

/// The request as the router takes it.
fn prepare(request: Request<Incoming>, exchange: &Arc<Exchange>) -> Request<Body> {
    let fault = framing::fault(&request);
    let (mut head, body) = request.into_parts();
    if let Some(problem) = fault {
        head.extensions.insert(Refused(problem));
    }
    let body = RequestBody::wrap(body, &head.headers, exchange);
    Request::from_parts(head, body)
}

/// Tells the client that its connection ends with this answer, if the process is about to stop.
fn announce_end(mut response: Response, stopping: &AtomicBool) -> Response {
    if stopping.load(Ordering::Relaxed) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// How many connections there may be at a time. As many files as the machine permits may be open from here on: the
/// number by default is often just 1024.
fn most_connections() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    files.saturating_sub(OTHER_FILES).clamp(1, MAX_CONNECTIONS)
}

/// A socket without one of these options serves all the same.
fn set_options(stream: &TcpStream) {
    // Answers are written whole; waiting to fill a segment only delays them.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(DEAF_LIMIT));
}
