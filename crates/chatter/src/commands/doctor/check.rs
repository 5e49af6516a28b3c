//! One thing that was tried, and what was found.

use crate::{
    commands::answer::Paint,
    explain::{Reason, about, find, of_status},
    socket::Refusal,
};
use serde::Serialize;
use std::fmt;

/// Whether it is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mark {
    Right,
    Wrong,
    NotTried,
}

/// One thing that was tried.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    pub(super) what: &'static str,
    pub(super) mark: Mark,
    found: String,
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    pub(super) fn right(what: &'static str, found: impl Into<String>) -> Check {
        Check {
            what,
            mark: Mark::Right,
            found: found.into(),
            remedy: None,
        }
    }

    pub(super) fn wrong(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check {
            what,
            mark: Mark::Wrong,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    pub(super) fn not_tried(what: &'static str, why: impl Into<String>) -> Check {
        Check {
            what,
            mark: Mark::NotTried,
            found: why.into(),
            remedy: None,
        }
    }

    /// Something that the table of reasons knows by its name.
    pub(super) fn known(what: &'static str, found: &str, kind: &str, name: &str) -> Check {
        Check::explained(what, found, find(kind, name))
    }

    /// An error text, of which the table may know what it is about.
    pub(super) fn error(what: &'static str, text: &str) -> Check {
        Check::explained(what, text, about(text).first().copied())
    }

    /// A handshake that was answered with another status than 101.
    pub(super) fn refused(what: &'static str, refusal: &Refusal) -> Check {
        let found = format!("answered {}{}", refusal.status, refusal.in_words());
        Check::explained(what, &found, of_status(&refusal.status.to_string()))
    }

    fn explained(what: &'static str, found: &str, reason: Option<&Reason>) -> Check {
        match reason {
            Some(Reason { means, remedy, .. }) => Check::wrong(what, format!("{found}. {means}"), remedy.as_str()),
            None => Check::wrong(
                what,
                found,
                "Nothing is known of this: docs/when-things-break.md begins from symptoms.",
            ),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, paint) = match self.mark {
            Mark::Right => ('✔', Paint::Good),
            Mark::Wrong => ('✖', Paint::Bad),
            Mark::NotTried => ('·', Paint::Faint),
        };
        write!(f, "{} {}: {}", paint.on(mark), self.what, self.found)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n    What to do: {remedy}"),
            None => Ok(()),
        }
    }
}
