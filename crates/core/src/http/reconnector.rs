//! An HTTP connector that starts a new pool of connections when the ones it has turn out to be dead.
//!
//! Lambda freezes a function between two events, often for minutes. Meanwhile the server, or a router on the way, closes
//! or forgets the connections that the function keeps open. The next request over such a connection is answered by RST, or
//! not at all, and a retry that takes another kept connection fails likewise. So when a request fails, the whole pool is
//! given up: every later request, of whichever caller, goes over new connections. Requests that are under way over the old
//! ones are left to their end.
//!
//! The pool is kept if others were answered over it meanwhile. Then only one connection broke, which the pool drops by
//! itself, or one answer is slow.

use crate::lock::lock;
use aws_smithy_runtime_api::client::{
    connection::CaptureSmithyConnection,
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};
use tokio::{
    sync::{Mutex as Turn, OwnedMutexGuard},
    time::{Instant, timeout},
};

/// The longest that a connection may take to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(1);

/// Sends requests over a pool of connections, and replaces the pool when its connections are dead.
#[derive(Clone)]
pub(crate) struct Reconnector(Arc<Shared>);

/// Which connection a request takes. The SDK's requests carry it as an extension; without it, it is [`Over::Kept`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// One of the pool, or a new one that is kept in the pool afterwards.
    Kept,
    /// A new one, for this request alone: the last try of a request whose earlier tries broke or timed out.
    Fresh,
}

struct Shared {
    new_pool: Box<dyn Fn() -> SharedHttpConnector + Send + Sync>,
    /// The pool in use, once there was a request.
    pool: Mutex<Option<Arc<Pool>>>,
}

/// Connections that are kept, or given up, together.
struct Pool {
    connector: SharedHttpConnector,
    /// When a request last had a connection to go over, or an answer.
    used: Mutex<Option<Instant>>,
    /// When a request last had an answer.
    answered: Mutex<Option<Instant>>,
    /// Held by the one request that goes first.
    turn: Arc<Turn<()>>,
}

impl Reconnector {
    /// A request that its caller gives up after it has waited this long, while no other was answered, means that the pool is
    /// dead. One that is given up earlier says nothing about the pool.
    const SILENCE: Duration = Duration::from_millis(500);
    /// After a pause as long as this, one request goes first and the others wait until it has a connection. Over HTTP/2 they
    /// then share that one; if all went at once, each would make a connection, of which all but one are thrown away.
    const PAUSE: Duration = Duration::from_secs(1);
    /// The longest that others wait for the first: as long as it may take to connect.
    const WAIT: Duration = CONNECT;

    /// A connector whose pools are made by this function. Each call of it has to return a new, empty pool.
    pub(crate) fn new(new_pool: impl Fn() -> SharedHttpConnector + Send + Sync + 'static) -> Reconnector {
        Reconnector(Arc::new(Shared {
            new_pool: Box::new(new_pool),
            pool: Mutex::default(),
        }))
    }

    /// Sends a request, once, and returns the answer's status.
    ///
    /// # Errors
    /// If there is no answer.
    pub(crate) async fn status(&self, request: HttpRequest, over: Over) -> Result<u16, ConnectorError> {
        let (attempt, answer) = self.begin(request, over).await?;
        let status = answer.status();
        if !status.is_success() {
            // Read to its end, so that the connection serves the next request.
            let _ = ByteStream::new(answer.into_body()).collect().await;
        }
        attempt.end(true);
        Ok(status.as_u16())
    }

    /// Sends a request, once, and returns the answer with all of its body: an answer that stops half way is none.
    async fn answer(&self, request: HttpRequest, over: Over) -> Result<HttpResponse, ConnectorError> {
        let (attempt, mut answer) = self.begin(request, over).await?;
        let body = ByteStream::new(answer.take_body()).collect().await;
        attempt.end(body.is_ok());
        let body = body.map_err(|error| ConnectorError::io(error.into()))?;
        *answer.body_mut() = SdkBody::from(body.into_bytes());
        Ok(answer)
    }

    /// Sends a request, and returns the answer's head.
    async fn begin(&self, request: HttpRequest, over: Over) -> Result<(Attempt<'_>, HttpResponse), ConnectorError> {
        let (pool, turn) = match over {
            Over::Kept => self.0.join().await,
            Over::Fresh => (self.0.empty(), None),
        };
        let attempt = Attempt {
            shared: &self.0,
            pool: Arc::clone(&pool),
            began: Instant::now(),
            has_ended: false,
        };
        let answer = match turn {
            Some(turn) => pool.first(request, turn).await,
            None => pool.connector.call(request).await,
        };
        match answer {
            Ok(answer) => Ok((attempt, answer)),
            Err(error) => {
                attempt.end(false);
                Err(retryable(error))
            }
        }
    }
}

impl HttpConnector for Reconnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        let over = request.extension().copied().unwrap_or(Over::Kept);
        HttpConnectorFuture::new(async move { this.answer(request, over).await })
    }
}

impl fmt::Debug for Reconnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reconnector")
    }
}

impl Shared {
    /// The pool to use; with the right to go first, if it was not in use just now.
    async fn join(&self) -> (Arc<Pool>, Option<OwnedMutexGuard<()>>) {
        loop {
            let pool = Arc::clone(lock(&self.pool).get_or_insert_with(|| self.empty()));
            if pool.is_in_use() {
                return (pool, None);
            }
            let turn = timeout(Reconnector::WAIT, Arc::clone(&pool.turn).lock_owned()).await;
            // By now, whoever went first has a connection, or has failed, and then there is another pool.
            let turn = turn.ok().filter(|_| !pool.is_in_use());
            if self.is_current(&pool) {
                return (pool, turn);
            }
        }
    }

    fn empty(&self) -> Arc<Pool> {
        Arc::new(Pool {
            connector: (self.new_pool)(),
            used: Mutex::default(),
            answered: Mutex::default(),
            turn: Arc::default(),
        })
    }

    fn is_current(&self, pool: &Arc<Pool>) -> bool {
        lock(&self.pool)
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, pool))
    }

    /// Lets the next request start a new pool. Returns whether this one was in use: it may have been replaced already.
    fn give_up(&self, pool: &Arc<Pool>) -> bool {
        lock(&self.pool).take_if(|current| Arc::ptr_eq(current, pool)).is_some()
    }
}

impl Pool {
    fn is_in_use(&self) -> bool {
        lock(&self.used).is_some_and(|used| used.elapsed() < Reconnector::PAUSE)
    }

    /// Sends a request, and lets the others go on as soon as it has a connection.
    async fn first(&self, mut request: HttpRequest, turn: OwnedMutexGuard<()>) -> Result<HttpResponse, ConnectorError> {
        let connection = match request.extension::<CaptureSmithyConnection>() {
            Some(connection) => connection.clone(),
            None => {
                let connection = CaptureSmithyConnection::new();
                request.add_extension(connection.clone());
                connection
            }
        };
        let mut answer = pin!(self.connector.call(request));
        let so_far = poll_fn(|context| match answer.as_mut().poll(context) {
            Poll::Pending if connection.get().is_none() => Poll::Pending,
            so_far => Poll::Ready(so_far),
        });
        let so_far = so_far.await;
        if !matches!(so_far, Poll::Ready(Err(_))) {
            *lock(&self.used) = Some(Instant::now());
        }
        drop(turn);
        match so_far {
            Poll::Ready(answer) => answer,
            Poll::Pending => answer.await,
        }
    }
}

/// A request that is under way. If it is dropped before its end, it has timed out, or its caller does not want it any more.
struct Attempt<'a> {
    shared: &'a Shared,
    pool: Arc<Pool>,
    began: Instant,
    has_ended: bool,
}

impl Attempt<'_> {
    fn end(mut self, is_answered: bool) {
        self.has_ended = true;
        if is_answered {
            let now = Some(Instant::now());
            *lock(&self.pool.used) = now;
            *lock(&self.pool.answered) = now;
        } else {
            self.fail();
        }
    }

    fn fail(&self) {
        let since = self.began.max(Instant::now() - Reconnector::SILENCE);
        let is_dead = lock(&self.pool.answered).is_none_or(|answered| answered < since);
        if is_dead && self.shared.give_up(&self.pool) {
            let after_ms = self.began.elapsed().as_millis();
            tracing::info!(
                after_ms,
                "a request broke or timed out, and its pool of connections was given up"
            );
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.has_ended && self.began.elapsed() >= Reconnector::SILENCE {
            self.fail();
        }
    }
}

/// Marks an error as one of the connection, so that the SDK tries again. By itself it does not recognize all of the errors
/// that HTTP/2 has for a broken connection.
fn retryable(error: ConnectorError) -> ConnectorError {
    if error.is_other() {
        return ConnectorError::io(error.into_source());
    }
    error
}

#[cfg(test)]
mod tests;
