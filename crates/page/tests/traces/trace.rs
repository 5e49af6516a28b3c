//! Page traces, as `protocol/traces/page.json` has them: what one browser is given, and what each of its tabs must show, ask
//! and remember after each step.

use chatterbox_page::Cursor;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trace {
    pub(crate) scenario: String,
    pub(crate) why: String,
    /// Whether the pages have data of their own, so that their first sync leaves out what is older.
    pub(crate) own_data: bool,
    /// The topics of each tab. The first is open from the beginning.
    pub(crate) tabs: Vec<Vec<String>>,
    pub(crate) steps: Vec<Step>,
    /// Whether nothing is under way at the end.
    pub(crate) calm: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    #[serde(flatten)]
    pub(crate) given: Given,
    /// Whether the browser closes its socket.
    #[serde(default)]
    pub(crate) hangs_up: bool,
    /// What follows for each open tab.
    pub(crate) then: Vec<Then>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "camelCase")]
pub(crate) enum Given {
    Open { topics: Vec<String> },
    Lose,
    Push { push: Push },
    Reply { tab: usize, to: usize, reply: Reply },
    Unknown { tab: usize, to: usize },
    Wait { tab: usize },
    Reload,
    OpenTab { tab: usize },
    CloseTab { tab: usize },
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Push {
    pub(crate) epoch: String,
    pub(crate) version: u64,
    pub(crate) prev: u64,
    pub(crate) topics: Vec<String>,
    pub(crate) id: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Reply {
    pub(crate) cursor: Option<Cursor>,
    pub(crate) reset: bool,
    pub(crate) more: bool,
    pub(crate) updates: Vec<Told>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Told {
    pub(crate) version: u64,
    pub(crate) topics: Vec<String>,
    pub(crate) id: String,
    /// Whether it was recorded before the page was loaded.
    pub(crate) before_load: bool,
}

/// What follows for a tab, as the trace says it must or as the page did it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Then {
    pub(crate) tab: usize,
    pub(crate) shows: Vec<Shown>,
    pub(crate) asks: Vec<Asked>,
    pub(crate) cursor: Option<Cursor>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Shown {
    pub(crate) topics: Vec<String>,
    pub(crate) version: u64,
    pub(crate) id: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Asked {
    pub(crate) cursor: Option<Cursor>,
}
