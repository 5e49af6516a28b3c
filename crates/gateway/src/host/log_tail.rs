//! The end of one event's log, as `LogType=Tail` returns it.

use std::time::Duration;

/// How many bytes of a log's end Lambda returns.
const TAIL: usize = 4 * 1024;

/// The facts about an event that its log has.
#[derive(Debug)]
pub(super) struct LoggedEvent<'a> {
    pub(super) request_id: &'a str,
    pub(super) output: &'a [u8],
    /// Lambda's own message about a failure. An error that the function reports is not in the log, unless the function
    /// prints it.
    pub(super) error: Option<&'a str>,
    pub(super) duration: Duration,
    pub(super) memory_mb: u32,
}

/// Appends to a log, and drops what exceeds [`TAIL`] from its beginning.
pub(super) fn push(log: &mut Vec<u8>, bytes: &[u8]) {
    log.extend_from_slice(bytes);
    log.drain(..log.len().saturating_sub(TAIL));
}

/// The end of an event's log. `Max Memory Used` is not in the report, because it is not measured here.
pub(super) fn tail(event: &LoggedEvent<'_>) -> Vec<u8> {
    let &LoggedEvent {
        request_id,
        output,
        duration,
        memory_mb,
        ..
    } = event;
    let mut log = format!("START RequestId: {request_id} Version: $LATEST\n").into_bytes();
    push(&mut log, output);
    if !log.ends_with(b"\n") {
        push(&mut log, b"\n");
    }
    if let Some(error) = event.error {
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
        let event = LoggedEvent {
            request_id: "r",
            output: b"hello",
            error: None,
            duration: Duration::from_micros(12_345),
            memory_mb: 128,
        };
        let expected = "START RequestId: r Version: $LATEST\nhello\nEND RequestId: r\n\
                        REPORT RequestId: r\tDuration: 12.35 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t\n";
        assert_eq!(String::from_utf8(tail(&event)).unwrap(), expected);
        let event = LoggedEvent {
            error: Some("went wrong"),
            ..event
        };
        assert!(
            String::from_utf8(tail(&event))
                .unwrap()
                .contains("hello\nwent wrong\nEND")
        );
        let much = LoggedEvent {
            output: &[b'x'; 10_000],
            ..event
        };
        let log = tail(&much);
        assert_eq!(log.len(), TAIL);
        assert!(log.ends_with(b" MB\t\n") && log.starts_with(b"xxx"));
    }
}
