//! A connection as hyper reads and writes it, which keeps track of its state.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;

use super::exchange::Exchange;
use super::refusal;

/// A connection that replaces hyper's own answers by problem documents.
pub(super) struct Socket {
    stream: TokioIo<TcpStream>,
    exchange: Arc<Exchange>,
    /// The unwritten rest of the answer to a refused head, if one was refused.
    refusal: Option<Bytes>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, exchange: Arc<Exchange>) -> Self {
        Self { stream: TokioIo::new(stream), exchange, refusal: None }
    }

    fn read_to_discard(
        &mut self,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut chunk = [0; DISCARD_CHUNK];
        let size = DISCARD_CHUNK.min(buffer.remaining());
        let mut chunk = ReadBuf::new(&mut chunk[..size]);
        ready!(Pin::new(self.stream.inner_mut()).poll_read(context, &mut chunk))?;
        buffer.put_slice(chunk.filled());
        Poll::Ready(Ok(()))
    }

    /// Writes the problem document instead of these octets.
    fn write_refusal(&mut self, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let refusal = self.refusal.get_or_insert_with(|| {
            let Some((refusal, answer)) = refusal::with_problem(octets) else {
                return Bytes::copy_from_slice(octets);
            };
            self.exchange.refuse(refusal);
            answer.into()
        });
        while !refusal.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, refusal))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let _ = refusal.split_to(written);
        }
        Poll::Ready(Ok(octets.len()))
    }
}

/// How much is read at a time of a body that is discarded. hyper's buffer for a connection grows with each read that
/// fills it, from 8 to 64 KiB.
const DISCARD_CHUNK: usize = 4 << 10;

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.exchange.is_discarding() {
            return self.read_to_discard(context, buffer);
        }
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.exchange.received();
        Poll::Ready(Ok(()))
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.is_between_answers() {
            return self.write_refusal(context, octets);
        }
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.is_between_answers() {
            // An answer of hyper's own has no body: it is one slice.
            return self.write_refusal(context, slices.first().map_or(&[], |slice| slice));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.exchange.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The body of a response, which hyper drops when it has taken all of it.
pub(super) struct ResponseBody {
    body: Body,
    exchange: Arc<Exchange>,
}

impl ResponseBody {
    pub(super) const fn new(body: Body, exchange: Arc<Exchange>) -> Self {
        Self { body, exchange }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.exchange.answered();
    }
}
