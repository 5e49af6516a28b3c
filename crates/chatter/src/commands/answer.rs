//! How a command answers: to people in words, with `--json` in one line of JSON for each answer.

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::{
    fmt::{self, Display},
    io::{self, Write},
};

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub struct Answers {
    /// Whether they are JSON.
    pub json: bool,
}

impl Answers {
    /// Prints an answer to standard output.
    ///
    /// # Errors
    /// If nobody reads it any more.
    pub fn say<T: Serialize + Display>(self, answer: &T) -> io::Result<()> {
        let mut output = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut output, answer)?;
            writeln!(output)?;
        } else {
            // Without colours unless it is a terminal: NO_COLOR and CLICOLOR_FORCE count too.
            let colours = AutoStream::choice(&output);
            writeln!(AutoStream::new(&mut output, colours), "{answer}")?;
        }
        output.flush()
    }

    /// Says why there is no answer, on standard error.
    pub fn fail(self, why: &dyn Display) {
        let why = why.to_string();
        let _ = if self.json {
            writeln!(io::stderr(), "{}", serde_json::json!({"error": why}))
        } else {
            writeln!(io::stderr(), "chatter: {why}")
        };
    }

    /// Says how far a long command is, on standard error, to people only.
    pub fn progress(self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}

/// A part of an answer to people that has a colour.
#[derive(Clone, Copy, Debug)]
pub enum Paint {
    /// It is as it should be.
    Good,
    /// It is not.
    Bad,
    /// It is on its way, or was not tried.
    Faint,
    /// A heading.
    Title,
}

impl Paint {
    /// The text in this colour; no wider on a terminal than without.
    pub fn on(self, text: impl Display) -> impl Display {
        let style = match self {
            Paint::Good => AnsiColor::Green.on_default(),
            Paint::Bad => AnsiColor::Red.on_default().bold(),
            Paint::Faint => Style::new().dimmed(),
            Paint::Title => Style::new().bold(),
        };
        fmt::from_fn(move |f| write!(f, "{style}{text}{style:#}"))
    }
}

/// A duration in the largest unit that leaves no noise: `5 s`, `12 min`, `1 h 40 min`.
pub fn age(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, _) => format!("{minutes} min"),
        (hours, minutes, _) if hours < 48 => format!("{hours} h {minutes} min"),
        (hours, _, _) => format!("{} d", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_age_is_told_in_its_largest_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (6_000, "1 h 40 min"),
            (172_800, "2 d"),
            (2_592_000, "30 d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }
}
