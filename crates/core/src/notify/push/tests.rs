use super::*;
use crate::{Body, Timestamp};

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
        no_room: Vec::new(),
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
fn a_push_names_the_version_that_its_socket_must_already_have() {
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
        // Stale for one of them: the push names the other alone.
        (
            &["plays", "badges"],
            new(9, &["badges"], &known),
            "",
            Some((&["badges"], 8)),
        ),
        (&["plays", "badges"], new(9, &["badges"], &known), "plays", None),
        // A repeat uses the version before it, the highest possible.
        (&["plays"], repeat(5, &["plays"]), "plays", Some((&["plays"], 4))),
        (&["plays", "badges"], repeat(5, &["badges"]), "", Some((&["badges"], 4))),
        (&["plays", "badges"], repeat(5, &["badges"]), "plays", None),
    ] {
        let update = update(topics);
        let pushes = PushBuilder::of(&login, &update, &recorded).unwrap();
        let key = pushes.key(&Topics::parse(listens_to).unwrap());
        let key = key.map(|(topics, prev)| (topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>(), prev));
        let expected = expected.map(|(topics, prev)| (topics.to_vec(), prev));
        assert_eq!(key, expected, "{topics:?} to {listens_to:?}");
    }
}

#[test]
fn a_stale_update_is_not_pushed() {
    let (login, update) = (Login::parse("friendless").unwrap(), update(&["plays"]));
    for recorded in [Recorded::Stale, Recorded::NoRoom] {
        assert!(PushBuilder::of(&login, &update, &recorded).is_none());
    }
}

#[test]
fn sockets_with_the_same_key_share_one_encoded_push() {
    let (login, update, recorded) = (
        Login::parse("a").unwrap(),
        update(&["plays"]),
        new(9, &["plays"], &[("plays", 7)]),
    );
    let pushes = PushBuilder::of(&login, &update, &recorded).unwrap();
    let mut payloads = Payloads::new(&pushes);
    let all: Vec<_> = (0..100).filter_map(|_| payloads.for_topics(&Topics::All)).collect();
    let some = payloads.for_topics(&Topics::parse("plays").unwrap()).unwrap();
    let place = |payload: &Payload| payload.text().as_ptr();
    assert!(all.iter().all(|payload| place(payload) == place(&all[0])));
    for (payload, text) in [(&all[0], r#""version":9,"prev":8"#), (&some, r#""version":9,"prev":7"#)] {
        assert!(payload.text().contains(text));
    }
}
