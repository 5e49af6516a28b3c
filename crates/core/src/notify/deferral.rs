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
