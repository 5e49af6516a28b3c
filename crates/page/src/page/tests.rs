use super::*;
use crate::timing::{HEARTBEAT, PAGE_DATA_AGE};
use serde_json::{Value, json};

const NONE: [u64; 0] = [];

/// Seconds since the page was loaded.
fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn page(own_data: Option<Duration>) -> Page {
    let options = Options {
        login: "friendless".to_owned(),
        own_data,
        ..Options::default()
    };
    Page::new(options, at(0))
}

/// A page that has seen version 1 of the log `E`, since its socket opened at the beginning.
fn begun() -> Page {
    let mut page = page(None);
    assert_eq!(asked(&page.opened(at(0))), [1]);
    assert!(page.received(&reply(1, 1, &[]), at(0)).synced.is_some());
    page
}

fn reply(n: u64, version: u64, updates: &[Value]) -> String {
    let cursor = json!({"epoch": "E", "version": version});
    json!({"type": "sync", "n": n, "now": "2026-01-31T09:00:00Z", "cursor": cursor, "missed": 1, "reset": false,
           "more": false, "updates": updates})
    .to_string()
}

fn update(version: u64, recorded: &str) -> Value {
    json!({"topics": ["a"], "version": version, "id": "i", "at": "2020-01-01T00:00:00Z", "recorded": recorded, "body": 1})
}

fn push(epoch: &str, version: u64, prev: u64) -> String {
    json!({"type": "stats-updated", "topics": ["a"], "epoch": epoch, "version": version, "prev": prev, "id": "i",
           "at": "2026-01-31T09:00:00Z", "body": version})
    .to_string()
}

fn error(code: &str) -> String {
    json!({"type": "error", "code": code, "message": "m"}).to_string()
}

/// The numbers of the syncs that the page sends.
fn asked(output: &Output) -> Vec<u64> {
    let number = |request: &Request| match request {
        Request::Sync { n, .. } => Some(*n),
        Request::Ping => None,
    };
    output.sends.iter().filter_map(number).collect()
}

fn shown(output: &Output) -> Vec<u64> {
    output.shows.iter().map(|update| update.version).collect()
}

#[test]
fn only_the_reply_to_the_newest_sync_counts() {
    let mut page = begun();
    assert_eq!(asked(&page.opened(at(1))), [2], "the successor of an open socket");
    for (n, versions) in [(1, vec![]), (3, vec![]), (2, vec![7])] {
        let output = page.received(&reply(n, 7, &[update(7, "2026-01-31T08:59:00Z")]), at(2));
        assert_eq!((shown(&output), output.synced.is_some()), (versions, n == 2), "n {n}");
    }
    let again = page.received(&reply(2, 9, &[]), at(3));
    assert_eq!(
        (again, page.cursor().unwrap().version),
        (Output::default(), 7),
        "it was answered"
    );
}

#[test]
fn a_gap_is_asked_about_after_a_second_unless_it_is_filled_before() {
    for (filled, asks) in [(false, vec![2]), (true, vec![])] {
        let mut page = begun();
        let output = page.received(&push("E", 3, 2), at(5));
        assert_eq!((shown(&output), asked(&output)), (vec![3], vec![]));
        assert_eq!(page.deadline(), Some(at(5) + GAP_WAIT));
        if filled {
            assert_eq!(
                shown(&page.received(&push("E", 2, 1), at(5))),
                NONE,
                "version 3 was shown"
            );
        }
        assert_eq!(asked(&page.time(at(5) + GAP_WAIT)), asks, "filled: {filled}");
    }
}

#[test]
fn a_push_that_the_reply_does_not_cover_makes_the_page_sync_again() {
    let mut page = begun();
    let _ = page.opened(at(1));
    assert_eq!(asked(&page.received(&push("E", 3, 2), at(2))), NONE);
    assert_eq!(asked(&page.time(at(4))), NONE, "a sync is under way");
    let output = page.received(&reply(2, 1, &[]), at(5));
    assert_eq!((asked(&output), output.synced), (vec![3], None));
    let output = page.received(&reply(3, 3, &[]), at(6));
    assert_eq!((output.synced.unwrap().missed, page.is_calm()), (Some(2), true));
}

#[test]
fn a_reply_with_more_to_come_is_asked_on_at_once() {
    let mut page = begun();
    let _ = page.opened(at(1));
    let part = reply(2, 3, &[update(3, "2026-01-31T08:59:00Z")]).replace(r#""more":false"#, r#""more":true"#);
    let output = page.received(&part, at(2));
    let cursor = page.cursor().cloned();
    assert_eq!((shown(&output), output.synced), (vec![3], None));
    assert!(matches!(&output.sends[..], [Request::Sync { n: 3, cursor: asked, .. }] if *asked == cursor));
}

#[test]
fn a_push_of_another_log_is_not_shown_and_is_asked_about_at_once() {
    let mut page = begun();
    let output = page.received(&push("F", 9, 8), at(5));
    assert_eq!((shown(&output), asked(&output)), (vec![], vec![2]));
    assert_eq!(page.cursor().unwrap().version, 1);
}

#[test]
fn a_sync_without_a_reply_is_sent_again_ever_more_slowly_and_from_the_third_on_with_a_ping() {
    let mut page = page(None);
    let mut now = at(0);
    let _ = page.opened(now);
    for (n, wait, pings) in [
        (2, 10, 0),
        (3, 20, 0),
        (4, 40, 1),
        (5, 80, 1),
        (6, 160, 1),
        (7, 300, 1),
        (8, 300, 1),
    ] {
        now += at(wait);
        let output = page.time(now);
        assert_eq!((asked(&output), output.sends.len()), (vec![n], 1 + pings), "sync {n}");
        let _ = page.received(r#"{"type":"pong"}"#, now);
    }
}

#[test]
fn an_error_has_a_sync_under_way_sent_again_after_a_random_wait_and_no_other() {
    for code in ["unavailable", "gateway"] {
        let mut page = begun();
        let output = page.received(&error(code), at(1));
        assert_eq!((output.failures.len(), page.is_calm()), (1, true));
        assert_eq!(page.deadline(), Some(at(1) + HEARTBEAT), "no sync is under way");
        let _ = page.opened(at(2));
        let _ = page.received(&error(code), at(3));
        let wait = page.deadline().unwrap() - at(3);
        assert!(wait <= 2 * SECOND, "{wait:?}");
        assert_eq!(asked(&page.time(at(3) + wait)), [3]);
    }
}

#[test]
fn a_page_hangs_up_when_it_has_to_and_knows_what_comes_after() {
    let closing = |reason: &str, retry: bool| json!({"type": "closing", "reason": reason, "retry": retry}).to_string();
    for (text, then) in [
        (error("unknown-connection"), HangUp::Reconnect),
        (closing("revoked", false), HangUp::Closed),
        (closing("anything", false), HangUp::Closed),
        (closing("anything", true), HangUp::Reconnect),
        (closing("replaced", false), HangUp::Replaced),
    ] {
        let mut page = begun();
        let _ = page.opened(at(1));
        let output = page.received(&text, at(2));
        assert_eq!(
            (output.hangs_up, output.sends.len(), page.deadline()),
            (Some(then), 0, None),
            "{text}"
        );
        assert_eq!(
            page.received(&reply(2, 9, &[]), at(3)),
            Output::default(),
            "it has no socket"
        );
    }
}

#[test]
fn a_silent_socket_is_pinged_and_given_up_if_nothing_comes() {
    for (answer, given_up) in [
        (None, true),
        (Some(r#"{"type":"pong"}"#), false),
        (Some("anything"), false),
    ] {
        let mut page = begun();
        assert_eq!(page.time(HEARTBEAT).sends, [Request::Ping]);
        if let Some(text) = answer {
            let _ = page.received(text, HEARTBEAT + SECOND);
        }
        let output = page.time(HEARTBEAT + ANSWER_TIMEOUT);
        assert_eq!(output.hangs_up.is_some(), given_up, "{answer:?}");
    }
}

#[test]
fn an_open_page_syncs_every_quarter_of_an_hour() {
    let mut page = begun();
    let mut now = at(0);
    let mut asks = Vec::new();
    while now < SYNC_EVERY {
        now = page.deadline().unwrap();
        asks = asked(&page.time(now));
        let _ = page.received(r#"{"type":"pong"}"#, now);
    }
    assert_eq!((now, asks), (SYNC_EVERY, vec![2]));
}

#[test]
fn the_memory_outlives_a_socket_and_what_was_under_way_does_not() {
    let mut page = begun();
    let _ = page.received(&push("E", 3, 2), at(5));
    page.lost();
    assert_eq!((page.deadline(), page.is_open()), (None, false));
    assert_eq!(page.time(at(50)), Output::default());
    let output = page.opened(at(60));
    let cursor = Some(Cursor {
        epoch: "E".to_owned(),
        version: 1,
    });
    let login = "friendless".to_owned();
    assert_eq!(output.sends, [Request::Sync { login, cursor, n: 2 }]);
    assert_eq!(asked(&page.time(at(61))), NONE, "the gap is that of the old socket");
}

#[test]
fn the_first_sync_leaves_out_what_the_pages_own_data_has() {
    let recorded = |ago: u64| format!("2026-01-31T08:{:02}:00Z", 60 - ago);
    // The page was loaded a minute ago.
    for (own_data, minutes_ago, is_shown) in [
        (None, 59, true),
        (Some(PAGE_DATA_AGE), 2, true),
        (Some(PAGE_DATA_AGE), 3, true),
        (Some(PAGE_DATA_AGE), 4, false),
        (Some(at(0)), 1, true),
        (Some(at(0)), 2, false),
    ] {
        let mut page = page(own_data);
        let _ = page.opened(at(0));
        let output = page.received(&reply(1, 1, &[update(1, &recorded(minutes_ago))]), at(60));
        assert!(output.shows.iter().all(|update| update.initial));
        assert_eq!(
            shown(&output).len(),
            usize::from(is_shown),
            "{own_data:?} {minutes_ago}"
        );
        assert_eq!(page.cursor().unwrap().version, 1);
        let _ = page.opened(at(61));
        let output = page.received(&reply(2, 2, &[update(2, &recorded(59))]), at(62));
        assert_eq!(
            (shown(&output), output.shows[0].initial),
            (vec![2], false),
            "the second sync"
        );
    }
}

#[test]
fn an_update_of_unknown_age_is_shown() {
    for (from, to) in [
        (r#""now":"2026-01-31T09:00:00Z","#, ""),
        ("2026-01-31T08:01:00Z", "yesterday"),
    ] {
        let mut page = page(Some(at(0)));
        let _ = page.opened(at(0));
        let text = reply(1, 1, &[update(1, "2026-01-31T08:01:00Z")]);
        assert!(text.contains(from), "{text}");
        assert_eq!(shown(&page.received(&text.replace(from, to), at(1))), [1]);
    }
}

#[test]
fn a_message_of_the_wrong_shape_changes_nothing() {
    let mut page = begun();
    let _ = page.opened(at(1));
    let before = page.deadline();
    for text in [r#"{"type":"sync","n":2}"#, r#"{"type":"stats-updated"}"#] {
        let output = page.received(text, at(2));
        assert_eq!(output.failures[0].code, "bad-message");
        assert_eq!((output.sends.len(), page.deadline()), (0, before));
    }
}
