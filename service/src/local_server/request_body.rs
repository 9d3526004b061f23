//! The body of a request on a socket, which is read to its end even if no handler wants it.
//!
//! Otherwise the connection would have to be closed, although its client may want to reuse it, and a client that is still
//! writing would see a reset instead of the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::request::Parts;
use axum::http::{Version, header};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::exchange::Exchange;

/// How much of an unread body is read and discarded.
const MAX_DISCARDED: usize = 16 << 20;
/// How long to wait for more of it.
const DISCARD_IDLE_TIMEOUT: Duration = Duration::from_millis(500);
/// How long it may take in all.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(20);

/// A body whose unread rest is read and discarded in the background when it is dropped early.
pub(super) struct RequestBody {
    /// `None` once the body has ended.
    incoming: Option<Incoming>,
    /// The client waits for `100 Continue` (RFC 9110 section 10.1.1), which has not been sent yet.
    awaits_continue: bool,
    exchange: Arc<Exchange>,
}

impl RequestBody {
    /// The body as handlers take it.
    pub(super) fn wrap(incoming: Incoming, head: &Parts, exchange: &Arc<Exchange>) -> Body {
        if incoming.is_end_stream() {
            return Body::empty();
        }
        let awaits_continue = head.version == Version::HTTP_11
            && head
                .headers
                .get(header::EXPECT)
                .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        Body::new(Self { incoming: Some(incoming), awaits_continue, exchange: Arc::clone(exchange) })
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.awaits_continue = false;
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(incoming).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.incoming = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if self.awaits_continue || self.is_end_stream() {
            return;
        }
        if let (Some(incoming), Ok(runtime)) = (self.incoming.take(), Handle::try_current()) {
            self.exchange.discard();
            runtime.spawn(timeout(DISCARD_TIMEOUT, discard(incoming)));
        }
    }
}

/// Reads until the body ends, stalls, or is too large.
async fn discard(mut body: Incoming) {
    let mut discarded = 0;
    while let Ok(Some(Ok(frame))) = timeout(DISCARD_IDLE_TIMEOUT, body.frame()).await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MAX_DISCARDED {
            break;
        }
    }
}
