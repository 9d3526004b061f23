//! Reads the body of a request when a handler asks for it, within limits for its size, its time, and the memory of all
//! bodies together.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use http_body_util::BodyExt;
use secrecy::zeroize::Zeroizing;
use tokio::time::timeout;

use super::Problem;
use super::problem::{body_too_large, body_too_slow, broken_body, server_busy};

/// The largest body: 64 KiB.
const MAX_BODY: usize = 64 << 10;
/// The body time-out: how long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// The memory of this process for bodies that are being read: 64 MiB.
static MEMORY: Budget = Budget::new(64 << 20);

/// The body of a request in memory, which counts towards the limit of all of them until it is dropped.
pub(super) struct Buffered {
    data: Bytes,
    _share: Share<'static>,
}

/// Without the data: a password may be in it.
impl fmt::Debug for Buffered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Buffered([{} octets])", self.data.len())
    }
}

impl AsRef<[u8]> for Buffered {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

/// Reads a whole body.
pub(super) async fn read(body: Body) -> Result<Buffered, Problem> {
    let mut share = Share { budget: &MEMORY, size: 0 };
    let data = timeout(BODY_TIMEOUT, read_within(&mut share, body)).await.map_err(|_| body_too_slow())??;
    Ok(Buffered { data, _share: share })
}

/// Receives the body of a request, which can then be read without waiting. While nobody reads it, it does not count.
pub(crate) async fn receive_body(request: &mut Request) -> Result<(), Problem> {
    if request.body().is_end_stream() {
        return Ok(());
    }
    let received = read(std::mem::take(request.body_mut())).await?;
    *request.body_mut() = received.data.into();
    Ok(())
}

/// A body whose `Content-Length` is too large is not read at all.
async fn read_within(share: &mut Share<'_>, mut body: Body) -> Result<Bytes, Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_BODY {
        return Err(body_too_large());
    }
    let Some(first) = next(&mut body, share).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() {
        return Ok(first);
    }
    let mut whole = Whole::with_capacity(announced.max(first.len()));
    whole.extend(&first);
    // It keeps the connection's whole read buffer alive.
    drop(first);
    while let Some(data) = next(&mut body, share).await? {
        whole.extend(&data);
    }
    Ok(Bytes::from_owner(whole.0))
}

/// A body that is put together, and wiped when nobody needs it any more: a password may be in it.
struct Whole(Zeroizing<Vec<u8>>);

impl Whole {
    fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    /// Grows into new memory by itself: a vector that grows leaves its old memory as it is.
    fn extend(&mut self, data: &[u8]) {
        let length = self.0.len() + data.len();
        if length > self.0.capacity() {
            let larger = Self::with_capacity(length.max(2 * self.0.capacity()));
            let smaller = std::mem::replace(self, larger);
            self.0.extend_from_slice(&smaller.0);
        }
        self.0.extend_from_slice(data);
    }
}

/// The next chunk of a body, which is counted.
async fn next(body: &mut Body, share: &mut Share<'_>) -> Result<Option<Bytes>, Problem> {
    loop {
        let Some(frame) = body.frame().await else { return Ok(None) };
        // Trailers are ignored.
        let Ok(data) = frame.map_err(|_| broken_body())?.into_data() else { continue };
        if share.size + data.len() > MAX_BODY {
            return Err(body_too_large());
        }
        share.grow(data.len())?;
        return Ok(Some(data));
    }
}

/// How much may be held at a time.
#[derive(Debug)]
struct Budget {
    free: AtomicUsize,
}

impl Budget {
    const fn new(size: usize) -> Self {
        Self { free: AtomicUsize::new(size) }
    }
}

/// What one body takes of a budget. It counts what has arrived and not what was announced: a client cannot use up the
/// budget without sending that much.
#[derive(Debug)]
struct Share<'a> {
    budget: &'a Budget,
    size: usize,
}

impl Share<'_> {
    fn grow(&mut self, more: usize) -> Result<(), Problem> {
        let take = |free: usize| free.checked_sub(more);
        let taken = self.budget.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map_err(|_| server_busy())?;
        self.size += more;
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.free.fetch_add(self.size, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::*;

    #[test]
    fn a_dropped_share_returns_to_the_budget() {
        let budget = Budget::new(10);
        let share = || Share { budget: &budget, size: 0 };
        let (mut first, mut second) = (share(), share());
        first.grow(6).unwrap();
        first.grow(1).unwrap();
        assert!(second.grow(4).is_err());
        second.grow(3).unwrap();
        drop(first);
        second.grow(7).unwrap();
        drop(second);
        assert_eq!(budget.free.into_inner(), 10);
    }

    #[tokio::test]
    async fn a_body_in_one_chunk_is_not_copied() {
        let body = Bytes::from(vec![b'x'; 100]);
        let start = body.as_ptr();
        assert_eq!(read(Body::from(body)).await.unwrap().data.as_ptr(), start);
    }

    /// A body of unknown length.
    struct Chunks(Vec<Bytes>);

    impl HttpBody for Chunks {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop().map(|chunk| Ok(Frame::data(chunk))))
        }
    }

    fn chunks(chunks: &[&str]) -> Body {
        Body::new(Chunks(chunks.iter().rev().map(|chunk| Bytes::from((*chunk).to_owned())).collect()))
    }

    #[tokio::test]
    async fn a_body_in_chunks_is_put_together() {
        assert_eq!(read(chunks(&["ab", "", "c"])).await.unwrap().as_ref(), b"abc");
        let many = ["abc"; 1000];
        assert_eq!(read(chunks(&many)).await.unwrap().as_ref(), many.concat().as_bytes());
        let large = "x".repeat(MAX_BODY);
        assert_eq!(read(chunks(&[&large])).await.unwrap().as_ref().len(), MAX_BODY);
        assert!(read(chunks(&[&large, "x"])).await.is_err());
    }
}
