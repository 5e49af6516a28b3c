//! The standing of a chatter ID: whether it is good, by its item in the table `chatters`.

use crate::{
    Timestamp,
    tables::item::{Item, Row},
};
use std::time::Duration;

/// Whether a chatter ID is good at a time, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It opens sockets.
    Good,
    /// The table does not have it under this login.
    Unknown,
    /// Its `expires_at` has passed.
    Expired,
    /// Its `expires_at` is no whole number of seconds, or further ahead than any chatter ID lives.
    BadExpiry,
}

impl Standing {
    /// The longest life of a chatter ID.
    pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

    /// The furthest in the future that an `expires_at` may lie: the longest life, and a day for clocks that differ.
    pub(crate) const LATEST_EXPIRY: Duration = Self::LONGEST_LIFE.saturating_add(Duration::from_secs(24 * 3600));

    /// By the item, or that there is none.
    pub(crate) fn of(item: Option<&Item>, now: Timestamp) -> Standing {
        let Some(item) = item else {
            return Standing::Unknown;
        };
        let chatter = Row {
            table: "chatters",
            item,
        };
        match chatter.integer("expires_at") {
            Ok(expires_at) if (0..=now.seconds()).contains(&expires_at) => Standing::Expired,
            Ok(expires_at) if (now.seconds()..=(now + Self::LATEST_EXPIRY).seconds()).contains(&expires_at) => {
                Standing::Good
            }
            _ => Standing::BadExpiry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::AttributeValue;

    #[test]
    fn an_expiry_may_lie_ten_years_and_a_day_ahead_and_no_further() {
        let now = Timestamp::from_millis(1_795_510_800_000).unwrap();
        let furthest = now.seconds() + 3_650 * 86_400 + 86_400;
        for (expires_at, standing) in [
            (now.seconds(), Standing::Expired),
            (now.seconds() + 1, Standing::Good),
            (furthest, Standing::Good),
            (furthest + 1, Standing::BadExpiry),
        ] {
            let item = Item::from([("expires_at".to_owned(), AttributeValue::N(expires_at.to_string()))]);
            assert_eq!(Standing::of(Some(&item), now), standing, "{expires_at}");
        }
    }
}
