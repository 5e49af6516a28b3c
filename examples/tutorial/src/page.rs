//! The page: shows what is pushed, and reconnects when its socket ends.

use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// What a tutorial's page shows: of each topic the last that came. It is given the data with which it was loaded, and
/// whatever is pushed on its socket.
#[derive(Clone, Debug, Default)]
pub struct Page {
    login: String,
    shown: BTreeMap<String, String>,
}

impl Page {
    /// How long it waits before it opens another socket: `ws.onclose = () => setTimeout(connect, 1000)`.
    pub const WAIT: Duration = Duration::from_secs(1);

    /// A page that was just loaded: of each topic of the login, the `id` of the newest update.
    // Breaks R5, docs/protocol.md#r5-only-the-newest-sync-counts: this is the only time that the page asks for anything.
    // What happens until its socket is open, or while it has none, it is not told by that answer, and it does not ask again.
    pub fn loaded(login: impl Into<String>, data: BTreeMap<String, String>) -> Page {
        Page {
            login: login.into(),
            shown: data,
        }
    }

    /// The URL of its next socket.
    // Breaks R9, docs/protocol.md#r9-the-cursor-lives-as-long-as-what-the-page-shows: it is the same for each socket, since
    // the page does not know how far it has seen.
    pub fn url(&self, api: &str) -> String {
        format!("{api}?login={}", self.login)
    }

    /// Its socket has opened: what it sends.
    // Breaks R2, docs/protocol.md#r2-store-then-open-then-sync: it asks for nothing. What was sent since the last socket
    // ended is missed.
    pub fn opened(&mut self) -> Option<String> {
        None
    }

    /// A message has come: the topic and the `id` that it shows now, if it is an update.
    // Breaks R8, docs/protocol.md#r8-another-log-is-declared-by-a-reply-alone: nothing says which message is the newer one,
    // or that the server's data were restored from a backup. What comes last is shown.
    pub fn received(&mut self, text: &str) -> Option<(String, String)> {
        let message: Value = serde_json::from_str(text).ok()?;
        let (topic, id) = (message["topic"].as_str()?, message["id"].as_str()?);
        self.shown.insert(topic.to_owned(), id.to_owned());
        Some((topic.to_owned(), id.to_owned()))
    }

    /// Of each topic, the `id` of the update that it shows.
    pub fn shown(&self) -> &BTreeMap<String, String> {
        &self.shown
    }
}
