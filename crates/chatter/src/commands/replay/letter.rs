//! A message of the dead-letter queue: what kind it is, what was wrong with it, and how it is sent again.

use crate::{
    aws_api::{ApiError, Service},
    place::Place,
};
use serde_json::{Value, json};

/// A dead letter.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) id: String,
    pub(super) receipt: String,
    body: String,
    /// The body, if it is JSON.
    json: Value,
    /// When it was sent, in milliseconds since 1970, as SQS says it.
    sent_at: String,
}

/// How a dead letter is sent again.
#[derive(Debug, PartialEq)]
pub(super) enum Remedy {
    /// This body goes to notify's queue.
    Enqueue(String),
    /// These records of a stream go to the function that failed at them.
    Invoke(Batch),
}

/// Where records are in a stream, and whose they were.
#[derive(Debug, PartialEq)]
pub(super) struct Batch {
    place: Value,
    function: String,
}

impl Letter {
    /// A message as SQS gives it.
    pub(super) fn of(message: &Value) -> Option<Letter> {
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let body = text(&message["Body"])?;
        Some(Letter {
            id: text(&message["MessageId"])?,
            receipt: text(&message["ReceiptHandle"])?,
            json: serde_json::from_str(&body).unwrap_or_default(),
            body,
            sent_at: text(&message["Attributes"]["SentTimestamp"])?,
        })
    }

    /// Its kind in words, and what to do with it.
    pub(super) fn remedy(&self) -> (&'static str, Remedy) {
        let body = &self.json;
        if body.get("DDBStreamBatchInfo").is_some() {
            let batch = Batch {
                place: body["DDBStreamBatchInfo"].clone(),
                function: body["requestContext"]["functionArn"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            };
            return ("records of a stream", Remedy::Invoke(batch));
        }
        if body.get("requestPayload").is_some() {
            // notify opens the envelope.
            return ("an asynchronous invocation", Remedy::Enqueue(self.body.clone()));
        }
        ("an event of the queue", Remedy::Enqueue(self.with_its_id_and_time()))
    }

    /// What Lambda says of why it gave up; of a message that SQS moved there is nothing but its text.
    pub(super) fn cause(&self) -> Option<String> {
        let body = &self.json;
        let words = [
            &body["responsePayload"]["errorMessage"],
            &body["requestContext"]["condition"],
        ];
        let found = words.into_iter().find_map(Value::as_str)?;
        Some(found.to_owned())
    }

    /// The message as a record of its own, so that an event without `id` and `at` keeps those that it had from its message.
    fn with_its_id_and_time(&self) -> String {
        if self.json.get("Records").is_some() {
            return self.body.clone();
        }
        let record = json!({
            "eventSource": "aws:sqs", "messageId": self.id, "body": self.body,
            "attributes": {"SentTimestamp": self.sent_at},
        });
        json!({"Records": [record]}).to_string()
    }
}

impl Batch {
    /// Reads the records where the message says they are, and hands them to the function that failed at them.
    pub(super) async fn hand_over(&self, place: &Place) -> Result<String, String> {
        let records = self
            .records(place)
            .await
            .map_err(|error| format!("{error}: a stream keeps its records for a day"))?;
        let count = records.len();
        if count == 0 {
            return Err("the stream has no such record any more".to_owned());
        }
        let event = json!({"Records": records}).to_string();
        let answer = place
            .api
            .invoke(&self.function, &event)
            .await
            .map_err(|error| error.to_string())?;
        let failures = answer.body["batchItemFailures"].as_array().map_or(0, Vec::len);
        if answer.function_error || failures > 0 {
            return Err("the function failed again; its log says why".to_owned());
        }
        let name = self.function.split(':').nth(6).unwrap_or(&self.function);
        Ok(format!("{count} handed to {name}"))
    }

    /// The records from the batch's first to its last. Between them may be others, which Lambda's filter had left out.
    async fn records(&self, place: &Place) -> Result<Vec<Value>, ApiError> {
        let at = json!({
            "StreamArn": self.place["streamArn"], "ShardId": self.place["shardId"],
            "ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": self.place["startSequenceNumber"],
        });
        let mut iterator = place.api.ask(Service::Streams, "GetShardIterator", &at).await?["ShardIterator"].take();
        let mut records = Vec::new();
        while iterator.is_string() {
            let mut answer = place
                .api
                .ask(Service::Streams, "GetRecords", &json!({"ShardIterator": iterator}))
                .await?;
            let found = match answer["Records"].take() {
                Value::Array(found) => found,
                _ => Vec::new(),
            };
            let is_over = found.is_empty() || found.iter().any(|record| !self.is_before_last(record));
            records.extend(
                found
                    .into_iter()
                    .filter(|record| self.is_before_last(record) || self.is_last(record)),
            );
            iterator = if is_over {
                Value::Null
            } else {
                answer["NextShardIterator"].take()
            };
        }
        Ok(records)
    }

    fn is_before_last(&self, record: &Value) -> bool {
        sequence_number(&record["dynamodb"]["SequenceNumber"]) < sequence_number(&self.place["endSequenceNumber"])
    }

    fn is_last(&self, record: &Value) -> bool {
        record["dynamodb"]["SequenceNumber"] == self.place["endSequenceNumber"]
    }
}

/// A sequence number in the order of the stream: of two, the one with more digits is the greater.
fn sequence_number(value: &Value) -> (usize, &str) {
    let digits = value.as_str().unwrap_or_default().trim_start_matches('0');
    (digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(body: &Value) -> Letter {
        Letter::of(&json!({
            "MessageId": "m1", "ReceiptHandle": "r1", "Body": body.to_string(), "Attributes": {"SentTimestamp": "5"},
        }))
        .unwrap()
    }

    #[test]
    fn an_event_of_the_queue_keeps_the_id_and_time_of_its_message() {
        let event = json!({"login": "friendless"});
        let (kind, remedy) = letter(&event).remedy();
        assert_eq!(kind, "an event of the queue");
        let Remedy::Enqueue(body) = remedy else {
            panic!("{remedy:?}")
        };
        let body: Value = serde_json::from_str(&body).unwrap();
        let record = &body["Records"][0];
        assert_eq!(record["messageId"], "m1");
        assert_eq!(record["attributes"]["SentTimestamp"], "5");
        assert_eq!(record["body"], event.to_string());
    }

    #[test]
    fn records_that_were_sent_again_before_are_not_wrapped_twice() {
        let records = json!({"Records": [{"eventSource": "aws:sqs"}]});
        assert_eq!(letter(&records).remedy().1, Remedy::Enqueue(records.to_string()));
    }

    #[test]
    fn an_asynchronous_invocation_goes_to_the_queue_in_its_envelope_with_lambdas_reason() {
        let invocation = json!({
            "requestPayload": {"login": "friendless"}, "requestContext": {"condition": "RetriesExhausted"},
            "responsePayload": {"errorMessage": "login: must be text"},
        });
        let letter = letter(&invocation);
        assert_eq!(
            letter.remedy(),
            ("an asynchronous invocation", Remedy::Enqueue(invocation.to_string()))
        );
        assert_eq!(letter.cause().as_deref(), Some("login: must be text"));
    }

    #[test]
    fn records_of_a_stream_go_to_the_function_that_failed_at_them() {
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:Chatterbox-revoke";
        let place = json!({"shardId": "s", "batchSize": 2});
        let batch = json!({"DDBStreamBatchInfo": place, "requestContext": {"functionArn": function, "condition": "RetryAttemptsExhausted"}});
        let letter = letter(&batch);
        let expected = Batch {
            place,
            function: function.to_owned(),
        };
        assert_eq!(letter.remedy(), ("records of a stream", Remedy::Invoke(expected)));
        assert_eq!(letter.cause().as_deref(), Some("RetryAttemptsExhausted"));
    }

    #[test]
    fn a_batch_goes_to_its_last_record_whatever_number_it_has() {
        let batch = Batch {
            place: json!({"startSequenceNumber": "99", "endSequenceNumber": "100"}),
            function: String::new(),
        };
        let belongs = |number: &str| {
            let record = json!({"dynamodb": {"SequenceNumber": number}});
            batch.is_before_last(&record) || batch.is_last(&record)
        };
        assert_eq!(
            ["99", "0099", "100", "101", "1000"].map(belongs),
            [true, true, true, false, false]
        );
    }

    #[test]
    fn what_is_no_json_is_an_event_of_the_queue_too() {
        let message = json!({
            "MessageId": "m1", "ReceiptHandle": "r1", "Body": "{half", "Attributes": {"SentTimestamp": "5"},
        });
        let letter = Letter::of(&message).unwrap();
        assert_eq!(letter.remedy().0, "an event of the queue");
        assert_eq!(letter.cause(), None);
    }
}
