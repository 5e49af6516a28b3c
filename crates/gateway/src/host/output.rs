//! The output of a process. It goes to the feed line by line, and its end is kept for a caller who asks for the log.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::log_tail;
use crate::feeds::{Feeds, Line};

/// The longest line in bytes. A longer one goes to the feed in pieces.
const LONGEST_LINE: usize = 64 * 1024;
/// How long the log is waited for: a process that prints without a pause is never read to the end.
const PATIENCE: Duration = Duration::from_secs(1);

/// The handle on a process's output: it asks the task that reads for what was printed.
#[derive(Debug)]
pub(super) struct Output {
    requests: mpsc::Sender<oneshot::Sender<Vec<u8>>>,
}

impl Output {
    /// Reads both outputs until they end. The reading is done by the future, which has to be spawned.
    pub(super) fn read(
        stdout: ChildStdout,
        stderr: ChildStderr,
        function: Arc<str>,
        feeds: Feeds,
    ) -> (Output, impl Future<Output = ()>) {
        let (requests, receiver) = mpsc::channel(1);
        let reader = Reader {
            stdout: Pipe::new(stdout),
            stderr: Pipe::new(stderr),
            tail: Vec::new(),
            function,
            feeds,
        };
        (Output { requests }, reader.run(receiver))
    }

    /// The last bytes that were printed since the last call. What is in the pipes now is among them.
    pub(super) async fn take(&self) -> Vec<u8> {
        let (reply, tail) = oneshot::channel();
        let answer = async {
            self.requests.send(reply).await.ok()?;
            tail.await.ok()
        };
        timeout(PATIENCE, answer).await.ok().flatten().unwrap_or_default()
    }
}

struct Reader {
    stdout: Pipe<ChildStdout>,
    stderr: Pipe<ChildStderr>,
    tail: Vec<u8>,
    function: Arc<str>,
    feeds: Feeds,
}

impl Reader {
    async fn run(mut self, mut requests: mpsc::Receiver<oneshot::Sender<Vec<u8>>>) {
        while self.stdout.is_open || self.stderr.is_open {
            tokio::select! {
                // A request is answered only when both pipes are empty, so that its answer has all that was printed
                // before it.
                biased;
                () = self.step() => {}
                Some(reply) = requests.recv() => drop(reply.send(std::mem::take(&mut self.tail))),
            }
        }
        while let Some(reply) = requests.recv().await {
            let _ = reply.send(std::mem::take(&mut self.tail));
        }
    }

    /// Waits for the next bytes, and hands them on. Cancelling it loses nothing.
    async fn step(&mut self) {
        let (bytes, lines) = tokio::select! {
            bytes = self.stdout.read(), if self.stdout.is_open => (bytes, &mut self.stdout.lines),
            bytes = self.stderr.read(), if self.stderr.is_open => (bytes, &mut self.stderr.lines),
        };
        log_tail::push(&mut self.tail, &bytes);
        lines.split(&bytes, |text| {
            self.feeds.line(Line {
                function: Arc::clone(&self.function),
                text,
            });
        });
    }
}

/// One of the two outputs.
struct Pipe<R> {
    reader: BufReader<R>,
    lines: Lines,
    is_open: bool,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(output: R) -> Pipe<R> {
        Pipe {
            reader: BufReader::new(output),
            lines: Lines::default(),
            is_open: true,
        }
    }

    /// The next bytes that are printed; none at the end of the output.
    async fn read(&mut self) -> Vec<u8> {
        let bytes = self.reader.fill_buf().await.map(<[u8]>::to_vec).unwrap_or_default();
        self.reader.consume(bytes.len());
        self.is_open = !bytes.is_empty();
        bytes
    }
}

/// Cuts bytes into lines. It holds the line that has not ended yet.
#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Hands on the lines that end in these bytes. No bytes at all mean the end of the output, and of its last line.
    fn split(&mut self, bytes: &[u8], mut hand_on: impl FnMut(String)) {
        let mut end = |line: &mut Vec<u8>| {
            let text = String::from_utf8_lossy(line);
            hand_on(text.trim_end_matches(['\r', '\n']).to_owned());
            line.clear();
        };
        if bytes.is_empty() && !self.begun.is_empty() {
            end(&mut self.begun);
        }
        for mut piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            while !piece.is_empty() {
                let (now, later) = piece.split_at(piece.len().min(LONGEST_LINE - self.begun.len()));
                self.begun.extend_from_slice(now);
                piece = later;
                if self.begun.ends_with(b"\n") || self.begun.len() == LONGEST_LINE {
                    end(&mut self.begun);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_into_lines_wherever_it_was_cut_before() {
        let text = b"one\r\n\nthree \xff\nlast";
        for size in 1..=text.len() {
            let (mut lines, mut heard) = (Lines::default(), Vec::new());
            for piece in text.chunks(size).chain([&b""[..]]) {
                lines.split(piece, |line| heard.push(line));
            }
            assert_eq!(heard, ["one", "", "three \u{fffd}", "last"], "{size}");
        }
    }

    #[test]
    fn a_line_without_end_comes_in_pieces() {
        let (mut lines, mut heard) = (Lines::default(), Vec::new());
        lines.split(&vec![b'x'; 2 * LONGEST_LINE + 1], |line| heard.push(line.len()));
        lines.split(b"\n", |line| heard.push(line.len()));
        assert_eq!(heard, [LONGEST_LINE, LONGEST_LINE, 1]);
    }
}
