//! The queues of a stack, as its event source mappings name them.

use super::{CommandError, ask};
use crate::place::Place;
use serde_json::{Value, json};

/// The URLs of notify's queue and of the dead-letter queue.
#[derive(Debug)]
pub(in crate::commands) struct Queues {
    pub(in crate::commands) queue: String,
    pub(in crate::commands) dead_letters: String,
}

impl Queues {
    /// Those of a stack: what brings notify its events, and where that queue moves what failed.
    pub(in crate::commands) async fn of(place: &Place) -> Result<Queues, CommandError> {
        if place.stack.is_none() {
            let rule = "there is a dead-letter queue in AWS alone: name a stack with --stack, or give --queue and --dead-letters";
            return Err(CommandError::Argument(rule.to_owned()));
        }
        let sources = place.api.event_sources(&place.notify).await;
        let sources =
            sources.map_err(|error| CommandError::Failed(format!("the event sources of {}: {error}", place.notify)))?;
        let mut arns = sources.iter().filter_map(|source| source["EventSourceArn"].as_str());
        let arn = arns.find(|arn| arn.contains(":sqs:"));
        let arn = arn.ok_or_else(|| CommandError::Failed(format!("no queue brings {} its events", place.notify)))?;
        let queue = url(place, arn).await?;
        let parameters = json!({"QueueUrl": queue, "AttributeNames": ["RedrivePolicy"]});
        let attributes = ask(place, "GetQueueAttributes", &parameters).await?;
        let policy = attributes["Attributes"]["RedrivePolicy"].as_str().unwrap_or_default();
        let policy = serde_json::from_str::<Value>(policy).unwrap_or_default();
        let dead_letters = policy["deadLetterTargetArn"].as_str();
        let dead_letters =
            dead_letters.ok_or_else(|| CommandError::Failed(format!("the queue {queue} has no dead-letter queue")))?;
        let dead_letters = url(place, dead_letters).await?;
        Ok(Queues { queue, dead_letters })
    }
}

/// The URL of a queue, whose name is the last part of its ARN.
async fn url(place: &Place, arn: &str) -> Result<String, CommandError> {
    let name = arn.rsplit(':').next().unwrap_or(arn);
    let answer = ask(place, "GetQueueUrl", &json!({"QueueName": name})).await?;
    let url = answer["QueueUrl"].as_str().map(ToOwned::to_owned);
    url.ok_or_else(|| CommandError::Failed(format!("the queue {name} has no URL")))
}
