use super::*;
use crate::{ChatterHash, ConnectionId, Login, Timestamp, Topics};

const GONE: Posted = Posted::Gone {
    sent_at: Timestamp::MAX,
};

/// Connections of these ages in milliseconds, each named by its age.
fn connection(age: i64) -> Connection {
    Connection {
        login: Login::parse("a").unwrap(),
        id: ConnectionId::new(age.to_string()),
        connected_at: Timestamp::from_millis(1_000 - age).unwrap(),
        topics: Topics::All,
        chatter_hash: ChatterHash::stored("00"),
    }
}

fn ids(connections: &[Connection]) -> Vec<&str> {
    connections.iter().map(|connection| connection.id.as_str()).collect()
}

#[test]
fn the_oldest_beyond_the_cap_are_surplus() {
    for (ages, cap, expected) in [
        (&[3, 1, 2][..], 2, &["3"][..]),
        (&[3, 1, 2], 3, &[]),
        (&[3, 1, 2], 20, &[]),
        (&[5, 3, 4, 1, 2], 2, &["3", "4", "5"]),
        (&[], 2, &[]),
    ] {
        let connections = ages.iter().map(|age| connection(*age)).collect();
        assert_eq!(ids(&surplus(connections, cap)), expected);
    }
}

#[test]
fn a_socket_that_works_is_not_surplus_to_those_that_may_never_open() {
    let posts = [(5, Posted::Sent), (4, Posted::Busy), (3, GONE), (2, GONE), (1, GONE)];
    let posts = posts.map(|(age, posted)| (connection(age), posted));
    let counted: Vec<Connection> = posts.into_iter().filter_map(alive).collect();
    assert_eq!(surplus(counted.clone(), 2), []);
    assert_eq!(ids(&surplus(counted, 1)), ["5"]);
}

#[test]
fn only_a_410_of_an_old_row_deletes_it() {
    let connection = connection(0);
    let gone_after = |milliseconds: i64| Posted::Gone {
        sent_at: Timestamp::from_millis(1_000 + milliseconds).unwrap(),
    };
    for (posted, fate) in [
        (Posted::Sent, RowFate::Keep),
        (Posted::Busy, RowFate::Keep),
        (Posted::Refused, RowFate::Keep),
        (gone_after(60_000), RowFate::Keep),
        (gone_after(60_001), RowFate::Forget),
    ] {
        assert_eq!(row_fate(&connection, posted), fate, "{posted:?}");
    }
}
