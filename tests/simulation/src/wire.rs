//! The wire between the functions and AWS. Every call is held until the test says what becomes of it.

use crate::call::Call;
use aws_smithy_runtime_api::{
    client::{
        connection::{CaptureSmithyConnection, ConnectionMetadata},
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// The wire, with the calls that it holds.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    calls: Vec<Held>,
    next: u64,
    /// The invocation that is running, by which a call's caller is known.
    caller: usize,
}

/// A call that waits for its answer. If it is dropped, it is never answered.
pub struct Held {
    /// A number of its own, in the order in which calls were made.
    pub number: u64,
    /// The invocation that made it.
    pub caller: usize,
    /// The call.
    pub call: Call,
    answer: oneshot::Sender<Answer>,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A status and a body.
    Status(u16, String),
    /// None: the connection broke.
    Broken,
}

impl Wire {
    /// An empty wire.
    pub fn new() -> Wire {
        Wire::default()
    }

    /// What the functions' clients send over.
    pub(crate) fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    /// From now on calls are this invocation's.
    pub(crate) fn calls_are_of(&self, caller: usize) {
        self.state().caller = caller;
    }

    /// Each call that is held and that fits, in the order in which they were made. `see` gets whether its caller still waits.
    pub fn find<T>(&self, mut see: impl FnMut(&Held) -> Option<T>) -> Vec<T> {
        self.state().calls.iter().filter_map(&mut see).collect()
    }

    /// Takes a call off the wire; `None` if it holds none with this number.
    pub fn take(&self, number: u64) -> Option<Held> {
        let mut state = self.state();
        let at = state.calls.iter().position(|held| held.number == number)?;
        Some(state.calls.remove(at))
    }

    /// Forgets the calls of an invocation that has ended: they never arrive.
    pub fn forget(&self, caller: usize) {
        self.state().calls.retain(|held| held.caller != caller);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Whether its caller still waits for the answer. It does not if it was dropped, or its time was up.
    pub fn is_awaited(&self) -> bool {
        !self.answer.is_closed()
    }

    /// Answers it.
    pub fn answer(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }
}

impl HttpConnector for Wire {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        // A connection is there at once: no other request waits until this one has made it.
        if let Some(connection) = request.extension::<CaptureSmithyConnection>() {
            connection.set_connection_retriever(|| {
                Some(ConnectionMetadata::builder().proxied(false).poison_fn(|| ()).build())
            });
        }
        let (answer, answered) = oneshot::channel();
        let mut state = self.state();
        state.next += 1;
        let (number, caller) = (state.next, state.caller);
        state.calls.push(Held {
            number,
            caller,
            call: Call::read(&request),
            answer,
        });
        request.take_body();
        HttpConnectorFuture::new(async move {
            match answered.await {
                Ok(answer) => answer.into_response(),
                Err(_) => std::future::pending().await,
            }
        })
    }
}

impl Answer {
    /// An empty answer with this status.
    pub fn status(status: u16) -> Answer {
        Answer::Status(status, String::new())
    }

    fn into_response(self) -> Result<HttpResponse, ConnectorError> {
        match self {
            Answer::Status(status, body) => {
                let status = StatusCode::try_from(status).expect("a status of HTTP");
                Ok(HttpResponse::new(status, SdkBody::from(body)))
            }
            Answer::Broken => Err(ConnectorError::io("the connection broke".into())),
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.find(|held| Some(held.to_string())))
            .finish()
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} of invocation {}: {}", self.number, self.caller, self.call)
    }
}
