//! How long a stream's records waited before they were read.

use super::{envelopes::read_list, fields::Fields};
use crate::{Timestamp, nouns::event_time::Unit};
use serde_json::value::RawValue;
use std::time::Duration;

/// The records of an invocation that waited in a stream for long.
#[derive(Debug)]
pub struct StreamWait;

impl StreamWait {
    /// A record that is read so long after it was written is late: its stream is not worked off, or a record before it failed
    /// again and again.
    pub const LATE: Duration = Duration::from_secs(10 * 60);

    /// The number of late records in what a function was invoked with; 0 if it is not a stream's.
    pub fn late_records(payload: &RawValue, now: Timestamp) -> usize {
        // Most invocations are none of a stream, and are not read twice for this.
        if !payload.get().contains("ApproximateCreationDateTime") {
            return 0;
        }
        let records = Fields::of(payload, "").ok().and_then(|event| event.get("Records"));
        let records = records.and_then(|records| read_list(records, "Records").ok());
        let is_late = |record: &&RawValue| waited(record, now).is_some_and(|wait| wait > Self::LATE);
        records.into_iter().flatten().filter(is_late).count()
    }
}

/// The time since a record was written; `None` if it does not say when.
fn waited(record: &RawValue, now: Timestamp) -> Option<Duration> {
    let change = Fields::of(record, "").ok()?.object("dynamodb").ok()??;
    let written = change.time("ApproximateCreationDateTime", Unit::Seconds, now).ok()??;
    Some(now.since(written.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// In milliseconds. Not at a whole second, since a time at one is taken for the end of that second.
    const NOW: i64 = 1_763_900_000_500;

    fn late(event: &Value) -> usize {
        let now = Timestamp::from_millis(NOW).unwrap();
        StreamWait::late_records(&RawValue::from_string(event.to_string()).unwrap(), now)
    }

    #[test]
    fn a_record_is_late_once_it_has_waited_for_more_than_ten_minutes() {
        // So large a number is one of milliseconds.
        let written = |ago: &i64| json!({"dynamodb": {"ApproximateCreationDateTime": NOW - ago}});
        for (waits, expected) in [
            (vec![0], 0),
            (vec![599_999], 0),
            (vec![600_000], 0),
            (vec![600_001], 1),
            (vec![-60_000, 700_000, 86_000_000], 2),
        ] {
            let records: Vec<Value> = waits.iter().map(written).collect();
            assert_eq!(late(&json!({"Records": records})), expected, "{waits:?}");
        }
    }

    #[test]
    fn what_is_no_record_of_a_stream_is_not_late() {
        for event in [
            json!({"login": "friendless", "body": "ApproximateCreationDateTime"}),
            json!({"Records": "ApproximateCreationDateTime"}),
            json!({"Records": [{"dynamodb": {"ApproximateCreationDateTime": "yesterday"}}, "nothing"]}),
            json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}),
        ] {
            assert_eq!(late(&event), 0, "{event}");
        }
    }
}
