//! What notify's log lines say of a traced update. docs/operating.md lists them.

use super::Step;
use chatterbox_core::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// A line of notify that belongs to one update.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// When it was written, by the function's clock.
    pub(super) at: Timestamp,
    /// How long before that notify began, in milliseconds, if it is the last line of an invocation.
    pub(super) began_before: Option<f64>,
    /// In words.
    pub(super) what: String,
    /// Whether it is about a post.
    pub(super) is_post: bool,
}

impl Line {
    /// Reads a line, if it belongs to the update with this id. `at` is the time of a line that does not tell its own.
    pub(super) fn read(text: &str, id: &str, at: Option<Timestamp>) -> Option<Line> {
        let line: Value = serde_json::from_str(text).ok()?;
        let is_own = line["id"] == id
            || line["ids"]
                .as_str()
                .is_some_and(|ids| ids.split(',').any(|one| one == id));
        let message = line["message"].as_str().filter(|_| is_own)?;
        Some(Line {
            at: line["timestamp"].as_str().and_then(Timestamp::parse).or(at)?,
            began_before: line["milliseconds"].as_f64().filter(|_| message == "notified"),
            what: words(message, &line)?,
            is_post: line["connection_id"].is_string(),
        })
    }
}

fn words(message: &str, line: &Value) -> Option<String> {
    let took = || format!("{:.1} ms", line["milliseconds"].as_f64().unwrap_or_default());
    Some(match message {
        "trace: the event was read" => match line["attempt"].as_u64()? {
            1 => "notify has read the event".to_owned(),
            attempt => format!("notify has read the event, at its attempt {attempt}"),
        },
        "trace: the log of updates answered" => match line["outcome"].as_str()? {
            "new" => format!("the table of updates has it, as version {}", line["version"]),
            "repeat" => format!("the table of updates had it before, as version {}", line["version"]),
            word => format!("the table of updates does not take it: {word}"),
        },
        "trace: the login's connections were read" => match line["connections"].as_u64()? {
            1 => "the table of connections has one socket of the login".to_owned(),
            count => format!("the table of connections has {count} sockets of the login"),
        },
        "trace: a post was answered" => {
            let (socket, outcome) = (line["connection_id"].as_str()?, line["outcome"].as_str()?);
            let status = line["status"].as_u64().map(|status| format!(" ({status})"));
            format!(
                "a post to the socket {socket} was {outcome}{} after {}",
                status.unwrap_or_default(),
                took()
            )
        }
        "notified" => {
            let error = line["error"].as_str().map(|error| format!(", and failed: {error}"));
            format!("notify is done after {}{}", took(), error.unwrap_or_default())
        }
        // A warning with the update's id: a topic without room, a clock that is ahead.
        other => other.to_owned(),
    })
}

/// The lines as steps, by this machine's clock; and by how many milliseconds the function's clock is ahead of it, if it is so far
/// off that an update would be done before it began, or after it was answered.
pub(super) fn steps(lines: &[Line], began: Timestamp, answered: Duration) -> (Vec<Step>, Option<f64>) {
    let offset = |line: &Line| milliseconds(line.at) - milliseconds(began);
    let answered = answered.as_secs_f64() * 1000.0;
    let first = lines
        .iter()
        .map(|line| offset(line) - line.began_before.unwrap_or_default())
        .fold(f64::INFINITY, f64::min);
    let last = lines.iter().map(offset).fold(f64::NEG_INFINITY, f64::max);
    // The lines' times are whole milliseconds.
    let ahead = (first < -1.0 || last > answered + 1.0).then(|| first - (answered - (last - first)).max(0.0) / 2.0);
    let step = |line: &Line| Step {
        milliseconds: offset(line) - ahead.unwrap_or_default(),
        what: line.what.clone(),
    };
    (lines.iter().map(step).collect(), ahead)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^52")]
fn milliseconds(time: Timestamp) -> f64 {
    time.millis() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the real functions printed on the emulator of AWS, for two updates of which one is traced.
    const RECORDED: &str = include_str!("recorded.jsonl");
    const ID: &str = "trace-dbe7bdf446e2";

    fn recorded() -> Vec<Line> {
        RECORDED.lines().filter_map(|line| Line::read(line, ID, None)).collect()
    }

    #[test]
    fn the_lines_of_one_update_are_told_in_words_and_no_others() {
        let told: Vec<String> = recorded().into_iter().map(|line| line.what).collect();
        assert_eq!(
            told,
            [
                "notify has read the event",
                "the table of updates has it, as version 2",
                "the table of connections has one socket of the login",
                "a post to the socket 1f0b0a5eafc44180 was sent after 0.7 ms",
                "notify is done after 9.7 ms",
            ]
        );
        assert!(RECORDED.lines().count() > told.len());
    }

    #[test]
    fn what_did_not_go_well_is_told_too() {
        let told = |fields: serde_json::Value| {
            let mut line = serde_json::json!({"timestamp": "2026-01-31T09:00:00Z", "id": "job"});
            line.as_object_mut()
                .unwrap()
                .extend(fields.as_object().unwrap().clone());
            Line::read(&line.to_string(), "job", None).map(|line| line.what)
        };
        for (fields, words) in [
            (
                serde_json::json!({"message": "trace: the event was read", "attempt": 3}),
                "notify has read the event, at its attempt 3",
            ),
            (
                serde_json::json!({"message": "trace: the log of updates answered", "outcome": "stale"}),
                "the table of updates does not take it: stale",
            ),
            (
                serde_json::json!({"message": "trace: a post was answered", "connection_id": "A=", "outcome": "gone", "status": 410,
                    "milliseconds": 3}),
                "a post to the socket A= was gone (410) after 3.0 ms",
            ),
            (
                serde_json::json!({"message": "notified", "ids": "other,job", "id": null, "milliseconds": 7, "error": "1 of 1 logins failed"}),
                "notify is done after 7.0 ms, and failed: 1 of 1 logins failed",
            ),
        ] {
            assert_eq!(told(fields.clone()).as_deref(), Some(words), "{fields}");
        }
        assert_eq!(
            told(serde_json::json!({"id": "another", "message": "trace: the event was read", "attempt": 1})),
            None
        );
    }

    fn line(at: &str, began_before: Option<f64>) -> Line {
        Line {
            at: Timestamp::parse(at).unwrap(),
            began_before,
            what: "a line".to_owned(),
            is_post: false,
        }
    }

    #[test]
    fn steps_are_told_by_this_machines_clock() {
        let began = Timestamp::parse("2026-01-31T09:00:00Z").unwrap();
        let lines = [
            line("2026-01-31T09:00:00.030Z", None),
            line("2026-01-31T09:00:00.050Z", Some(25.0)),
        ];
        let (told, ahead) = steps(&lines, began, Duration::from_millis(80));
        assert_eq!((told[0].milliseconds, told[1].milliseconds, ahead), (30.0, 50.0, None));
    }

    #[test]
    fn a_clock_that_is_off_is_told_and_its_times_are_put_between_question_and_answer() {
        let began = Timestamp::parse("2026-01-31T09:00:00Z").unwrap();
        for (lines, ahead) in [
            (
                [
                    line("2026-01-31T09:00:10.030Z", None),
                    line("2026-01-31T09:00:10.050Z", Some(30.0)),
                ],
                9_995.0,
            ),
            (
                [
                    line("2026-01-31T08:59:50.030Z", None),
                    line("2026-01-31T08:59:50.050Z", Some(30.0)),
                ],
                -10_005.0,
            ),
        ] {
            let (told, found) = steps(&lines, began, Duration::from_millis(80));
            assert_eq!(
                (told[0].milliseconds, told[1].milliseconds, found),
                (35.0, 55.0, Some(ahead))
            );
        }
    }
}
