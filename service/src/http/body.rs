//! Reads the body of a request before anything else looks at the request.
//!
//! Handlers that have no use for a body leave none unread that way: HTTP/1.1 would otherwise have to close the
//! connection under a client that means to go on using it.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::Problem;
use super::problem::{body_too_large, body_too_slow, broken_body};

/// The largest body that is read: 1 MiB.
const MAX_BODY: usize = 1 << 20;
/// How much of a body that is too large is read and thrown away, so that the client, which is still writing, gets to
/// see the answer and not a reset connection.
const MAX_DISCARDED: usize = 16 << 20;
/// How long a client may take to send its body.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Why a body could not be read, as a request extension: only who wants the body needs to know.
#[derive(Debug, Clone)]
pub(super) struct Unreadable(pub(super) Problem);

/// The same request with its body in memory, or without it and with an [`Unreadable`].
pub(super) async fn buffer(request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let (mut parts, body) = request.into_parts();
    let waits = parts.headers.contains_key(header::EXPECT);
    let body = timeout(TIME_LIMIT, read(body, waits)).await.unwrap_or_else(|_| Err(body_too_slow()));
    let body = body.unwrap_or_else(|problem| {
        parts.extensions.insert(Unreadable(problem));
        Bytes::new()
    });
    Request::from_parts(parts, Body::from(body))
}

/// Reads a body of at most [`MAX_BODY`] octets.
async fn read(mut body: Body, client_waits_for_continue: bool) -> Result<Bytes, Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut too_large = announced > MAX_BODY;
    if too_large && (client_waits_for_continue || announced > MAX_DISCARDED) {
        return Err(body_too_large());
    }
    let mut read = BytesMut::with_capacity(if too_large { 0 } else { announced });
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| broken_body())?.into_data() else { continue };
        seen += data.len();
        too_large |= seen > MAX_BODY;
        if seen > MAX_DISCARDED {
            break;
        }
        if !too_large {
            read.extend_from_slice(&data);
        }
    }
    if too_large { Err(body_too_large()) } else { Ok(read.freeze()) }
}
