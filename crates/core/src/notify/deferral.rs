//! Deferral: logins that notify cannot serve now go into a queue, for a later invocation.

use crate::{Login, Notification, backoff::Backoff};
use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};
use std::time::Duration;

/// The queue at `DEFER_QUEUE_URL`, which notify itself consumes.
#[derive(Clone, Debug)]
pub struct Deferral {
    client: Client,
    queue_url: String,
}

/// The reason why logins are deferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeferReason {
    /// The invocation's time is up. Another can go on at once.
    OutOfTime,
    /// DynamoDB or API Gateway was busy. Another should wait first, for a random time, so that not all come back together.
    Busy,
}

impl Deferral {
    /// The most attempts at an event, counted from 1. The last one defers nothing: an update that it does not record fails, for
    /// its source to see.
    pub const MAX_ATTEMPTS: u32 = 5;
    /// The most logins in one message: at their longest they leave room for the largest body in SQS's 256 KB.
    pub const LOGINS_PER_MESSAGE: usize = 500;

    /// The delays before logins are tried again for which something was busy. The highest is the longest that SQS delays a
    /// message.
    pub const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(10),
        highest: Duration::from_secs(900),
    };

    /// Deferral into this queue.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Deferral {
        Deferral {
            client,
            queue_url: queue_url.into(),
        }
    }

    /// Sends the event for these logins to the queue. Returns whether that succeeded for all of them.
    pub(crate) async fn defer(&self, notification: &Notification, logins: &[&Login], reason: DeferReason) -> bool {
        let messages = logins.chunks(Self::LOGINS_PER_MESSAGE).map(async |logins| {
            let delay = match reason {
                DeferReason::OutOfTime => Duration::ZERO,
                DeferReason::Busy => Self::BACKOFF.wait(notification.attempt - 1),
            };
            let send = self.client.send_message().queue_url(&self.queue_url);
            let send = send.delay_seconds(i32::try_from(delay.as_secs()).unwrap_or_default());
            let sent = send.message_body(notification.again_for(logins)).send().await;
            if let Err(error) = &sent {
                tracing::error!(
                    code = error.code(),
                    "SQS did not take a deferred event; its record fails and is delivered again"
                );
            }
            sent.is_ok()
        });
        futures_util::future::join_all(messages)
            .await
            .into_iter()
            .all(|sent| sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lock::lock,
        test_support::{Log, notification, sqs},
    };
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};

    type Messages = Arc<Mutex<Vec<Value>>>;

    /// A queue that refuses messages whose body has this in it, and the messages that it was sent.
    fn queue(refused: &'static str) -> (Deferral, Messages) {
        let messages = Messages::default();
        let sent = Arc::clone(&messages);
        let client = sqs(move |_: &str, body: &str| {
            lock(&sent).push(serde_json::from_str(body).unwrap());
            if !refused.is_empty() && body.contains(refused) {
                return (403, r#"{"__type":"AccessDeniedException"}"#.to_owned());
            }
            (200, r#"{"MessageId":"m"}"#.to_owned())
        });
        (Deferral::new(client, "http://127.0.0.1/queue"), messages)
    }

    fn event(attempt: u32, logins: usize) -> Notification {
        let logins: Vec<String> = (0..logins).map(|n| format!("login {n}")).collect();
        notification(&json!({"logins": logins, "attempt": attempt}))
    }

    #[tokio::test]
    async fn five_hundred_logins_go_into_a_message_and_the_rest_into_another() {
        let (deferral, messages) = queue("");
        let event = event(2, 501);
        let logins: Vec<&Login> = event.logins.iter().collect();
        assert!(deferral.defer(&event, &logins, DeferReason::OutOfTime).await);
        let sizes = std::mem::take(&mut *lock(&messages)).into_iter().map(|message| {
            assert_eq!(
                (&message["QueueUrl"], &message["DelaySeconds"]),
                (&json!("http://127.0.0.1/queue"), &json!(0))
            );
            let event: Value = serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap();
            assert_eq!(event["attempt"], 3);
            event["logins"].as_array().unwrap().len()
        });
        assert_eq!(sizes.collect::<Vec<_>>(), [500, 1]);
    }

    #[tokio::test]
    async fn what_was_busy_waits_for_a_random_time_that_may_be_twice_as_long_with_each_attempt() {
        for (attempt, highest) in [(1, 10), (2, 20), (4, 80)] {
            let (deferral, messages) = queue("");
            let event = event(attempt, 1);
            for _ in 0..64 {
                assert!(deferral.defer(&event, &[&event.logins[0]], DeferReason::Busy).await);
            }
            let delays: Vec<u64> = lock(&messages)
                .iter()
                .map(|message| message["DelaySeconds"].as_u64().unwrap())
                .collect();
            assert!(delays.iter().all(|delay| *delay < highest), "{attempt}: {delays:?}");
            assert!(
                delays.iter().any(|delay| *delay >= highest / 2),
                "{attempt}: {delays:?}"
            );
        }
    }

    #[tokio::test]
    async fn one_message_that_the_queue_does_not_take_is_enough_to_fail() {
        let log = Log::start();
        for (refused, is_deferred) in [("login 0", false), ("login 500", false), ("", true)] {
            let (deferral, messages) = queue(refused);
            let event = event(1, 501);
            let logins: Vec<&Login> = event.logins.iter().collect();
            assert_eq!(
                deferral.defer(&event, &logins, DeferReason::OutOfTime).await,
                is_deferred,
                "{refused}"
            );
            assert_eq!(lock(&messages).len(), 2, "the other message is sent all the same");
            let codes: Vec<Value> = log.lines().iter().map(|line| line["code"].clone()).collect();
            let expected = if is_deferred {
                vec![]
            } else {
                vec![json!("AccessDeniedException")]
            };
            assert_eq!(codes, expected, "{refused}");
        }
    }
}
