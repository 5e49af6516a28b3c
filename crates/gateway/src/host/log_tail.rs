//! The log of one event, as `LogType=Tail` returns it: the end of what CloudWatch would have.

use std::time::Duration;

/// The last bytes of a log that Lambda returns.
const TAIL: usize = 4 * 1024;

/// One event, and what came of it.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) request_id: &'a str,
    pub(super) output: &'a [u8],
    /// What Lambda itself has to say of a failure. What a function reports it prints itself, or does not.
    pub(super) error: Option<&'a str>,
    pub(super) duration: Duration,
    pub(super) memory_mb: u32,
}

/// Adds to a log, and lets go of its beginning.
pub(super) fn push(log: &mut Vec<u8>, bytes: &[u8]) {
    log.extend_from_slice(bytes);
    log.drain(..log.len().saturating_sub(TAIL));
}

/// The lines of an event. How much memory it took is not measured here, so the report does not say.
pub(super) fn tail(entry: &Entry<'_>) -> Vec<u8> {
    let &Entry {
        request_id,
        output,
        duration,
        memory_mb,
        ..
    } = entry;
    let mut log = format!("START RequestId: {request_id} Version: $LATEST\n").into_bytes();
    push(&mut log, output);
    if !log.ends_with(b"\n") {
        push(&mut log, b"\n");
    }
    if let Some(error) = entry.error {
        push(&mut log, format!("{error}\n").as_bytes());
    }
    let milliseconds = duration.as_secs_f64() * 1000.0;
    let report = format!(
        "END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {milliseconds:.2} ms\t\
         Billed Duration: {:.0} ms\tMemory Size: {memory_mb} MB\t\n",
        milliseconds.ceil()
    );
    push(&mut log, report.as_bytes());
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_the_lines_that_lambda_writes_around_what_the_function_prints() {
        let entry = Entry {
            request_id: "r",
            output: b"hello",
            error: None,
            duration: Duration::from_micros(12_345),
            memory_mb: 128,
        };
        let expected = "START RequestId: r Version: $LATEST\nhello\nEND RequestId: r\n\
                        REPORT RequestId: r\tDuration: 12.35 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t\n";
        assert_eq!(String::from_utf8(tail(&entry)).unwrap(), expected);
        let entry = Entry {
            error: Some("went wrong"),
            ..entry
        };
        assert!(
            String::from_utf8(tail(&entry))
                .unwrap()
                .contains("hello\nwent wrong\nEND")
        );
        let much = Entry {
            output: &[b'x'; 10_000],
            ..entry
        };
        let log = tail(&much);
        assert_eq!(log.len(), TAIL);
        assert!(log.ends_with(b" MB\t\n") && log.starts_with(b"xxx"));
    }
}
