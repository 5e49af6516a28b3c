//! `chatter replay`: what is in the dead-letter queue of a stack, and sends it again.

mod letter;
mod queues;

use super::{CommandError, Done, answer::Answers};
use crate::{
    aws_api::{ApiError, Service},
    place::Place,
};
use letter::{Letter, Remedy};
pub(super) use queues::Queues;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;

/// Show what is in the dead-letter queue, and with --send send it again and take out what was sent.
///
/// Messages of notify's queue and asynchronous invocations go to notify's queue. Records of a stream are read from it and handed to
/// the function that failed at them.
#[derive(Clone, Debug, clap::Args)]
pub struct Replay {
    /// Send each again.
    #[arg(long)]
    send: bool,
    /// The dead-letter queue's URL, in place of the stack's.
    #[arg(long, value_name = "URL", requires = "queue")]
    dead_letters: Option<String>,
    /// The URL of notify's queue, in place of the stack's.
    #[arg(long, value_name = "URL", requires = "dead_letters")]
    queue: Option<String>,
}

/// As long as a run may take. What it leaves is there for the next one at once.
const HIDDEN_SECONDS: u32 = 600;

/// What became of a dead letter.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    message_id: String,
    kind: &'static str,
    /// What was wrong with it, as far as the message says.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    sent: bool,
    outcome: String,
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message_id, self.kind)?;
        if let Some(cause) = &self.cause {
            write!(f, " ({cause})")?;
        }
        write!(f, ": {}", self.outcome)
    }
}

impl Replay {
    /// Runs the command.
    ///
    /// # Errors
    /// If the queues are not found or do not answer. A letter that cannot be sent is an answer, and left where it is.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        let queues = match (&self.dead_letters, &self.queue) {
            (Some(dead_letters), Some(queue)) => Queues {
                dead_letters: dead_letters.clone(),
                queue: queue.clone(),
            },
            _ => Queues::of(place).await?,
        };
        if queues.queue == queues.dead_letters {
            let rule =
                "--queue and --dead-letters must be two queues: what is sent again would be received again, for ever";
            return Err(CommandError::Argument(rule.to_owned()));
        }
        let mut left = Vec::new();
        let sent = self.all(place, &queues, answers, &mut left).await;
        // Also where something failed on the way: they would stay hidden from the next run.
        for receipt in &left {
            let parameters = json!({"QueueUrl": queues.dead_letters, "ReceiptHandle": receipt, "VisibilityTimeout": 0});
            ask(place, "ChangeMessageVisibility", &parameters).await?;
        }
        answers.progress(&format!("{} sent again, {} left", sent?, left.len()));
        Ok(if left.is_empty() { Done::Well } else { Done::No })
    }

    /// Goes through all of them, and returns how many were sent. `left` has the receipts of all others that were received.
    async fn all(
        &self,
        place: &Place,
        queues: &Queues,
        answers: Answers,
        left: &mut Vec<String>,
    ) -> Result<usize, CommandError> {
        let mut sent = 0;
        loop {
            let letters = receive(place, queues).await?;
            if letters.is_empty() {
                return Ok(sent);
            }
            left.extend(letters.iter().map(|letter| letter.receipt.clone()));
            for letter in letters {
                let replayed = self.one(place, queues, &letter).await?;
                answers.say(&replayed)?;
                if replayed.sent {
                    sent += 1;
                    left.retain(|receipt| *receipt != letter.receipt);
                }
            }
        }
    }

    async fn one(&self, place: &Place, queues: &Queues, letter: &Letter) -> Result<Replayed, CommandError> {
        let (kind, remedy) = letter.remedy();
        let mut replayed = Replayed {
            message_id: letter.id.clone(),
            kind,
            cause: letter.cause(),
            sent: false,
            outcome: "would be sent again".to_owned(),
        };
        if !self.send {
            return Ok(replayed);
        }
        let done = match remedy {
            Remedy::Enqueue(body) => {
                let parameters = json!({"QueueUrl": queues.queue, "MessageBody": body});
                let sent = place.api.ask(Service::Queues, "SendMessage", &parameters).await;
                sent.map(|_| "sent to the queue".to_owned())
                    .map_err(|error| error.to_string())
            }
            Remedy::Invoke(batch) => batch.hand_over(place).await,
        };
        match done {
            Ok(what) => {
                let parameters = json!({"QueueUrl": queues.dead_letters, "ReceiptHandle": letter.receipt});
                ask(place, "DeleteMessage", &parameters).await?;
                replayed.sent = true;
                replayed.outcome = what;
            }
            Err(why) => replayed.outcome = format!("left: {why}"),
        }
        Ok(replayed)
    }
}

/// The next messages, hidden from others meanwhile.
async fn receive(place: &Place, queues: &Queues) -> Result<Vec<Letter>, CommandError> {
    let parameters = json!({
        "QueueUrl": queues.dead_letters, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1,
        "VisibilityTimeout": HIDDEN_SECONDS, "MessageSystemAttributeNames": ["SentTimestamp"],
    });
    let answer = ask(place, "ReceiveMessage", &parameters).await?;
    let messages = answer["Messages"].as_array();
    Ok(messages.into_iter().flatten().filter_map(Letter::of).collect())
}

async fn ask(place: &Place, operation: &str, parameters: &Value) -> Result<Value, CommandError> {
    let asked = place.api.ask(Service::Queues, operation, parameters).await;
    asked.map_err(|error: ApiError| CommandError::Failed(format!("the queue does not answer: {error}")))
}
