//! What the gateway and notify of a running `chatter local` do meanwhile, from the feed that its page shows.

use super::{Step, line::Line};
use crate::place::Place;
use chatterbox_core::Timestamp;
use serde_json::Value;
use std::time::{Duration, SystemTime};
use tokio::time::timeout;

/// The feed, from now on.
pub(super) struct Activity {
    response: reqwest::Response,
}

/// How long the feed has to be silent before all that belongs to the update is taken to have come.
const QUIET: Duration = Duration::from_millis(300);
/// The most bytes of the feed that are read.
const MOST: usize = 256 * 1024;

impl Activity {
    /// Follows the feed; `None` where there is none, as in AWS.
    pub(super) async fn follow(place: &Place) -> Option<Activity> {
        let url = place.activity_url.as_deref()?;
        let response = reqwest::get(url).await.ok()?;
        response.status().is_success().then_some(Activity { response })
    }

    /// The steps of the update with this id since a time, until the feed is quiet.
    pub(super) async fn until_quiet(mut self, id: &str, since: SystemTime) -> Vec<Step> {
        let mut text = String::new();
        while text.len() < MOST
            && let Ok(Ok(Some(chunk))) = timeout(QUIET, self.response.chunk()).await
        {
            text += &String::from_utf8_lossy(&chunk);
        }
        steps(
            &text,
            id,
            since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
        )
    }
}

/// Reads server-sent events: each entry is the JSON after `data:`.
fn steps(text: &str, id: &str, since: Duration) -> Vec<Step> {
    let entries = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?).ok());
    entries.filter_map(|entry| step(&entry, id, since)).collect()
}

fn step(entry: &Value, id: &str, since: Duration) -> Option<Step> {
    if entry["kind"] == "line" {
        return line(entry, id, since);
    }
    let socket = entry["connectionId"].as_str().unwrap_or("?");
    let took = &entry["milliseconds"];
    let what = match entry["kind"].as_str()? {
        "post" => format!(
            "a post to the socket {socket} was answered {} after {took} ms",
            entry["status"]
        ),
        "invocation" if entry["function"] == "notify" => {
            let cold = if entry["coldStart"] == true {
                ", and was started for it"
            } else {
                ""
            };
            format!("the function {} ran for {took} ms{cold}", entry["function"].as_str()?)
        }
        "process-start" if entry["function"] == "notify" => {
            format!("a process of the function {} is started", entry["function"].as_str()?)
        }
        _ => return None,
    };
    // The feed counts whole milliseconds: what ended within the first one counts as its end.
    let at = Duration::from_millis(entry["time"].as_u64()? + 1).checked_sub(since)?;
    Some(Step::at(at, what))
}

/// A line of notify. Of posts, and of the end, the gateway's own entries tell.
fn line(entry: &Value, id: &str, since: Duration) -> Option<Step> {
    let read_at = entry["time"].as_i64().and_then(Timestamp::from_millis);
    let line = Line::read(entry["text"].as_str()?, id, read_at)?;
    let at = Duration::from_millis(u64::try_from(line.at.millis()).ok()?);
    (!line.is_post && line.began_before.is_none()).then(|| Step::at(at.saturating_sub(since), line.what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_since_the_invocation_become_steps() {
        let feed = concat!(
            "retry: 1000\n\nid: 1\ndata: {\"time\":900,\"kind\":\"post\",\"status\":200,\"milliseconds\":1,\"bytes\":2}\n\n",
            "id: 2\ndata: {\"time\":1004,\"kind\":\"post\",\"connectionId\":\"A=\",\"status\":410,\"milliseconds\":2,\"bytes\":9}\n\n",
            "data: {\"time\":1005,\"kind\":\"line\",\"function\":\"notify\",\"text\":\"{\\\"message\\\":\\\"trace: the event was read\\\",\\\"id\\\":\\\"t\\\",\\\"attempt\\\":1}\"}\n\n",
            "data: {\"time\":1005,\"kind\":\"line\",\"function\":\"notify\",\"text\":\"{\\\"message\\\":\\\"trace: the event was read\\\",\\\"id\\\":\\\"u\\\",\\\"attempt\\\":1}\"}\n\n",
            "data: {\"time\":1007,\"kind\":\"invocation\",\"function\":\"notify\",\"milliseconds\":6,\"bytes\":9,\"coldStart\":true}\n\n",
            "data: {\"time\":1008,\"kind\":\"close\",\"connectionId\":\"A=\",\"status\":1000}\n\ndata: {half",
        );
        let steps = steps(feed, "t", Duration::from_millis(1_000));
        let told: Vec<(f64, &str)> = steps
            .iter()
            .map(|step| (step.milliseconds, step.what.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (5.0, "a post to the socket A= was answered 410 after 2 ms"),
                (5.0, "notify has read the event"),
                (8.0, "the function notify ran for 6 ms, and was started for it"),
            ]
        );
    }
}
