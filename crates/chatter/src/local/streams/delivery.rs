//! Delivery of a stream's records to a function, batch by batch, with the retries that Lambda makes.

use chatterbox_gateway::Gateway;
use dynoxide::{actions::get_records::Record, streams::stream_arn};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// Where records are delivered to.
pub(super) struct Delivery<'a> {
    pub(super) gateway: &'a Gateway,
    /// The table whose stream has the records.
    pub(super) table: &'a str,
    pub(super) function: &'a str,
    pub(super) batch_size: usize,
}

/// Whether all records are done with: delivered, or given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// The functions have been stopped: somebody else has to deliver them.
    Stopped,
}

/// What a function says of a batch.
enum Answer {
    Done,
    /// The record with this index failed, and those after it do not count as delivered.
    FailedFrom(usize),
    /// All of it failed.
    Failed,
    Stopped,
}

/// A function's answer for a batch of records (`ReportBatchItemFailures`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Partial {
    #[serde(default)]
    batch_item_failures: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// How often a batch is tried again before its first record is given up.
const RETRIES: u32 = 5;
/// The wait before the first retry; each further one doubles it.
const WAIT: Duration = Duration::from_millis(250);

impl Delivery<'_> {
    /// Delivers the records in their order. A batch whose function ends with an error is split; a record that fails time and
    /// again is logged and left out, as it would end in the queue of failures in AWS.
    pub(super) async fn deliver(&self, records: &[Record]) -> Outcome {
        let (mut rest, mut size, mut retries) = (records, self.batch_size, 0);
        while !rest.is_empty() {
            let batch = &rest[..rest.len().min(size)];
            let failed_at = match self.invoke(batch).await {
                Answer::Done => {
                    (rest, size, retries) = (&rest[batch.len()..], self.batch_size, 0);
                    continue;
                }
                Answer::Stopped => return Outcome::Stopped,
                Answer::FailedFrom(index) => index,
                Answer::Failed if batch.len() > 1 => {
                    size = batch.len() / 2;
                    continue;
                }
                Answer::Failed => 0,
            };
            if failed_at > 0 {
                (rest, retries) = (&rest[failed_at..], 0);
            }
            if retries == RETRIES {
                self.give_up(&rest[0]);
                (rest, size, retries) = (&rest[1..], self.batch_size, 0);
            } else {
                sleep(WAIT * 2_u32.pow(retries)).await;
                retries += 1;
            }
        }
        Outcome::Done
    }

    async fn invoke(&self, batch: &[Record]) -> Answer {
        let records: Vec<Value> = batch.iter().map(|record| self.event(record)).collect();
        let payload = json!({ "Records": records }).to_string();
        match self.gateway.invoke(self.function, payload.into()).await {
            Some(Ok(answer)) => read(&answer, batch),
            Some(Err(_)) if self.gateway.is_stopped() => Answer::Stopped,
            Some(Err(_)) | None => Answer::Failed,
        }
    }

    /// The record as Lambda hands it over: as the stream has it, and with the stream's ARN.
    fn event(&self, record: &Record) -> Value {
        let mut event = json!(record);
        event["eventSourceARN"] = stream_arn(self.table, "latest").into();
        event
    }

    fn give_up(&self, record: &Record) {
        let (table, function) = (self.table, self.function);
        let sequence_number = &record.dynamodb.sequence_number;
        tracing::error!(
            table,
            function,
            sequence_number,
            "a record of the table's stream failed until nobody tried again: it is left out"
        );
    }
}

fn read(answer: &[u8], batch: &[Record]) -> Answer {
    let Ok(answer) = serde_json::from_slice::<Option<Partial>>(answer) else {
        return Answer::Failed;
    };
    let failures = answer.map(|answer| answer.batch_item_failures).unwrap_or_default();
    let indexes = failures.iter().map(|failure| {
        let number = |record: &Record| record.dynamodb.sequence_number == failure.item_identifier;
        batch.iter().position(number)
    });
    match indexes.min() {
        None => Answer::Done,
        // A number that is not in the batch fails all of it.
        Some(None) => Answer::Failed,
        Some(Some(index)) => Answer::FailedFrom(index),
    }
}
