//! The queue for what notify has no time for.

use crate::{Login, Notification};
use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};

/// The queue at `DEFER_QUEUE_URL`, which notify itself consumes.
#[derive(Clone, Debug)]
pub struct Deferral {
    client: Client,
    queue_url: String,
}

impl Deferral {
    /// How many invocations in a row may put an event off. After that its source has to know.
    pub(crate) const MAX_ATTEMPTS: u32 = 5;
    /// How many logins go into one message: at their longest they leave room for the largest body in SQS's 256 KB.
    const LOGINS_PER_MESSAGE: usize = 500;

    /// Leaves events in this queue.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Deferral {
        Deferral {
            client,
            queue_url: queue_url.into(),
        }
    }

    /// Leaves a notification for these logins to a later invocation; says whether that is so for all of them.
    pub(crate) async fn put_off(&self, notification: &Notification, logins: &[&Login]) -> bool {
        let messages = logins.chunks(Self::LOGINS_PER_MESSAGE).map(async |logins| {
            let send = self.client.send_message().queue_url(&self.queue_url);
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
