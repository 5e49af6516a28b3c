//! Posting to sockets, through the WebSocket API's `@connections`.

use crate::{
    ConnectionId, Payload, Timestamp, backoff::full_jitter, http::reconnector::Over,
    sockets::connections_api::ConnectionsApi,
};
use aws_sdk_apigatewaymanagement::{Client, error::SdkError};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

/// Sends messages to sockets, a bounded number at a time over everything that a function does.
#[derive(Clone, Debug)]
pub struct Poster {
    pub(crate) callback: ConnectionsApi,
    pub(crate) client: Client,
    slots: Arc<Semaphore>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// API Gateway has it. The browser very likely too, but only its next sync proves that.
    Sent,
    /// There is no such socket: not any more, or not yet.
    Gone {
        /// When the attempt that learnt it began.
        sent_at: Timestamp,
    },
    /// API Gateway would not take it, for all our patience. Later it may.
    GivenUp,
    /// API Gateway will not take it.
    Refused,
}

/// What one attempt says.
enum Attempt {
    Sent,
    Gone,
    /// Too many requests, a full buffer, a hiccup: it may work in a moment.
    Busy,
    Refused(u16),
}

impl Poster {
    /// Posts under way at once. API Gateway takes 10,000 requests a second from an account and answers each in about 10 ms,
    /// so this is more than half of what an account has.
    pub const AT_ONCE: usize = 64;
    /// Tries of one post.
    pub const TRIES: u32 = 5;
    /// The longest that one post is tried, counted from its first slot.
    pub const PATIENCE: Duration = Duration::from_secs(5);
    /// The longest that one try may take.
    pub const TRY_TIMEOUT: Duration = Duration::from_secs(2);
    /// The waits between tries, as [`full_jitter`] takes them: the first one's ceiling, and the highest.
    pub const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

    /// Posts there, and closes sockets with this client. [`crate::aws::Aws::poster`] has both.
    pub(crate) fn new(callback: ConnectionsApi, client: Client) -> Poster {
        Poster {
            callback,
            client,
            slots: Arc::new(Semaphore::new(Self::AT_ONCE)),
        }
    }

    /// Posts a message, at most five times in five seconds. A socket that makes it wait holds no slot while it waits, so
    /// it holds up no other. If a try broke or timed out, the last one goes over a new connection.
    pub async fn post(&self, to: &ConnectionId, message: &Payload) -> Delivery {
        let mut deadline = None;
        let mut has_broken = false;
        for attempt in 0..Self::TRIES {
            let Ok(slot) = self.slots.acquire().await else {
                return Delivery::GivenUp;
            };
            // The time in the queue for the first slot is the function's, not the socket's.
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + Self::PATIENCE);
            let sent_at = Timestamp::now();
            let end = Instant::now() + Self::TRY_TIMEOUT;
            let is_last = attempt + 1 == Self::TRIES || end >= deadline;
            let over = if is_last && has_broken { Over::Fresh } else { Over::Kept };
            let answer = timeout_at(end.min(deadline), self.callback.post(to, message, over)).await;
            drop(slot);
            let status = answer.ok().and_then(Result::ok);
            has_broken |= status.is_none();
            match classify(status) {
                Attempt::Sent => return Delivery::Sent,
                Attempt::Gone => return Delivery::Gone { sent_at },
                Attempt::Refused(status) => {
                    tracing::warn!(connection_id = %to, status, "a post was refused");
                    return Delivery::Refused;
                }
                Attempt::Busy => {}
            }
            let wait = full_jitter(attempt, Self::BACKOFF.0, Self::BACKOFF.1);
            if attempt + 1 == Self::TRIES || Instant::now() + wait >= deadline {
                break;
            }
            sleep(wait).await;
        }
        tracing::warn!(connection_id = %to, "a post was given up");
        Delivery::GivenUp
    }

    /// Closes a socket. One that is gone already, or that cannot be closed now, is left to its end: without its row it
    /// hears nothing.
    pub async fn close(&self, id: &ConnectionId) {
        let close = self.client.delete_connection().connection_id(id.as_str());
        if let Err(error) = close.send().await
            && status(&error) != Some(410)
        {
            tracing::warn!(connection_id = %id, status = status(&error), "a socket was not closed");
        }
    }

    /// Closes a socket that does not exist: it makes the connection to API Gateway.
    pub async fn warm_up(&self) {
        let _ = self
            .client
            .delete_connection()
            .connection_id("AAAAAAAAAAAAAAA=")
            .send()
            .await;
    }
}

/// By the status alone: gateways and proxies leave out the header by which the SDK knows a 410 and a 429. No status is
/// no answer.
fn classify(status: Option<u16>) -> Attempt {
    match status {
        Some(200..300) => Attempt::Sent,
        Some(410) => Attempt::Gone,
        Some(429 | 500..) | None => Attempt::Busy,
        Some(status) => Attempt::Refused(status),
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

#[cfg(test)]
mod tests;
