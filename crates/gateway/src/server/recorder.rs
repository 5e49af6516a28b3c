//! A stream that remembers the last bytes that were read from it, until it becomes a WebSocket.

use std::sync::{Arc, Mutex};

use tokio::io::AsyncRead;
use tokio_util::io::InspectReader;

use crate::lock::lock;

/// How many bytes are remembered. API Gateway takes no more than 10,240 bytes of headers.
const LENGTH: usize = 32 * 1024;

/// The last bytes that were read from a stream; `None` once they are no longer needed.
#[derive(Debug, Clone)]
pub(crate) struct Recording(Arc<Mutex<Option<Vec<u8>>>>);

/// A stream that is recorded.
pub(super) type Recorder<S> = InspectReader<S, Box<dyn FnMut(&[u8]) + Send>>;

impl Recording {
    /// Records a stream from now on.
    pub(super) fn start<S: AsyncRead>(stream: S) -> (Recorder<S>, Recording) {
        let recording = Recording(Arc::new(Mutex::new(Some(Vec::new()))));
        let recorded = recording.clone();
        let recorder = InspectReader::new(stream, Box::new(move |bytes: &[u8]| recorded.push(bytes)) as Box<_>);
        (recorder, recording)
    }

    /// The last bytes, up to the present.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        lock(&self.0).clone().unwrap_or_default()
    }

    /// Forgets everything, and remembers nothing from now on.
    pub(crate) fn end(&self) {
        *lock(&self.0) = None;
    }

    fn push(&self, bytes: &[u8]) {
        if let Some(recorded) = &mut *lock(&self.0) {
            recorded.extend_from_slice(bytes);
            recorded.drain(..recorded.len().saturating_sub(LENGTH));
        }
    }
}
