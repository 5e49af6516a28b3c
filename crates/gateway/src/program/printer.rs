//! Lines for a terminal or a pipe, which may be paused or full. A thread of its own writes them: whoever prints does not
//! wait for it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Prints lines without ever waiting. What is not read in time is dropped and counted, and the next line that is read says
/// how much is missing. As [`Write`] it takes whole lines, as logs write them.
#[derive(Debug, Clone)]
pub struct Printer {
    items: mpsc::Sender<Item>,
    backlog: Arc<Backlog>,
}

/// What the thread is told.
#[derive(Debug)]
enum Item {
    Line(String),
    /// Whoever waits until everything before it has been written.
    Written(mpsc::Sender<()>),
}

#[derive(Debug, Default)]
struct Backlog {
    /// The bytes of the lines that have not been written yet.
    bytes: AtomicUsize,
    /// How many lines have been dropped since one was written.
    missing: AtomicU64,
}

impl Printer {
    /// The largest sum of the lines that wait, in bytes.
    const MOST: usize = 1024 * 1024;
    /// What a line costs beside its bytes, so that the number of short ones is bounded too.
    const OVERHEAD: usize = 64;

    /// A printer to an output. The program's name stands before what the printer itself has to say.
    pub fn new(program: &'static str, mut output: impl Write + Send + 'static) -> Printer {
        let (items, received) = mpsc::channel();
        let backlog = Arc::new(Backlog::default());
        let printer = Printer {
            items,
            backlog: Arc::clone(&backlog),
        };
        // If no thread can be started, nothing is printed.
        let _ = thread::Builder::new().name("printer".into()).spawn(move || {
            for item in received {
                let line = match item {
                    Item::Line(line) => line,
                    Item::Written(waiting) => {
                        let _ = waiting.send(());
                        continue;
                    }
                };
                let missing = backlog.missing.swap(0, Ordering::Relaxed);
                if missing > 0 {
                    let _ = writeln!(
                        output,
                        "{program}: {missing} lines are missing, since this is read too slowly"
                    );
                }
                // An output that nobody reads any longer is no reason to end.
                let _ = writeln!(output, "{line}").and_then(|()| output.flush());
                backlog.bytes.fetch_sub(cost(&line), Ordering::Relaxed);
            }
        });
        printer
    }

    /// Prints a line, or drops it if too much waits already.
    pub fn print(&self, line: impl Into<String>) {
        let line = line.into();
        let cost = cost(&line);
        let before = self.backlog.bytes.fetch_add(cost, Ordering::Relaxed);
        if before + cost > Self::MOST || self.items.send(Item::Line(line)).is_err() {
            self.backlog.bytes.fetch_sub(cost, Ordering::Relaxed);
            self.backlog.missing.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything is written, or the limit is over. It blocks, and so is for a program's end.
    pub fn finish(&self, limit: Duration) {
        let (written, is_written) = mpsc::channel();
        if self.items.send(Item::Written(written)).is_ok() {
            let _ = is_written.recv_timeout(limit);
        }
    }
}

fn cost(line: &str) -> usize {
    line.len() + Printer::OVERHEAD
}

impl Write for Printer {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.print(String::from_utf8_lossy(lines).trim_end_matches('\n'));
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Condvar, Mutex};

    const PATIENCE: Duration = Duration::from_secs(30);

    /// An output that can be paused as a terminal can.
    #[derive(Clone, Default)]
    struct Terminal(Arc<(Mutex<(bool, String)>, Condvar)>);

    impl Terminal {
        fn pause(&self, is_paused: bool) {
            self.0.0.lock().unwrap().0 = is_paused;
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            self.0.0.lock().unwrap().1.clone()
        }
    }

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let state = self.0.0.lock().unwrap();
            let mut state = self.0.1.wait_while(state, |state| state.0).unwrap();
            state.1.push_str(str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_in_their_order() {
        let terminal = Terminal::default();
        let mut printer = Printer::new("test", terminal.clone());
        printer.print("one");
        printer.write_all(b"two\n").unwrap();
        printer.print("");
        printer.finish(PATIENCE);
        assert_eq!(terminal.text(), "one\ntwo\n\n");
    }

    #[test]
    fn what_a_paused_terminal_does_not_take_is_dropped_and_its_number_is_told_afterwards() {
        let terminal = Terminal::default();
        let printer = Printer::new("test", terminal.clone());
        terminal.pause(true);
        let line = "x".repeat(1000);
        for _ in 0..5000 {
            printer.print(line.as_str());
        }
        printer.finish(Duration::from_millis(10));
        assert_eq!(terminal.text(), "");
        terminal.pause(false);
        printer.print("last");
        printer.finish(PATIENCE);
        let text = terminal.text();
        let written = text.lines().filter(|text| *text == line).count();
        assert!(written <= Printer::MOST / line.len(), "{written} lines waited");
        let missing = text.lines().find_map(|line| line.strip_prefix("test: "));
        let missing: usize = missing.unwrap().split(' ').next().unwrap().parse().unwrap();
        assert_eq!(written + missing, 5000);
    }
}
