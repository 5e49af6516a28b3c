//! What watches a deployed stack: its alarms, and the queues of what waits and of what failed.

use super::Check;
use crate::{
    aws_api::{ApiError, Service},
    commands::replay::Queues,
    place::Place,
};
use serde_json::{Value, json};

/// Looks at the alarms of a stack and at its queues.
pub(super) async fn look(place: &Place, stack: &str) -> Vec<Check> {
    let mut checks = vec![alarms(place, stack).await];
    checks.extend(queues(place).await);
    checks
}

/// Those that are in ALARM, with what each says of itself.
async fn alarms(place: &Place, stack: &str) -> Check {
    const WHAT: &str = "alarms";
    let parameters = json!({"AlarmNamePrefix": format!("{stack}-"), "StateValue": "ALARM"});
    let answer = match place.api.ask(Service::Alarms, "DescribeAlarms", &parameters).await {
        Ok(answer) => answer,
        Err(error) => return Check::error(WHAT, &error.to_string()),
    };
    let in_alarm: Vec<&Value> = ["MetricAlarms", "CompositeAlarms"]
        .iter()
        .filter_map(|kind| answer[*kind].as_array())
        .flatten()
        .collect();
    let names: Vec<&str> = in_alarm
        .iter()
        .filter_map(|alarm| alarm["AlarmName"].as_str())
        .collect();
    if names.is_empty() {
        return Check::right(WHAT, format!("none of {stack}'s is in ALARM"));
    }
    let descriptions: Vec<&str> = in_alarm
        .iter()
        .filter_map(|alarm| alarm["AlarmDescription"].as_str())
        .collect();
    Check::wrong(WHAT, format!("in ALARM: {}", names.join(", ")), descriptions.join(" "))
}

/// Whether what notify reads is hidden for as long as it may take, and whether anything has failed for good.
async fn queues(place: &Place) -> Vec<Check> {
    const WHAT: &str = "queues";
    let queues = match Queues::of(place).await {
        Ok(queues) => queues,
        Err(error) => return vec![Check::error(WHAT, &error.to_string())],
    };
    let asked = tokio::join!(
        attributes(place, &queues.queue),
        attributes(place, &queues.dead_letters),
        place.api.function(&place.notify),
    );
    let (own, dead, notify) = match asked {
        (Ok(own), Ok(dead), Ok(notify)) => (own, dead, notify),
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
            return vec![Check::error(WHAT, &error.to_string())];
        }
    };
    let time_out = notify["Timeout"].as_u64().unwrap_or(0);
    vec![
        hidden_long_enough(number(&own, "VisibilityTimeout"), time_out),
        dead_letters(number(&dead, "ApproximateNumberOfMessages")),
    ]
}

async fn attributes(place: &Place, url: &str) -> Result<Value, ApiError> {
    let parameters = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    let mut answer = place
        .api
        .ask(Service::Queues, "GetQueueAttributes", &parameters)
        .await?;
    Ok(answer["Attributes"].take())
}

/// SQS writes numbers as text.
fn number(attributes: &Value, name: &str) -> u64 {
    attributes[name]
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// Six times the function's time-out, as
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html> asks for.
fn hidden_long_enough(hidden: u64, time_out: u64) -> Check {
    const WHAT: &str = "queue";
    if hidden >= 6 * time_out {
        return Check::right(WHAT, format!("a message that notify works at is hidden for {hidden} s"));
    }
    Check::wrong(
        WHAT,
        format!("a message is hidden for {hidden} s, and notify may take {time_out} s"),
        format!(
            "Deploy again: with less than {} s a message is handed out twice while notify is throttled.",
            6 * time_out
        ),
    )
}

fn dead_letters(count: u64) -> Check {
    const WHAT: &str = "dead letters";
    match count {
        0 => Check::right(WHAT, "none"),
        _ => Check::wrong(
            WHAT,
            format!("{count} events failed until nobody tried again"),
            "chatter replay shows them and why; when the cause is gone, chatter replay --send sends them again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::check::Mark, *};

    #[test]
    fn a_message_has_to_be_hidden_for_six_runs() {
        assert_eq!(hidden_long_enough(180, 30).mark, Mark::Right);
        assert_eq!(hidden_long_enough(179, 30).mark, Mark::Wrong);
    }

    #[test]
    fn dead_letters_are_wrong_and_their_remedy_is_a_command() {
        assert_eq!(dead_letters(0).mark, Mark::Right);
        assert!(dead_letters(3).to_string().contains("chatter replay"));
    }
}
