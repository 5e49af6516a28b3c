//! A stream that remembers the last bytes that were read from it, until it becomes a WebSocket.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes are remembered. API Gateway takes no more than 10,240 bytes of headers.
const LENGTH: usize = 32 * 1024;

/// What was read from a stream last; `None` once nobody wants to know.
#[derive(Debug, Clone)]
pub(crate) struct Recording(Arc<Mutex<Option<Vec<u8>>>>);

impl Recording {
    /// The last bytes, up to the present.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lock().clone().unwrap_or_default()
    }

    /// Forgets everything, and remembers nothing from now on.
    pub(crate) fn end(&self) {
        *self.lock() = None;
    }

    fn push(&self, bytes: &[u8]) {
        if let Some(recorded) = &mut *self.lock() {
            recorded.extend_from_slice(bytes);
            recorded.drain(..recorded.len().saturating_sub(LENGTH));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A stream that is recorded.
#[derive(Debug)]
pub(super) struct Recorder<S> {
    stream: S,
    recording: Recording,
}

impl<S> Recorder<S> {
    pub(super) fn new(stream: S) -> Recorder<S> {
        Recorder {
            stream,
            recording: Recording(Arc::new(Mutex::new(Some(Vec::new())))),
        }
    }

    pub(super) fn recording(&self) -> Recording {
        self.recording.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorder<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.recording.push(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorder<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
