//! `GET /metrics` on a port of its own, for whoever scrapes.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use chrono::{DateTime, Utc};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{debug, info};

use super::text::MEDIA_TYPE;
use super::{page, requests};
use crate::clock::{Clock, SystemClock};
use crate::db::Database;
use crate::local_server::accept;

const PATH: &str = "/metrics";
/// How many may ask at once; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 8;
/// How long a connection lives, which has one request.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);
/// The largest head: the least that hyper takes.
const MAX_HEAD: usize = 8 << 10;

/// The socket that metrics are served on.
#[derive(Debug)]
pub struct Endpoint {
    listener: TcpListener,
    started: DateTime<Utc>,
}

impl Endpoint {
    /// Opens the socket, and counts requests from now on.
    ///
    /// # Errors
    /// If the address is not one of this machine, or the port is in use or not permitted.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let message =
                format!("cannot listen on {address}: {error}; set METRICS_HOST and METRICS_PORT to others");
            io::Error::new(error.kind(), message)
        })?;
        requests::begin();
        Ok(Self { listener, started: SystemClock.now() })
    }

    /// Serves for as long as the future is polled.
    ///
    /// # Errors
    /// If the socket has no address.
    pub async fn serve(self, database: Database) -> io::Result<Infallible> {
        info!("Metrics at http://{}{PATH}", self.listener.local_addr()?);
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let (stream, _, permit) = accept(&self.listener, &permits).await;
            let (database, started) = (database.clone(), self.started);
            tokio::spawn(async move {
                answer_one(stream, &database, started).await;
                drop(permit);
            });
        }
    }
}

async fn answer_one(stream: TcpStream, database: &Database, started: DateTime<Utc>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(CONNECTION_LIMIT);
    http.max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD).keep_alive(false);
    let service =
        service_fn(async |request| Ok::<_, Infallible>(answer(&request, || page::text(database, started))));
    match timeout(CONNECTION_LIMIT, http.serve_connection(TokioIo::new(stream), service)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "A connection for metrics ended early"),
        Err(_) => debug!("A connection for metrics took too long"),
    }
}

fn answer(request: &Request<Incoming>, page: impl FnOnce() -> String) -> Response<Full<Bytes>> {
    if request.uri().path() != PATH {
        return plain(StatusCode::NOT_FOUND, "Only /metrics is here\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    // hyper leaves out the body of an answer to HEAD.
    with_type(MEDIA_TYPE, page())
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = with_type("text/plain; charset=utf-8", text);
    *response.status_mut() = status;
    response
}

fn with_type(media_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
