//! The queue for what notify cannot do now.

use crate::{Login, Notification, backoff::full_jitter};
use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};
use std::time::Duration;

/// The queue at `DEFER_QUEUE_URL`, which notify itself consumes.
#[derive(Clone, Debug)]
pub struct Deferral {
    client: Client,
    queue_url: String,
}

/// Why something is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The invocation's time is over: another can go on at once.
    NoTime,
    /// A table or API Gateway had too much to do: a rest helps, and a random one that not all come back together.
    TooMuch,
}

impl Deferral {
    /// The most invocations in a row that may defer an event. After that it fails, for its source to see.
    pub const MAX_ATTEMPTS: u32 = 5;
    /// The most logins in one message: at their longest they leave room for the largest body in SQS's 256 KB.
    pub const LOGINS_PER_MESSAGE: usize = 500;

    /// Leaves events in this queue.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Deferral {
        Deferral {
            client,
            queue_url: queue_url.into(),
        }
    }

    /// The delay before a throttled login is tried again, as [`full_jitter`] takes it: the first one's ceiling, and the
    /// highest, which is the longest that SQS delays a message.
    pub const DELAY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(900));

    /// Leaves a notification for these logins to a later invocation; says whether that is so for all of them.
    pub(crate) async fn put_off(&self, notification: &Notification, logins: &[&Login], why: Why) -> bool {
        let messages = logins.chunks(Self::LOGINS_PER_MESSAGE).map(async |logins| {
            let rest = match why {
                Why::NoTime => Duration::ZERO,
                Why::TooMuch => full_jitter(notification.attempt - 1, Self::DELAY.0, Self::DELAY.1),
            };
            let send = self.client.send_message().queue_url(&self.queue_url);
            let send = send.delay_seconds(i32::try_from(rest.as_secs()).unwrap_or_default());
            let sent = send.message_body(notification.again_for(logins)).send().await;
            if let Err(error) = &sent {
                tracing::error!(code = error.code(), "an event could not be put off");
            }
            sent.is_ok()
        });
        futures_util::future::join_all(messages)
            .await
            .into_iter()
            .all(|sent| sent)
    }
}
