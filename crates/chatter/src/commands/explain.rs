//! `chatter explain`: what a code, a word or an error text means, and what to do about it.

use super::{CommandError, Done, answer::Answers};
use crate::explain::{Reason, about, reasons};
use serde::Serialize;
use std::fmt;

/// Say what a code, a word or an error text means, and what to do.
///
/// `chatter explain 1006`, `chatter explain stale`, or a whole line of a log or of a browser's console. Without a text it lists
/// all that it knows.
#[derive(Clone, Debug, clap::Args)]
pub struct Explain {
    /// A close code, a status, a word of a report, a reason, a metric, an alarm, or a text that has one in it.
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Explanation(Vec<&'static Reason>);

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, reason) in self.0.iter().enumerate() {
            let space = if n > 0 { "\n\n" } else { "" };
            write!(f, "{space}{reason}")?;
        }
        Ok(())
    }
}

impl Explain {
    /// Runs the command.
    ///
    /// # Errors
    /// If nobody reads the answer.
    pub fn run(&self, answers: Answers) -> Result<Done, CommandError> {
        if self.text.is_empty() {
            answers.say(&Explanation(reasons().iter().collect()))?;
            return Ok(Done::Well);
        }
        let text = self.text.join(" ");
        let found = about(&text);
        if found.is_empty() {
            answers.progress(&format!(
                "nothing is known of {text:?}. `chatter explain` alone lists all that is; docs/when-things-break.md begins from symptoms"
            ));
        }
        let done = if found.is_empty() { Done::No } else { Done::Well };
        if answers.json || done == Done::Well {
            answers.say(&Explanation(found))?;
        }
        Ok(done)
    }
}
