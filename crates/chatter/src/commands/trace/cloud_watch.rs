//! notify's log lines of one update, from CloudWatch Logs.

use super::line::Line;
use crate::{
    aws_api::{ApiError, Service},
    commands::answer::Answers,
    place::Place,
};
use chatterbox_core::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long CloudWatch Logs may take until lines are found. Most often it takes some seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two searches. An account may search five to ten times a second in a region.
const PAUSE: Duration = Duration::from_secs(1);
/// By how much the functions' clock may be behind this machine's.
const SKEW: Duration = Duration::from_secs(3600);
/// The most answers that are read in one search: each is up to a megabyte, or empty.
const MOST_ANSWERS: usize = 100;

/// The lines of the update with this id, once the last line of its invocation is among them; or a sentence that says why not.
pub(super) async fn lines(place: &Place, id: &str, since: Timestamp, answers: Answers) -> Result<Vec<Line>, String> {
    let group = log_group(place).await.map_err(|error| missing(&error))?;
    answers.progress(&format!("waiting for the lines of {group}, which takes some seconds"));
    let began = Instant::now();
    loop {
        let lines = search(place, &group, id, since)
            .await
            .map_err(|error| missing(&error))?;
        if lines.iter().any(|line| line.began_before.is_some()) {
            return Ok(lines);
        }
        if began.elapsed() > PATIENCE {
            let waited = PATIENCE.as_secs();
            return Err(format!(
                "the log group {group} has no line \"notified\" with this id after {waited} s: is the function's log level INFO, and its program as new as this command?"
            ));
        }
        sleep(PAUSE).await;
    }
}

fn missing(error: &ApiError) -> String {
    format!(
        "notify's own steps are missing, since its log could not be read ({error}): it takes lambda:GetFunctionConfiguration and logs:FilterLogEvents"
    )
}

/// Where the function writes to: its own setting says it, or it is the group of its name.
async fn log_group(place: &Place) -> Result<String, ApiError> {
    let configuration = place.api.function(&place.notify).await?;
    let set = configuration["LoggingConfig"]["LogGroup"].as_str();
    Ok(set.map_or_else(|| format!("/aws/lambda/{}", place.notify), ToOwned::to_owned))
}

async fn search(place: &Place, group: &str, id: &str, since: Timestamp) -> Result<Vec<Line>, ApiError> {
    let start = since.millis() - i64::try_from(SKEW.as_millis()).unwrap_or_default();
    let mut parameters = json!({"logGroupName": group, "startTime": start, "filterPattern": format!("\"{id}\"")});
    let mut lines = Vec::new();
    for _ in 0..MOST_ANSWERS {
        let mut answer = place.api.ask(Service::Logs, "FilterLogEvents", &parameters).await?;
        lines.extend(
            answer["events"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|event| read(event, id)),
        );
        match answer["nextToken"].take() {
            Value::String(token) => parameters["nextToken"] = json!(token),
            _ => break,
        }
    }
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

fn read(event: &Value, id: &str) -> Option<Line> {
    let at = event["timestamp"].as_i64().and_then(Timestamp::from_millis);
    Line::read(event["message"].as_str()?.trim(), id, at)
}
