//! What every close code, status, error, word and metric means, and what to do about it: one table
//! (`explain/reasons.json`), of which `chatter explain`, `chatter doctor` and the document `docs/when-things-break.md` are
//! made.

use crate::commands::answer::Paint;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::LazyLock};

/// One entry of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What kind of thing it is: "close code", "refusal", "metric", …
    pub kind: String,
    /// As it is written where one meets it.
    pub name: String,
    /// Of a close code: who brought the end about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// What it means, in a sentence or two.
    pub means: String,
    /// What to do about it.
    #[serde(rename = "do")]
    pub remedy: String,
    /// Other texts that mean the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// Who brought the end of a socket about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The page, or whichever client it was: it closed the socket, or sent what the server does not take.
    Page,
    /// The server: API Gateway by itself, or a function that asked it to.
    Server,
    /// Neither: the connection between them ended.
    Network,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Page => "the page",
            By::Server => "the server",
            By::Network => "the network",
        })
    }
}

impl Reason {
    /// What it means, with whose doing it is.
    pub fn meaning(&self) -> String {
        match self.by {
            Some(by) => format!("By {by}. {}", self.means),
            None => self.means.clone(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", Paint::Title.on(format!("{} {}", self.kind, self.name)))?;
        writeln!(f, "  {}", self.meaning())?;
        write!(f, "  What to do: {}", self.remedy)
    }
}

static REASONS: LazyLock<Vec<Reason>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("explain/reasons.json")).expect("the table is tested to be of its shape")
});

/// The whole table, its kinds one after the other.
pub fn reasons() -> &'static [Reason] {
    &REASONS
}

/// The entry of this kind and name.
pub fn find(kind: &str, name: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| reason.kind == kind && reason.name == name)
}

/// The entry of a handshake's status: its own, or that of all which begin with the same digit.
pub fn of_status(status: &str) -> Option<&'static Reason> {
    const STATUS: &str = "handshake status";
    let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
    find(STATUS, status).or_else(|| find(STATUS, &format!("{}xx", status.get(..1).filter(|_| is_status)?)))
}

/// The entries that a text is about: those of exactly this name, in whichever case; if there is none, those of whose names one
/// stands in the text, the longest first. So a whole line of a browser's console may be given.
pub fn about(text: &str) -> Vec<&'static Reason> {
    let text = text.trim().to_lowercase();
    let exact: Vec<&Reason> = REASONS
        .iter()
        .filter(|reason| reason.names().any(|name| name == text))
        .collect();
    if !exact.is_empty() {
        return exact;
    }
    if let Some(reason) = of_status(&text) {
        return vec![reason];
    }
    let longest = |reason: &Reason| {
        reason
            .names()
            .filter(|name| has_word(&text, name))
            .map(|name| name.len())
            .max()
    };
    let mut found: Vec<(usize, &Reason)> = REASONS
        .iter()
        .filter_map(|reason| Some((longest(reason)?, reason)))
        .collect();
    found.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    // In a sentence that has a code or an error text, words such as "open" and "lost" are only words.
    if found.iter().any(|(_, reason)| !reason.is_everyday()) {
        found.retain(|(_, reason)| !reason.is_everyday());
    }
    found.into_iter().map(|(_, reason)| reason).collect()
}

impl Reason {
    /// Whether its name is a word that also stands in sentences about other things.
    fn is_everyday(&self) -> bool {
        !matches!(
            self.kind.as_str(),
            "close code" | "handshake status" | "error frame" | "error text"
        )
    }

    fn names(&self) -> impl Iterator<Item = String> {
        [&self.name]
            .into_iter()
            .chain(&self.also)
            .map(|name| name.to_lowercase())
    }
}

/// Whether these words stand in the text, and not as a part of other words.
fn has_word(text: &str, words: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(words)
        .any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + words.len()..].chars().next()))
}

#[cfg(test)]
mod tests;
