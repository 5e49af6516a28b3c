//! When an event happened, as somebody else's clock says it.
//!
//! Every time that comes from outside goes through [`EventTime`], whoever sent it and whatever envelope brought it. Of two
//! updates of a topic the later one stands, so a clock that is wrong by a year would silence the topic for a year.

use crate::Timestamp;
use serde_json::{Value, value::RawValue};
use std::time::Duration;

/// A time that came with an event, after it was held against this machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTime {
    /// The time that counts. Never later than this machine's clock: nothing can have happened after now.
    pub at: Timestamp,
    /// How far the given time was ahead of this machine's clock, if by more than [`EventTime::TOLERANCE`]. It counts as
    /// now, and whoever runs the system should know, since that clock is wrong.
    pub ahead: Option<Duration>,
}

/// In what a number counts, and how exact the clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Milliseconds since 1970.
    Milliseconds,
    /// Milliseconds if it is a number, but the clock behind it knows whole seconds only, as EventBridge's.
    MillisecondsOfWholeSeconds,
    /// Seconds since 1970, with or without a fraction, as DynamoDB streams write it. A number so large that the year would be
    /// beyond 5000 is milliseconds, as Kinesis writes it.
    Seconds,
}

impl EventTime {
    /// How far another clock may be ahead without being reported: clocks that are set by NTP differ by less.
    pub const TOLERANCE: Duration = Duration::from_secs(60);
    /// The earliest time that is accepted, 1 January 2001: an earlier one is a mistake in the unit.
    pub const EARLIEST: Timestamp = Timestamp::EARLY_2001;

    /// A time that is not in the future as it is, and any other as now.
    pub(crate) fn of(at: Timestamp, now: Timestamp) -> EventTime {
        let ahead = at.since(now);
        EventTime {
            at: at.min(now),
            ahead: (ahead > Self::TOLERANCE).then_some(ahead),
        }
    }

    /// Reads a time from JSON: RFC 3339 with any offset, or a number (in digits or as a string of digits) in that unit.
    ///
    /// # Errors
    /// The rule that is broken, which does not quote the value.
    pub(crate) fn read(json: &RawValue, unit: Unit, now: Timestamp) -> Result<EventTime, &'static str> {
        let is_seconds = |number: f64| unit == Unit::Seconds && number < 1e11;
        let number = |number: f64| from_number(if is_seconds(number) { number * 1_000.0 } else { number });
        let at = match serde_json::from_str(json.get()) {
            Ok(Value::Number(it)) => number(it.as_f64().ok_or(FORM)?)?,
            Ok(Value::String(text)) => match text.parse::<f64>() {
                Ok(it) => number(it)?,
                Err(_) => Timestamp::parse(&text).ok_or(if is_early_date(&text) { TOO_EARLY } else { FORM })?,
            },
            _ => return Err(FORM),
        };
        if at < Self::EARLIEST {
            return Err(TOO_EARLY);
        }
        let is_whole_second = unit != Unit::Milliseconds && at.millis() % 1_000 == 0;
        // If it counted as the beginning of its second, an event would be stale beside one of another source just
        // before it: so it is taken for the end of the second, or for now if that is sooner.
        let end = if is_whole_second { at + LAST_OF_A_SECOND } else { at };
        Ok(EventTime {
            at: end.min(now),
            ..EventTime::of(at, now)
        })
    }
}

const LAST_OF_A_SECOND: Duration = Duration::from_millis(999);

const FORM: &str = "must be a time like \"2026-01-31T09:00:00Z\" or a number of milliseconds since 1970";

const TOO_EARLY: &str = "must not be before 2001 (a time in 1970 is one whose seconds were taken for milliseconds)";

/// Whether a text begins with the date of a year before 1970: what is not set is the year 1 in Go and C#.
fn is_early_date(text: &str) -> bool {
    let year = text.split_once('-').filter(|(year, _)| year.len() == 4);
    year.and_then(|(year, _)| year.parse::<u16>().ok())
        .is_some_and(|year| year < 1970)
}

/// From a number of milliseconds. A fraction of one is cut off: Python's `time.time() * 1000` has it.
fn from_number(millis: f64) -> Result<Timestamp, &'static str> {
    const SECONDS_FROM_2001_TO_3000: std::ops::Range<f64> = 978_307_200.0..32_503_680_000.0;
    if SECONDS_FROM_2001_TO_3000.contains(&millis) {
        return Err("must be in milliseconds since 1970: this looks like seconds");
    }
    #[expect(clippy::cast_precision_loss, reason = "the year 9999 in milliseconds is below 2^53")]
    if millis.is_finite() && millis > Timestamp::MAX.millis() as f64 {
        return Err("must be in milliseconds since 1970: this looks like microseconds or nanoseconds");
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what does not fit becomes a number that the range refuses"
    )]
    Timestamp::from_millis(millis as i64)
        .filter(|_| millis.is_finite() && millis >= 0.0)
        .ok_or(FORM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-23T12:00:34.95Z
    fn now() -> Timestamp {
        Timestamp::parse("2026-11-23T12:00:34.950Z").unwrap()
    }

    fn read(json: &str, unit: Unit) -> Result<EventTime, &'static str> {
        EventTime::read(&RawValue::from_string(json.to_owned()).unwrap(), unit, now())
    }

    #[test]
    fn a_time_ahead_of_our_clock_counts_as_now_and_is_reported_if_it_is_ahead_by_more_than_a_minute() {
        for (json, unit, ahead_seconds) in [
            ("\"2026-11-23T12:00:35Z\"", Unit::Milliseconds, None),
            ("\"2026-11-23T12:00:36Z\"", Unit::MillisecondsOfWholeSeconds, None),
            ("\"2026-11-23T12:01:34.950Z\"", Unit::Milliseconds, None),
            ("\"2026-11-23T12:01:35.950Z\"", Unit::Milliseconds, Some(61)),
            ("\"2026-11-23T13:00:34.950Z\"", Unit::Milliseconds, Some(3_600)),
            ("\"2026-11-23T14:00:34.950+01:00\"", Unit::Milliseconds, Some(3_600)),
            ("1795521634950", Unit::Milliseconds, Some(86_400)),
            ("\"1795521634950\"", Unit::Milliseconds, Some(86_400)),
            ("1795521634.95", Unit::Seconds, Some(86_400)),
            (
                "\"2099-01-01T00:00:00Z\"",
                Unit::MillisecondsOfWholeSeconds,
                Some(2_275_473_565),
            ),
            (
                "\"9999-12-31T23:59:59.999Z\"",
                Unit::Milliseconds,
                Some(251_606_865_565),
            ),
            ("253402300799999", Unit::Milliseconds, Some(251_606_865_565)),
        ] {
            let time = read(json, unit).unwrap();
            let seconds = time.ahead.map(|ahead| ahead.as_secs());
            assert_eq!((time.at, seconds), (now(), ahead_seconds), "{json}");
        }
    }

    #[test]
    fn a_time_in_the_past_is_taken_as_it_is() {
        for (json, unit, taken) in [
            (
                "\"2026-11-23T12:00:34.950Z\"",
                Unit::Milliseconds,
                "2026-11-23T12:00:34.95Z",
            ),
            ("\"2026-11-23T12:00:33Z\"", Unit::Milliseconds, "2026-11-23T12:00:33Z"),
            ("\"2001-01-01T00:00:00Z\"", Unit::Milliseconds, "2001-01-01T00:00:00Z"),
            ("1763900000123", Unit::Milliseconds, "2025-11-23T12:13:20.123Z"),
            // As Python's time.time() * 1000 gives it, and JSON or text is made of it.
            ("1763900000000.5", Unit::Milliseconds, "2025-11-23T12:13:20Z"),
            ("1763900000123.7", Unit::Milliseconds, "2025-11-23T12:13:20.123Z"),
            ("\"1763900000123.7\"", Unit::Milliseconds, "2025-11-23T12:13:20.123Z"),
            ("17639000001237e-1", Unit::Milliseconds, "2025-11-23T12:13:20.123Z"),
            ("\"1763900000123\"", Unit::Milliseconds, "2025-11-23T12:13:20.123Z"),
            ("1.763900000123e12", Unit::Milliseconds, "2025-11-23T12:13:20.123Z"),
            ("1763900000.5", Unit::Seconds, "2025-11-23T12:13:20.5Z"),
            ("1763900000123", Unit::Seconds, "2025-11-23T12:13:20.123Z"),
        ] {
            let time = read(json, unit).unwrap();
            assert_eq!((time.at.to_string().as_str(), time.ahead), (taken, None), "{json}");
        }
    }

    #[test]
    fn a_clock_of_whole_seconds_does_not_make_an_event_older_than_it_is() {
        for (json, unit, taken) in [
            (
                "\"2026-11-23T12:00:33Z\"",
                Unit::MillisecondsOfWholeSeconds,
                "2026-11-23T12:00:33.999Z",
            ),
            (
                "\"2026-11-23T12:00:34Z\"",
                Unit::MillisecondsOfWholeSeconds,
                "2026-11-23T12:00:34.95Z",
            ),
            (
                "\"2026-11-23T12:00:34.875Z\"",
                Unit::MillisecondsOfWholeSeconds,
                "2026-11-23T12:00:34.875Z",
            ),
            ("1763900000", Unit::Seconds, "2025-11-23T12:13:20.999Z"),
        ] {
            assert_eq!(read(json, unit).unwrap().at.to_string(), taken, "{json}");
        }
    }

    #[test]
    fn a_time_in_another_unit_or_form_is_refused_and_the_rule_says_why() {
        for (json, unit, why) in [
            ("1763900000", Unit::Milliseconds, "looks like seconds"),
            ("\"1763900000\"", Unit::Milliseconds, "looks like seconds"),
            ("1763900000.5", Unit::Milliseconds, "looks like seconds"),
            ("4070908800", Unit::MillisecondsOfWholeSeconds, "looks like seconds"),
            ("1763900000123456", Unit::Milliseconds, "microseconds or nanoseconds"),
            ("1763900000123456789", Unit::Milliseconds, "microseconds or nanoseconds"),
            ("0", Unit::Milliseconds, "before 2001"),
            ("-0", Unit::Milliseconds, "before 2001"),
            ("1e3", Unit::Milliseconds, "before 2001"),
            ("1e30", Unit::Milliseconds, "microseconds or nanoseconds"),
            ("1E400", Unit::Milliseconds, "must be a time"),
            ("\"1E400\"", Unit::Milliseconds, "must be a time"),
            ("[1763900000123]", Unit::Milliseconds, "must be a time"),
            ("-1", Unit::Milliseconds, "must be a time"),
            ("-0.5", Unit::Milliseconds, "must be a time"),
            ("253402300800000", Unit::Milliseconds, "microseconds or nanoseconds"),
            // The first number that is not taken for seconds, and so lies in 1973.
            ("100000000000", Unit::Seconds, "before 2001"),
            ("\"1970-13-01T00:00:00Z\"", Unit::Milliseconds, "must be a time"),
            ("\"0001-01-01T00:00:00Z\"", Unit::Milliseconds, "before 2001"),
            ("\"1969-12-31T23:59:59Z\"", Unit::Milliseconds, "before 2001"),
            ("\"1970-01-21T09:58:20Z\"", Unit::Milliseconds, "before 2001"),
            (
                "\"2000-12-31T23:59:59.999Z\"",
                Unit::MillisecondsOfWholeSeconds,
                "before 2001",
            ),
            ("\"yesterday\"", Unit::Milliseconds, "must be a time"),
            ("\"\"", Unit::Milliseconds, "must be a time"),
            ("\"NaN\"", Unit::Milliseconds, "must be a time"),
            ("\"inf\"", Unit::Milliseconds, "must be a time"),
            ("\"2026-01-31\"", Unit::Milliseconds, "must be a time"),
            ("true", Unit::Milliseconds, "must be a time"),
            ("{}", Unit::Milliseconds, "must be a time"),
        ] {
            let rule = read(json, unit).expect_err(json);
            assert!(rule.contains(why), "{json}: {rule}");
        }
    }

    proptest! {
        #[test]
        fn no_number_makes_it_panic_or_later_than_now(number in any::<f64>(), whole in any::<i64>(), text in ".{0,30}") {
            for json in [whole.to_string(), serde_json::json!(number).to_string(), serde_json::json!(text).to_string()] {
                for unit in [Unit::Milliseconds, Unit::MillisecondsOfWholeSeconds, Unit::Seconds] {
                    if let Ok(time) = read(&json, unit) {
                        prop_assert!(time.at <= now() && time.at >= EventTime::EARLIEST);
                    }
                }
            }
        }
    }
}
