//! The wall clock, and the two formats in which AWS writes times.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// The common log format's time, always in UTC: `19/Feb/2024:07:11:42 +0000`.
const CLF: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
/// ISO 8601 with milliseconds, always in UTC: `2024-02-19T07:11:42.007Z`.
const ISO: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// `requestTime` in events.
pub(crate) fn clf(epoch_ms: u64) -> String {
    date_time(epoch_ms).format(CLF).unwrap_or_default()
}

/// `connectedAt` and `lastActiveAt` of the management API.
pub(crate) fn iso(epoch_ms: u64) -> String {
    date_time(epoch_ms).format(ISO).unwrap_or_default()
}

/// Times beyond the year 9999 cannot be written, and become 1970.
fn date_time(epoch_ms: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(epoch_ms) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_aws_writes_them() {
        for (epoch_ms, in_clf, in_iso) in [
            (0, "01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00.000Z"),
            (
                1_708_326_702_007,
                "19/Feb/2024:07:11:42 +0000",
                "2024-02-19T07:11:42.007Z",
            ),
            (
                1_709_208_000_123,
                "29/Feb/2024:12:00:00 +0000",
                "2024-02-29T12:00:00.123Z",
            ),
            (
                1_798_761_599_999,
                "31/Dec/2026:23:59:59 +0000",
                "2026-12-31T23:59:59.999Z",
            ),
        ] {
            assert_eq!(clf(epoch_ms), in_clf);
            assert_eq!(iso(epoch_ms), in_iso);
        }
    }
}
