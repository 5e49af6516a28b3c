//! An entry of the feed of the demo page: what the gateway did, an event of a function with its answer, or a line of its log.

use super::mask::{mask, mask_json};
use chatterbox_gateway::{ActivityEntry, Exchange, Line};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// An entry, as it is kept. Only its JSON is masked, which is made when a page reads it: most entries nobody reads.
#[derive(Debug)]
pub(super) enum Entry {
    /// What the gateway did.
    Activity(ActivityEntry),
    /// An event of a function, and its answer.
    Exchange(Exchange),
    /// A line that a function printed, and when it was read, in milliseconds since 1970.
    Line(u64, Line),
}

impl Entry {
    /// The largest event or answer in bytes that is kept and shown. Of a larger one the size is told.
    const LARGEST: usize = 8 * 1024;

    pub(super) fn exchange(mut exchange: Exchange) -> Entry {
        for bytes in [&mut exchange.event, &mut exchange.answer] {
            if bytes.len() > Self::LARGEST {
                *bytes = json!({"tooLargeToShow": bytes.len()}).to_string().into();
            }
        }
        Entry::Exchange(exchange)
    }

    pub(super) fn line(line: Line) -> Entry {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Entry::Line(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), line)
    }

    /// It as one line of JSON, without anything that may be a secret.
    pub(super) fn json(&self) -> String {
        match self {
            // The gateway puts into it nothing that a client wrote.
            Entry::Activity(entry) => serde_json::to_string(entry).unwrap_or_default(),
            Entry::Exchange(exchange) => json!({
                "time": exchange.time,
                "kind": "exchange",
                "function": exchange.function,
                "milliseconds": exchange.milliseconds,
                "coldStart": exchange.cold_start,
                "note": exchange.note,
                "event": masked(&exchange.event),
                "answer": masked(&exchange.answer),
            })
            .to_string(),
            Entry::Line(time, line) => {
                let text: String = line.text.chars().take(Self::LARGEST).collect();
                json!({"time": time, "kind": "line", "function": line.function, "text": mask(&text)}).to_string()
            }
        }
    }
}

/// What is no JSON is shown as a text.
fn masked(bytes: &[u8]) -> Value {
    let value = serde_json::from_slice(bytes);
    mask_json(value.unwrap_or_else(|_| String::from_utf8_lossy(bytes).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn exchange(event: &str, answer: &str) -> Value {
        let entry = Entry::exchange(Exchange {
            time: 1,
            function: "connect".into(),
            request_id: Uuid::new_v4().to_string(),
            milliseconds: 2,
            cold_start: true,
            note: None,
            event: event.to_owned().into(),
            answer: answer.to_owned().into(),
        });
        serde_json::from_str(&entry.json()).unwrap()
    }

    #[test]
    fn an_event_is_shown_without_its_secret_and_whatever_it_is() {
        let id = Uuid::new_v4().to_string();
        let shown = exchange(
            &json!({"queryStringParameters": {"chatter": id}}).to_string(),
            "no JSON",
        );
        assert!(!shown.to_string().contains(&id), "{shown}");
        assert_eq!(shown["answer"], "no JSON");
        assert_eq!(exchange("\"x\"", "")["answer"], "");
        let large = exchange(&format!("\"{}\"", "x".repeat(9_000)), "null");
        assert_eq!(large["event"], json!({"tooLargeToShow": 9_002}));
    }

    #[test]
    fn a_line_is_shown_without_a_secret() {
        let id = Uuid::new_v4().to_string();
        let text = format!("who prints {id}");
        let function = "notify".into();
        let shown = Entry::line(Line { function, text }).json();
        assert!(shown.contains("who prints ‹masked") && !shown.contains(&id), "{shown}");
    }
}
