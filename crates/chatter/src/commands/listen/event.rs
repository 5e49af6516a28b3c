//! What `chatter listen` shows: one thing that happened, in a line.

use crate::{
    commands::answer::Paint,
    explain::{By, Reason, about, find, of_status},
    socket::{Frame, NotOpened},
};
use chatterbox_core::Timestamp;
use chatterbox_page::{Synced, Update};
use serde::Serialize;
use serde_json::{Value, json};
use std::{fmt, time::Duration};

/// One thing that happened.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    time: Timestamp,
    /// `connecting`, `open`, `sent`, `received`, `update`, `synced`, `failure`, `closed`, `not-opened` or `waiting`.
    kind: &'static str,
    /// A message as it was sent or received; for the other kinds a sentence.
    text: String,
    /// A close code or a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    /// What is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static Reason>,
    /// What is in it.
    #[serde(skip_serializing_if = "Value::is_null")]
    value: Value,
}

impl Event {
    fn new(kind: &'static str, text: impl Into<String>) -> Event {
        Event {
            time: Timestamp::now(),
            kind,
            text: text.into(),
            code: None,
            reason: None,
            value: Value::Null,
        }
    }

    pub(super) fn connecting(url: &str) -> Event {
        // What follows the question mark may hold a chatter ID.
        let shown = url.split('?').next().unwrap_or_default();
        Event::new("connecting", format!("to {shown}"))
    }

    pub(super) fn open(subprotocol: Option<&str>) -> Event {
        let with = subprotocol.map_or_else(
            || "without a subprotocol".to_owned(),
            |name| format!("with the subprotocol {name}"),
        );
        Event::new("open", with)
    }

    pub(super) fn sent(text: &str) -> Event {
        Event::new("sent", text)
    }

    pub(super) fn not_opened(why: &NotOpened) -> Event {
        let code = match why {
            NotOpened::Refused(refusal) => Some(refusal.status),
            NotOpened::Url(_) | NotOpened::Unreachable(_) => None,
        };
        let reason = match code {
            Some(code) => of_status(&code.to_string()),
            None => about(&why.to_string()).first().copied(),
        };
        Event {
            code,
            reason,
            ..Event::new("not-opened", why.to_string())
        }
    }

    /// What came on the socket.
    pub(super) fn of(frame: &Frame) -> Event {
        match frame {
            Frame::Text(text) => Event::new("received", text.as_str()),
            Frame::Other(what) => Event::new("received", what.clone()),
            Frame::Close(Some((code, why))) => Event::closed(*code, why),
            // The table's 1005 is about a page that closes its socket so; here it was the server.
            Frame::Close(None) => Event::new("closed", "by the server, without a code"),
            Frame::Broken(why) => Event::closed(1006, why),
        }
    }

    fn closed(code: u16, why: &str) -> Event {
        let reason = find("close code", &code.to_string());
        let by = match reason.and_then(|reason| reason.by) {
            Some(By::Page) => format!("by the server, because of this page: {code}"),
            Some(By::Network) => format!("by the network, without a close frame: {code}"),
            Some(By::Server) | None => format!("by the server: {code}"),
        };
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(", {why}")
        };
        Event {
            code: Some(code),
            reason,
            ..Event::new("closed", by + &why)
        }
    }

    pub(super) fn update(update: &Update) -> Event {
        let Update {
            topics,
            version,
            id,
            at,
            body,
            initial,
        } = update;
        let value = json!({"topics": topics, "version": version, "id": id, "at": at, "body": body, "initial": initial});
        let caught_up = if *initial { ", caught up" } else { "" };
        let text = format!("{}: version {version}, at {at}{caught_up}: {body}", topics.join(", "));
        Event {
            value,
            ..Event::new("update", text)
        }
    }

    pub(super) fn synced(synced: Synced) -> Event {
        let Synced { missed, reset } = synced;
        let text = match missed {
            None => "all is seen; how much was missed nobody can say, since there was nothing to count from".to_owned(),
            Some(missed) => format!("all is seen; {missed} updates since the last time"),
        };
        let text = if reset { text + "; the log is a new one" } else { text };
        Event {
            value: json!({"missed": missed, "reset": reset}),
            ..Event::new("synced", text)
        }
    }

    pub(super) fn failure(code: &str, message: &str) -> Event {
        let reason = find("error frame", code).or_else(|| find("error frame", message));
        Event {
            reason,
            ..Event::new("failure", format!("{code}: {message}"))
        }
    }

    pub(super) fn ends(why: &'static str, reason: &str) -> Event {
        Event {
            reason: find("page reason", reason),
            ..Event::new("closed", why)
        }
    }

    pub(super) fn waiting(wait: Duration) -> Event {
        let text = format!("connects again in {:.1} s", wait.as_secs_f64());
        Event {
            value: json!({"seconds": wait.as_secs_f64()}),
            ..Event::new("waiting", text)
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.kind {
            "sent" => "→",
            "received" => "←",
            "update" => "★",
            _ => " ",
        };
        let paint = match self.kind {
            "open" | "update" | "synced" => Paint::Good,
            "closed" | "not-opened" | "failure" => Paint::Bad,
            _ => Paint::Faint,
        };
        let kind = paint.on(format!("{:<10}", self.kind));
        write!(f, "{} {arrow} {kind} {}", self.time, self.text)?;
        if let Some(Reason { means, remedy, .. }) = self.reason {
            write!(f, "\n{0:39} {means}\n{0:39} What to do: {remedy}", "")?;
        }
        Ok(())
    }
}
