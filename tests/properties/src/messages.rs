//! Messages on a socket, in both directions.

use chatterbox_core::{Incoming, NotUnderstood};
use chatterbox_page::{Message, Options, Page};
use serde_json::json;
use std::time::Duration;

/// A message of a browser. What was understood has one meaning, and an answer quotes nothing.
pub(crate) fn client_message(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let read = Incoming::parse(&text);
    assert_eq!(
        Incoming::parse(&format!("\u{feff}{text}")),
        read,
        "a byte order mark changes nothing"
    );
    let Ok(Incoming::Sync { login, cursor, n }) = read.clone() else {
        return;
    };
    let plain = json!({"action": "sync", "login": login.as_str(), "cursor": cursor, "n": n});
    assert_eq!(Incoming::parse(&plain.to_string()), read);
    // Each field is there once: with one more of it, whatever it says, the message has two meanings.
    let inner = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .strip_prefix('{')
        .expect("an object");
    for (field, value) in [("action", "\"sync\""), ("login", "\"x\""), ("n", "0")] {
        let Err(NotUnderstood::BadMessage(why)) = Incoming::parse(&format!("{{\"{field}\":{value},{inner}")) else {
            panic!("{field} is there twice, and was understood");
        };
        assert!(why.starts_with(field), "{field}: {why}");
    }
}

/// A message to a page. Whoever may post to a socket may send it anything.
pub(crate) fn page_message(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let message = Message::parse(&text);
    assert_eq!(Message::parse(&text), message);
    let mut page = Page::new(Options::default(), Duration::ZERO);
    let _ = page.opened(Duration::from_millis(1));
    for at in [2, 3] {
        let output = page.received(&text, Duration::from_millis(at));
        assert!(output.sends.len() <= 1 && output.shows.iter().all(|update| !update.topics.is_empty()));
    }
    let _ = page.time(page.deadline().unwrap_or_default());
}
