//! The report of an invocation: its logins and its posts, counted.

use super::outcome::Outcome;
use crate::{Connection, Login, Posted};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The report of one invocation. It is the answer to a direct invocation, and a log line of every one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// For each login the version that the update got, or why it got none.
    pub logins: BTreeMap<Login, Outcome>,
    /// Posts that API Gateway accepted.
    pub sent: usize,
    /// Posts answered 410 whose row was older than a minute and was deleted.
    pub gone: usize,
    /// Posts answered 410 whose row was younger than a minute and was kept: the socket may be just opening.
    pub early: usize,
    /// Logins that were deferred to a later invocation: time was up, or DynamoDB or some of their sockets did not answer.
    pub deferred: usize,
    /// Logins with no room for some of the update's topics: nothing was recorded under these.
    pub no_room: usize,
    /// Sockets beyond those that their logins may have that are left: there was no time to close them. Nothing was posted to them,
    /// and the next update goes on closing.
    pub surplus: usize,
    /// Posts that failed. If their login was not deferred, their pages get the update by their next sync.
    pub failed: usize,
}

/// Counts posts as they are answered, so that the counts are right when time runs out.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    sent: AtomicUsize,
    gone: AtomicUsize,
    early: AtomicUsize,
    failed: AtomicUsize,
    deferred: AtomicUsize,
    no_room: AtomicUsize,
    surplus: AtomicUsize,
}

impl Tally {
    /// Counts a post to this connection.
    pub(crate) fn count_post(&self, connection: &Connection, posted: Posted) {
        let count = match posted {
            Posted::Sent => &self.sent,
            Posted::Gone { sent_at } if connection.is_dead_after_gone(sent_at) => &self.gone,
            Posted::Gone { .. } => &self.early,
            Posted::Busy | Posted::Refused { .. } => &self.failed,
        };
        count.fetch_add(1, Relaxed);
    }

    /// Counts logins that were deferred.
    pub(crate) fn count_deferred(&self, logins: usize) {
        self.deferred.fetch_add(logins, Relaxed);
    }

    /// Counts a login with no room for some topic.
    pub(crate) fn count_no_room(&self) {
        self.no_room.fetch_add(1, Relaxed);
    }

    /// Counts sockets beyond the cap that are left.
    pub(crate) fn count_surplus(&self, left: usize) {
        self.surplus.fetch_add(left, Relaxed);
    }

    /// The report of these counts and the logins' outcomes.
    pub(crate) fn report(&self, logins: BTreeMap<Login, Outcome>) -> Report {
        let [sent, gone, early, deferred, failed] =
            [&self.sent, &self.gone, &self.early, &self.deferred, &self.failed].map(|count| count.load(Relaxed));
        Report {
            logins,
            sent,
            gone,
            early,
            deferred,
            failed,
            no_room: self.no_room.load(Relaxed),
            surplus: self.surplus.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChatterHash, ConnectionId, Timestamp, Topics};
    use std::time::Duration;

    #[test]
    fn what_is_counted_is_reported_each_under_its_own_name() {
        let connected_at = Timestamp::from_millis(1_763_900_000_000).unwrap();
        let connection = Connection {
            login: Login::parse("a").unwrap(),
            id: ConnectionId::new("A="),
            connected_at,
            topics: Topics::All,
            chatter_hash: ChatterHash::stored("00"),
        };
        let gone_after = |seconds| Posted::Gone {
            sent_at: connected_at + Duration::from_secs(seconds),
        };
        let tally = Tally::default();
        for (posted, times) in [
            (Posted::Sent, 1),
            (gone_after(61), 2),
            (gone_after(59), 3),
            (Posted::Busy, 4),
            (Posted::Refused { status: 403 }, 5),
        ] {
            for _ in 0..times {
                tally.count_post(&connection, posted);
            }
        }
        tally.count_deferred(10);
        tally.count_deferred(1);
        tally.count_no_room();
        tally.count_no_room();
        tally.count_surplus(12);
        let logins = BTreeMap::from([(connection.login.clone(), Outcome::Repeat)]);
        let expected = Report {
            logins: logins.clone(),
            sent: 1,
            gone: 2,
            early: 3,
            deferred: 11,
            no_room: 2,
            surplus: 12,
            failed: 9,
        };
        assert_eq!(tally.report(logins), expected);
    }
}
