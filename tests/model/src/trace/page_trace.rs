//! Page traces: what one browser is given, and what its tabs must show, ask and remember.

use super::At;
use serde::{Deserialize, Serialize};

/// A run of the model, as one browser sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageTrace {
    /// The scenario of the model that it is a run of.
    pub scenario: String,
    /// What it was chosen for.
    pub why: String,
    /// Whether the page was loaded with data of its own, so that its first sync leaves out what is older.
    pub own_data: bool,
    /// Topics of each tab. The first tab is open from the beginning.
    pub tabs: Vec<Vec<String>>,
    /// Whether the run ends in a calm state: nothing is under way, so the tabs ask for nothing but their periodic sync.
    pub calm: bool,
    /// The steps, in order.
    pub steps: Vec<PageStep>,
}

/// One thing that happens to a browser, and what follows from it.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageStep {
    /// What happens.
    #[serde(flatten)]
    pub input: PageInput,
    /// Whether the browser closes its socket, to get another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hangs_up: bool,
    /// What follows for each open tab.
    pub then: Vec<Tab>,
}

/// What happens to a browser.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are named as in the messages")]
pub enum PageInput {
    /// The handshake succeeded. The socket listens to these topics.
    Open { topics: Vec<String> },
    /// The socket is lost, and the browser notices.
    Lose,
    /// A push arrives.
    Push { push: PushMessage },
    /// The reply to the tab's sync of this number arrives. If it is not the newest sync, nothing follows.
    Reply { tab: usize, to: usize, reply: ReplyMessage },
    /// The error `unknown-connection` arrives, as the answer to this sync.
    Unknown { tab: usize, to: usize },
    /// Time passes until the tab asks by itself.
    Wait { tab: usize },
    /// The page is loaded anew.
    Reload,
    /// The user opens a tab.
    OpenTab { tab: usize },
    /// The user closes a tab.
    CloseTab { tab: usize },
}

/// A `stats-updated` message.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the message")]
pub struct PushMessage {
    pub epoch: String,
    pub version: u8,
    pub prev: u8,
    pub topics: Vec<String>,
    pub id: String,
}

/// A `sync` message from the server.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the message")]
pub struct ReplyMessage {
    pub cursor: Option<At>,
    pub reset: bool,
    pub more: bool,
    pub updates: Vec<Told>,
}

/// An update in a reply.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the other fields are those of the message")]
pub struct Told {
    pub version: u8,
    pub topics: Vec<String>,
    pub id: String,
    /// Whether it was recorded before the page was loaded.
    pub before_load: bool,
}

/// What follows for a tab.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default)]
pub struct Tab {
    /// Number of the tab.
    pub tab: usize,
    /// Updates that it shows now and did not show before, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<Shows>,
    /// Syncs that it sends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<Sync>,
    /// Its cursor.
    pub cursor: Option<At>,
}

/// An update that a tab shows, under these of its topics.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the update")]
pub struct Shows {
    pub topics: Vec<String>,
    pub version: u8,
    pub id: String,
}

/// A sync that a tab sends.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the field is that of the message")]
pub struct Sync {
    pub cursor: Option<At>,
}
