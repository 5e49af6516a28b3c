//! One fault at a time, which the page switches on and off, so that one can watch what follows from it alone.

use super::System;
use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    routing::post,
};
use chatterbox_gateway::{Faults, Gateway};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;

/// A fault that happens every time while it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::local) enum SingleFault {
    HandshakesThrottled,
    HandshakesFailed,
    SocketsOpenLate,
    PostsGone,
    PostsThrottled,
    PostsLost,
    PostsLate,
    FunctionsKilled,
}

/// What switches faults.
#[derive(Clone, Debug)]
pub(in crate::local) struct SingleFaults {
    pub(in crate::local) gateway: Arc<Gateway>,
    /// Where it says which one is on.
    pub(in crate::local) system: watch::Sender<System>,
}

impl SingleFault {
    /// What the gateway does. A fault of handshakes needs new ones.
    fn faults(self) -> Faults {
        let mut faults = Faults::default();
        let share = match self {
            SingleFault::HandshakesThrottled => &mut faults.connects_throttled,
            SingleFault::HandshakesFailed => &mut faults.connects_failed,
            SingleFault::SocketsOpenLate => &mut faults.connects_stretched,
            SingleFault::PostsGone => &mut faults.posts_gone,
            SingleFault::PostsThrottled => &mut faults.posts_throttled,
            SingleFault::PostsLost => &mut faults.posts_lost,
            SingleFault::PostsLate => &mut faults.posts_delayed,
            SingleFault::FunctionsKilled => &mut faults.invocations_killed,
        };
        *share = 1.0;
        faults
    }

    fn is_of_handshakes(self) -> bool {
        match self {
            SingleFault::HandshakesThrottled | SingleFault::HandshakesFailed | SingleFault::SocketsOpenLate => true,
            SingleFault::PostsGone
            | SingleFault::PostsThrottled
            | SingleFault::PostsLost
            | SingleFault::PostsLate
            | SingleFault::FunctionsKilled => false,
        }
    }
}

/// A request of the page. `null` switches off what is on.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    name: Option<SingleFault>,
}

impl SingleFaults {
    /// `POST /demo/fault` with a name switches one on, in place of what was on; with `null` it switches that off.
    pub(super) fn router(self) -> Router {
        Router::new().route("/demo/fault", post(switch)).with_state(self)
    }

    /// Switches one on, or all off. `false` if there is chaos, which has faults of its own.
    fn set(&self, fault: Option<SingleFault>) -> bool {
        let is_set = self.system.send_if_modified(|system| {
            if !system.chaos {
                system.fault = fault;
            }
            !system.chaos
        });
        let faults = fault.map(SingleFault::faults).unwrap_or_default();
        if is_set && self.gateway.set_faults(faults).is_ok() && fault.is_some_and(SingleFault::is_of_handshakes) {
            self.gateway.cut_sockets();
        }
        is_set
    }
}

async fn switch(
    State(faults): State<SingleFaults>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> (StatusCode, Json<Value>) {
    let Ok(Json(Wanted { name })) = wanted else {
        let rule = "name: must be one of the faults that the page has buttons for";
        return (StatusCode::BAD_REQUEST, Json(json!({"message": rule})));
    };
    if faults.set(name) {
        return (StatusCode::OK, Json(json!({"fault": name})));
    }
    let rule = "chaos is on, and has faults of its own: stop it first";
    (StatusCode::CONFLICT, Json(json!({"message": rule})))
}
