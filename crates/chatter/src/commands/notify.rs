//! `chatter notify`: invokes notify, as the pipeline does.

use super::{CommandError, Done, answer::Answers};
use crate::place::Place;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use std::fmt;

/// Tell logins that their stats have been updated, as the pipeline does, and show notify's report.
#[derive(Clone, Debug, clap::Args)]
pub struct Notify {
    /// The logins.
    #[arg(required = true, value_name = "LOGIN")]
    logins: Vec<String>,
    /// What the update is about; may be repeated. Without it, `updates`.
    #[arg(long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    /// Any JSON, which pages get as it is.
    #[arg(long, value_name = "JSON")]
    body: Option<String>,
    /// When it happened: RFC 3339, or milliseconds since 1970. Without it, now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The update's name, by which a repeat is known.
    #[arg(long)]
    id: Option<String>,
}

/// What notify answered.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Report(pub Value);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.0;
        for (n, (login, outcome)) in report["logins"].as_object().into_iter().flatten().enumerate() {
            let space = if n > 0 { "\n" } else { "" };
            match outcome.as_str() {
                None => write!(f, "{space}{login}: version {outcome}")?,
                Some(word) => write!(f, "{space}{login}: {word} (chatter explain {word:?})")?,
            }
        }
        let counts = report
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "logins");
        let counts: Vec<String> = counts.map(|(name, count)| format!("{name} {count}")).collect();
        write!(f, "\n{}", counts.join(", "))
    }
}

impl Notify {
    /// Runs the command.
    ///
    /// # Errors
    /// If `--body` is no JSON, or notify cannot be invoked.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        let (report, is_error) = invoke(place, &self.event()?).await?;
        if is_error {
            let message = report["errorMessage"].as_str().unwrap_or("no message").to_owned();
            let kind = report["errorType"].as_str().unwrap_or("an error").to_owned();
            return Err(CommandError::Failed(format!("notify answered {kind}: {message}")));
        }
        let was_told = report["logins"].as_object().is_some_and(|logins| {
            logins
                .values()
                .all(|outcome| outcome != "no room" && outcome != "stale")
        });
        answers.say(&Report(report))?;
        Ok(if was_told { Done::Well } else { Done::No })
    }

    fn event(&self) -> Result<String, CommandError> {
        let body = self.body.as_deref().map(serde_json::from_str::<&RawValue>).transpose();
        let body = body.map_err(|error| {
            let rule = "--body: must be JSON, such as '{\"plays\":12}' or '\"text\"'";
            CommandError::Argument(format!("{rule}: {error}"))
        })?;
        let at = self
            .at
            .as_deref()
            .map(|at| at.parse::<i64>().map_or_else(|_| json!(at), |millis| json!(millis)));
        let event = Event {
            logins: &self.logins,
            topics: &self.topics,
            body,
            at,
            id: self.id.as_deref(),
        };
        Ok(serde_json::to_string(&event).expect("strings, numbers and JSON always serialise"))
    }
}

/// The event, with what was given alone: notify knows what the rest means.
#[derive(Serialize)]
struct Event<'a> {
    logins: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    topics: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

/// Invokes notify, and returns its answer and whether that is an error.
///
/// # Errors
/// If Lambda does not invoke it, or the answer is no JSON.
pub async fn invoke(place: &Place, event: &str) -> Result<(Value, bool), CommandError> {
    let answer = place.api.invoke(&place.notify, event).await;
    let answer = answer
        .map_err(|error| CommandError::Failed(format!("the function {} cannot be invoked: {error}", place.notify)))?;
    match answer.body {
        Value::String(text) => Err(CommandError::Failed(format!("notify's answer is no JSON: {text}"))),
        report => Ok((report, answer.function_error)),
    }
}
