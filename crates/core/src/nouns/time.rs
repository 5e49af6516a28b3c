//! Moments in time. API Gateway and updates count milliseconds, DynamoDB's TTL counts seconds: one type keeps them apart.

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde::{Serialize, Serializer};
use std::{fmt, time::Duration};

#[cfg(feature = "simulated-clock")]
thread_local! {
    /// What [`Timestamp::now`] says in this thread; `None` is this machine's clock.
    pub(super) static SIMULATED_NOW: std::cell::Cell<Option<Timestamp>> = const { std::cell::Cell::new(None) };
}

/// A moment, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last moment there is: the end of the year 9999, which is as far as RFC 3339 goes.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);
    /// 1 January 2001, UTC.
    pub(crate) const EARLY_2001: Timestamp = Timestamp(978_307_200_000);

    /// By this machine's clock.
    pub fn now() -> Timestamp {
        #[cfg(feature = "simulated-clock")]
        if let Some(now) = SIMULATED_NOW.get() {
            return now;
        }
        let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    /// From milliseconds since 1970; `None` before that or after [`Timestamp::MAX`].
    pub fn from_millis(millis: i64) -> Option<Timestamp> {
        (0..=Self::MAX.0).contains(&millis).then_some(Timestamp(millis))
    }

    /// From a date and time as in RFC 3339, any offset: `2026-01-31T09:00:00.5+01:00`. A blank may stand for the `T` (section
    /// 5.6; Python's `str` writes it), and seconds that are 0 may be left out, as Java's `toString` does.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let mut text = text.to_owned();
        if text.get(10..11) == Some(" ") {
            text.replace_range(10..11, "T");
        }
        if matches!(text.get(16..17), Some("Z" | "z" | "+" | "-")) {
            text.insert_str(16, ":00");
        }
        let time = DateTime::from_str(&text, DateTimeFormat::DateTimeWithOffset).ok()?;
        Timestamp::from_millis(time.to_millis().ok()?)
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970: the unit of every `expires_at`.
    pub fn seconds(self) -> i64 {
        self.0 / 1000
    }

    /// The time since `earlier`; zero if that is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or_default())
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, duration: Duration) -> Timestamp {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(millis).min(Self::MAX.0))
    }
}

/// RFC 3339 in UTC, as browsers and people read it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = DateTime::from_millis(self.0)
            .fmt(DateTimeFormat::DateTime)
            .map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, written) in [
            ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"),
            ("2026-01-31T10:00:00+01:00", "2026-01-31T09:00:00Z"),
            ("2026-01-31T09:00:00.123Z", "2026-01-31T09:00:00.123Z"),
            ("2026-01-31T09:00:00.1239Z", "2026-01-31T09:00:00.123Z"),
            ("2026-01-31 09:00:00+00:00", "2026-01-31T09:00:00Z"),
            ("2026-01-31T09:00Z", "2026-01-31T09:00:00Z"),
            ("2026-01-31 10:00+01:00", "2026-01-31T09:00:00Z"),
        ] {
            assert_eq!(
                Timestamp::parse(text).map(|time| time.to_string()).as_deref(),
                Some(written)
            );
        }
        for bad in [
            "",
            "yesterday",
            "2026-01-31 Ü9:00:00Z",
            "2026-01-31T09:00",
            "2026-01-31T09Z",
            "2026-01-31",
            "2026-13-31T09:00:00Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad:?}");
        }
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_millis(Timestamp::MAX.0 + 1), None);
    }

    #[test]
    fn an_age_is_never_negative() {
        let (early, late) = (Timestamp(1_000), Timestamp(3_500));
        assert_eq!(late.since(early), Duration::from_millis(2_500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.seconds(), 3);
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
    }
}
