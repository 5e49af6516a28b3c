use super::*;
use crate::{ChatterHash, ConnectionId, Login, Timestamp, Topics, test_support::Log};
use serde_json::{Value, json};

/// The time, in milliseconds.
const NOW: i64 = 1_000_000;
const GONE: Posted = Posted::Gone {
    sent_at: Timestamp::MAX,
};

/// Connections of these ages in milliseconds, each named by its age.
fn connection(age: i64) -> Connection {
    Connection {
        login: Login::parse("a").unwrap(),
        id: ConnectionId::new(age.to_string()),
        connected_at: Timestamp::from_millis(NOW - age).unwrap(),
        topics: Topics::All,
        chatter_hash: ChatterHash::stored("00"),
    }
}

fn connections(ages: &[i64]) -> Vec<Connection> {
    ages.iter().map(|age| connection(*age)).collect()
}

/// The ids of those that are to be closed, and whether they are told.
fn closed(alive: &[i64], older: &[i64], cap: usize) -> Vec<(String, Goodbye)> {
    let closed = surplus(connections(alive), connections(older), cap).into_iter();
    closed
        .map(|(connection, goodbye)| (connection.id.to_string(), goodbye))
        .collect()
}

#[test]
fn posted_to_are_the_newest_up_to_the_cap_and_the_young_up_to_five_times_the_cap() {
    let now = Timestamp::from_millis(NOW).unwrap();
    let (young, old) = (59_000, 61_000);
    for (ages, cap, posted, others) in [
        (
            &[old + 3, old + 1, old + 2][..],
            2,
            vec![old + 1, old + 2],
            vec![old + 3],
        ),
        (&[old, old + 1], 2, vec![old, old + 1], vec![]),
        (&[old], 20, vec![old], vec![]),
        (&[], 2, vec![], vec![]),
        // In the future, as clocks differ, or just opening.
        (&[old, young, -5_000, 0], 1, vec![-5_000, 0, young], vec![old]),
        (&[old, 1, 2, 3, 4, 5, 6], 1, vec![1, 2, 3, 4, 5], vec![6, old]),
    ] {
        let (newest, older) = split(connections(ages), cap, now);
        assert_eq!(
            (newest, older),
            (connections(&posted), connections(&others)),
            "{ages:?}"
        );
    }
}

#[test]
fn the_oldest_beyond_the_cap_are_closed_and_those_for_which_there_is_room_come_back() {
    use Goodbye::{Replaced, Silent};
    for (alive, older, cap, expected) in [
        (&[3, 1, 2][..], &[][..], 2, &[(3, Replaced)][..]),
        (&[3, 1, 2], &[], 3, &[]),
        (&[5, 3, 4, 1, 2], &[], 2, &[(3, Replaced), (4, Replaced), (5, Replaced)]),
        (&[1, 2], &[7, 8], 2, &[(7, Replaced), (8, Replaced)]),
        // One of the newest has answered 410.
        (&[1], &[7, 8], 2, &[(7, Silent), (8, Replaced)]),
        (&[], &[7, 8], 3, &[(7, Silent), (8, Silent)]),
    ] {
        let expected: Vec<_> = expected
            .iter()
            .map(|(age, goodbye)| (age.to_string(), *goodbye))
            .collect();
        assert_eq!(closed(alive, older, cap), expected, "{alive:?} {older:?} {cap}");
    }
}

#[test]
fn a_socket_that_works_is_not_surplus_to_those_that_may_never_open() {
    let posts = [(5, Posted::Sent), (4, Posted::Busy), (3, GONE), (2, GONE), (1, GONE)];
    let posts = posts.map(|(age, posted)| (connection(age), posted));
    let counted: Vec<Connection> = posts.into_iter().filter_map(alive).collect();
    assert_eq!(surplus(counted.clone(), vec![], 2), []);
    assert_eq!(surplus(counted, vec![], 1), [(connection(5), Goodbye::Replaced)]);
}

#[test]
fn only_a_410_of_an_old_row_deletes_it() {
    let connection = connection(0);
    let gone_after = |milliseconds: i64| Posted::Gone {
        sent_at: Timestamp::from_millis(NOW + milliseconds).unwrap(),
    };
    for (posted, fate) in [
        (Posted::Sent, RowFate::Keep),
        (Posted::Busy, RowFate::Keep),
        (Posted::Refused { status: 403 }, RowFate::Keep),
        (gone_after(60_000), RowFate::Keep),
        (gone_after(60_001), RowFate::Forget),
    ] {
        assert_eq!(row_fate(&connection, posted), fate, "{posted:?}");
    }
}

#[test]
fn a_post_that_failed_is_logged_with_its_socket_and_status_and_no_other() {
    let log = Log::start();
    for (posted, statuses) in [
        (Posted::Sent, vec![]),
        (GONE, vec![]),
        (Posted::Busy, vec![Value::Null]),
        (Posted::Refused { status: 403 }, vec![json!(403)]),
    ] {
        log_failure(&connection(7), posted);
        let lines = log.lines();
        let logged: Vec<Value> = lines.iter().map(|line| line["status"].clone()).collect();
        assert_eq!(logged, statuses, "{posted:?}");
        assert!(lines.iter().all(|line| line["connection_id"] == "7"), "{lines:?}");
    }
}
