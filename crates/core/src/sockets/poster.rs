//! Posts to sockets, through the WebSocket API's `@connections`.

use crate::{
    ConnectionId, Payload, Timestamp, backoff::Backoff, http::reconnector::Over,
    sockets::connections_api::ConnectionsApi,
};
use aws_sdk_apigatewaymanagement::{Client, error::SdkError};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

/// Sends messages to sockets and closes them, at most [`Poster::AT_ONCE`] at a time over all that the function does.
#[derive(Clone, Debug)]
pub struct Poster {
    pub(crate) connections_api: ConnectionsApi,
    pub(crate) client: Client,
    slots: Arc<Semaphore>,
}

/// The result of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// API Gateway accepted it. Whether the browser received it, only the page's next sync shows.
    Sent,
    /// 410: there is no such socket, either no longer or not yet.
    Gone {
        /// The time just before the request was sent.
        sent_at: Timestamp,
    },
    /// 429, 5xx or no answer, still after [`Poster::TRIES`] tries in [`Poster::PATIENCE`]. A later invocation may succeed.
    Busy,
    /// Another status. A retry would be answered the same.
    Refused {
        /// The status.
        status: u16,
    },
}

/// Whether API Gateway has a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is open.
    Open,
    /// 410: it has ended, or it is not open yet.
    Gone,
    /// Neither was answered: this status, or none, came instead.
    Unknown(Option<u16>),
}

impl Poster {
    /// Posts and closes under way at once, each in a slot. API Gateway answers a post in about 10 ms, so this is some 6,400 a second, of
    /// the 10,000 requests a second that an account has.
    pub const AT_ONCE: usize = 64;
    /// Tries of one post.
    pub const TRIES: u32 = 5;
    /// The longest that one post is tried, counted from when its first try may be sent.
    pub const PATIENCE: Duration = Duration::from_secs(5);
    /// The longest that one try may take.
    pub const TRY_TIMEOUT: Duration = Duration::from_secs(2);
    /// The waits between tries.
    pub const BACKOFF: Backoff = Backoff {
        first: Duration::from_millis(100),
        highest: Duration::from_secs(2),
    };

    /// A poster that sends by this API and closes sockets with this client; [`crate::aws::Aws::poster`] makes both.
    pub(crate) fn new(connections_api: ConnectionsApi, client: Client) -> Poster {
        Poster {
            connections_api,
            client,
            slots: Arc::new(Semaphore::new(Self::AT_ONCE)),
        }
    }

    /// Posts a message, at most [`Poster::TRIES`] times in [`Poster::PATIENCE`]. It holds no slot while it waits for its next
    /// try, so it holds up no other post. If a try broke or timed out, the last one goes over a new connection. What follows
    /// from a failure the caller knows, and logs.
    pub async fn post(&self, to: &ConnectionId, payload: &Payload) -> Posted {
        let mut deadline = None;
        let mut has_broken = false;
        for attempt in 0..Self::TRIES {
            let Ok(slot) = self.slots.acquire().await else {
                return Posted::Busy;
            };
            // The patience counts from the first slot on: waiting for it is not the socket's fault.
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + Self::PATIENCE);
            let sent_at = Timestamp::now();
            let end = Instant::now() + Self::TRY_TIMEOUT;
            let is_last = attempt + 1 == Self::TRIES || end >= deadline;
            let over = if is_last && has_broken { Over::Fresh } else { Over::Kept };
            let answer = timeout_at(end.min(deadline), self.connections_api.post(to, payload, over)).await;
            drop(slot);
            let status = answer.ok().and_then(Result::ok);
            has_broken |= status.is_none();
            match result(status, sent_at) {
                Posted::Busy => {}
                posted => return posted,
            }
            let wait = Self::BACKOFF.wait(attempt);
            if attempt + 1 == Self::TRIES || Instant::now() + wait >= deadline {
                break;
            }
            sleep(wait).await;
        }
        Posted::Busy
    }

    /// Tells a page why its socket is about to be closed. A failure is logged only: the socket is closed all the same.
    pub(crate) async fn say_goodbye(&self, to: &ConnectionId, goodbye: &Payload) {
        let why = match self.post(to, goodbye).await {
            Posted::Sent | Posted::Gone { .. } => return,
            Posted::Busy => "429, 5xx or no answer to all tries".to_owned(),
            Posted::Refused { status } => format!("status {status}"),
        };
        tracing::warn!(connection_id = %to, why, "a page was not told why its socket is closed; it connects anew, and a revoked chatter ID is then refused");
    }

    /// Closes a socket, in a slot as a post. A failure is logged only: the socket's row was deleted before, so nothing is
    /// posted to it any more, and API Gateway ends it after two hours.
    pub async fn close(&self, id: &ConnectionId) {
        let Ok(_slot) = self.slots.acquire().await else {
            return;
        };
        let close = self.client.delete_connection().connection_id(id.as_str());
        if let Err(error) = close.send().await
            && status(&error) != Some(410)
        {
            tracing::warn!(connection_id = %id, status = status(&error), "a socket could not be closed; it stays open without updates until API Gateway ends it");
        }
    }

    /// Asks whether a socket is open (`GetConnection`).
    pub async fn look(&self, id: &ConnectionId) -> Presence {
        match self.client.get_connection().connection_id(id.as_str()).send().await {
            Ok(_) => Presence::Open,
            Err(error) => match status(&error) {
                Some(410) => Presence::Gone,
                other => Presence::Unknown(other),
            },
        }
    }

    /// Makes the connection to API Gateway, by closing a socket that does not exist.
    pub async fn warm_up(&self) {
        let _ = self
            .client
            .delete_connection()
            .connection_id("AAAAAAAAAAAAAAA=")
            .send()
            .await;
    }
}

/// The result by the status alone: gateways and proxies leave out the header by which the SDK knows a 410 and a 429. No
/// status means that there was no answer.
fn result(status: Option<u16>, sent_at: Timestamp) -> Posted {
    match status {
        Some(200..300) => Posted::Sent,
        Some(410) => Posted::Gone { sent_at },
        Some(429 | 500..) | None => Posted::Busy,
        Some(status) => Posted::Refused { status },
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

#[cfg(test)]
mod tests;
