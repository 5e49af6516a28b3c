use super::*;
use crate::{Body, ChatterHash, ConnectionId, Timestamp};

fn topic(name: &str) -> Topic {
    Topic::parse(name).unwrap()
}

fn update(topics: &[&str]) -> Update {
    let topics = topics.iter().map(|name| topic(name)).collect();
    Update {
        id: "i".to_owned(),
        at: Timestamp::from_millis(0).unwrap(),
        topics,
        body: Body::default(),
    }
}

fn new(version: Version, topics: &[&str], before: &[(&str, Version)]) -> Recorded {
    let topics = update(topics).topics;
    let before = before.iter().map(|(name, version)| (topic(name), *version)).collect();
    Recorded::New {
        epoch: "E".to_owned(),
        version,
        topics,
        before,
    }
}

fn repeat(version: Version, topics: &[&str]) -> Recorded {
    Recorded::Repeat {
        epoch: "E".to_owned(),
        version,
        stored: update(topics),
    }
}

#[test]
fn a_push_tells_what_its_socket_should_have_seen_before() {
    let login = Login::parse("friendless").unwrap();
    let known = [("plays", 7), ("badges", 3)];
    for (topics, recorded, listens_to, expected) in [
        (
            &["plays"][..],
            new(9, &["plays"], &known),
            "",
            Some((&["plays"][..], 8)),
        ),
        (&["plays"], new(9, &["plays"], &known), "plays", Some((&["plays"], 7))),
        (
            &["plays"],
            new(9, &["plays"], &known),
            "plays,badges",
            Some((&["plays"], 7)),
        ),
        (
            &["badges"],
            new(9, &["badges"], &known),
            "plays,badges",
            Some((&["badges"], 7)),
        ),
        (
            &["badges"],
            new(9, &["badges"], &known),
            "badges",
            Some((&["badges"], 3)),
        ),
        (&["new"], new(9, &["new"], &known), "new", Some((&["new"], 0))),
        (&["plays"], new(9, &["plays"], &known), "badges", None),
        // Two topics: those are named that the socket listens to, in the event's order.
        (
            &["plays", "badges"],
            new(9, &["plays", "badges"], &known),
            "",
            Some((&["plays", "badges"], 8)),
        ),
        (
            &["plays", "badges"],
            new(9, &["plays", "badges"], &known),
            "badges",
            Some((&["badges"], 3)),
        ),
        // Stale for one of them: it is news of the other alone.
        (
            &["plays", "badges"],
            new(9, &["badges"], &known),
            "",
            Some((&["badges"], 8)),
        ),
        (&["plays", "badges"], new(9, &["badges"], &known), "plays", None),
        // A repeat no longer knows what was before it: too high is safe.
        (&["plays"], repeat(5, &["plays"]), "plays", Some((&["plays"], 4))),
        (&["plays", "badges"], repeat(5, &["badges"]), "", Some((&["badges"], 4))),
        (&["plays", "badges"], repeat(5, &["badges"]), "plays", None),
    ] {
        let update = update(topics);
        let pushes = Pushes::of(&login, &update, &recorded).unwrap();
        let heading = pushes.heading(&Topics::parse(listens_to).unwrap());
        let heading =
            heading.map(|(topics, prev)| (topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>(), prev));
        let expected = expected.map(|(topics, prev)| (topics.to_vec(), prev));
        assert_eq!(heading, expected, "{topics:?} to {listens_to:?}");
    }
}

#[test]
fn what_is_stale_is_not_told() {
    let (login, update) = (Login::parse("friendless").unwrap(), update(&["plays"]));
    for recorded in [Recorded::Stale, Recorded::TooManyTopics] {
        assert!(Pushes::of(&login, &update, &recorded).is_none());
    }
}

#[test]
fn a_message_is_built_once_for_all_who_hear_the_same() {
    let (login, update, recorded) = (
        Login::parse("a").unwrap(),
        update(&["plays"]),
        new(9, &["plays"], &[("plays", 7)]),
    );
    let pushes = Pushes::of(&login, &update, &recorded).unwrap();
    let mut messages = Messages {
        pushes: &pushes,
        built: HashMap::new(),
    };
    let all: Vec<_> = (0..100).filter_map(|_| messages.message_for(&Topics::All)).collect();
    let some = messages.message_for(&Topics::parse("plays").unwrap()).unwrap();
    let place = |message: &Payload| message.text().as_ptr();
    assert!(all.iter().all(|message| place(message) == place(&all[0])));
    for (message, heading) in [(&all[0], r#""version":9,"prev":8"#), (&some, r#""version":9,"prev":7"#)] {
        assert!(message.text().contains(heading));
    }
}

fn delivered(sockets: &[(i64, Pulse)]) -> Vec<(Connection, Pulse)> {
    let connection = |age: i64| Connection {
        login: Login::parse("a").unwrap(),
        id: ConnectionId::new(age.to_string()),
        connected_at: Timestamp::from_millis(1_000 - age).unwrap(),
        topics: Topics::All,
        chatter_hash: ChatterHash::stored("00"),
    };
    sockets.iter().map(|(age, pulse)| (connection(*age), *pulse)).collect()
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
        let sockets: Vec<_> = ages.iter().map(|age| (*age, Pulse::Alive)).collect();
        assert_eq!(ids(&surplus(delivered(&sockets), cap)), expected);
    }
}

#[test]
fn a_socket_that_works_is_not_surplus_to_those_that_may_never_open() {
    use Pulse::{Alive, Busy, Dead, Unsure};
    let sockets = [(5, Alive), (4, Busy), (3, Dead), (2, Unsure), (1, Unsure)];
    assert_eq!(surplus(delivered(&sockets), 2), []);
    assert_eq!(ids(&surplus(delivered(&sockets), 1)), ["5"]);
}
