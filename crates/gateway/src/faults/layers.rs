//! Faults in the way of requests. Each layer stands between the code that checks a request and the code that does what
//! it asks for: it lets the request through, or answers in its place, or does so later.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::sleep;

use super::injector::{ConnectFault, Injector, PostFault};
use super::target::Target;
use crate::host::EventFault;
use crate::http::Post;
use crate::reply;
use crate::socket::Peer;

/// Refuses handshakes before `$connect`, and delays the opening of their sockets after it.
pub(crate) async fn on_handshake(
    State(target): State<Arc<Target>>,
    Extension(peer): Extension<Arc<Peer>>,
    request: Request,
    connect: Next,
) -> Response {
    match target.injector.connect() {
        None => {}
        Some(ConnectFault::Throttled) => return reply::message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
        Some(ConnectFault::Failed) => return reply::internal_error(),
    }
    let response = connect.run(request).await;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(stretch) = target.injector.stretch(&peer.connection_id)
    {
        sleep(stretch).await;
    }
    response
}

/// Refuses, loses and delays posts to open sockets, and their answers.
pub(crate) async fn on_post(
    State(target): State<Arc<Target>>,
    Extension(post): Extension<Post>,
    request: Request,
    deliver: Next,
) -> Response {
    match target.injector.post(&post.connection.peer.connection_id) {
        None => deliver.run(request).await,
        Some(PostFault::Gone) => reply::gone(),
        Some(PostFault::Throttled) => reply::limit_exceeded("Too Many Requests"),
        Some(PostFault::Failed) => reply::internal_error(),
        Some(PostFault::Lost) => reply::status(StatusCode::OK),
        Some(PostFault::Denied) => {
            let response = deliver.run(request).await;
            if response.status().is_success() {
                reply::internal_error()
            } else {
                response
            }
        }
        Some(PostFault::Stalled(stall)) => {
            let response = deliver.run(request).await;
            if response.status().is_success() {
                sleep(stall).await;
            }
            response
        }
        Some(PostFault::Delayed(delay)) => {
            let halt = target.functions.halt.clone();
            target.functions.tasks.spawn(async move {
                if halt.run_until_cancelled(sleep(delay)).await.is_some() {
                    deliver.run(request).await;
                }
            });
            reply::status(StatusCode::OK)
        }
    }
}

/// Kills processes in the middle of events.
pub(crate) fn kill_in_event(injector: Arc<Injector>) -> EventFault {
    EventFault::new(move |function, process_id| {
        let kill_after = injector.kill_after()?;
        let (injector, function) = (Arc::clone(&injector), Arc::clone(function));
        Some(Box::pin(async move {
            sleep(kill_after).await;
            injector.on_process(&function, process_id);
        }))
    })
}
