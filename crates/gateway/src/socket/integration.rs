//! From an event to what its integration answered.

use bytes::Bytes;
use tokio::time::timeout;

use crate::api::Api;
use crate::config::{Integration, Route};
use crate::host::{Outcome, Request};
use crate::socket::answer::{Answer, Malformed};

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The function failed. The words are the gateway's own.
    Failed(&'static str),
    /// The function answered with something else than a proxy response.
    Malformed(Malformed),
    /// The integration took too long for API Gateway. The function may still run.
    TimedOut,
}

impl Fault {
    pub(crate) fn note(self) -> &'static str {
        match self {
            Fault::Failed(note) => note,
            Fault::Malformed(malformed) => malformed.note(),
            Fault::TimedOut => "integration timed out",
        }
    }
}

impl Api {
    /// Sends an event where its route says, and judges what comes back.
    pub(crate) async fn integrate(&self, key: &str, route: &Route, event: Bytes) -> Result<Answer, Fault> {
        let function = match &route.integration {
            Integration::Mock(body) => {
                return Ok(Answer {
                    status: 200,
                    body: Some(body.clone()),
                    subprotocol: None,
                });
            }
            Integration::Lambda(name) => self.functions.get(name).ok_or(Fault::Failed("unknown function"))?,
        };
        let invocation = function.invoke(Request::new(event));
        let payload = match timeout(self.config.limits.integration, invocation)
            .await
            .map(|reply| reply.outcome)
        {
            Err(_) => return Err(Fault::TimedOut),
            Ok(Outcome::Failed(failure)) => return Err(Fault::Failed(failure.note)),
            Ok(Outcome::Returned(payload)) => payload,
        };
        let answer = Answer::parse(&payload);
        match &answer {
            Ok(answer) if answer.is_success() => {}
            Ok(answer) => {
                let body = answer.body.as_deref().unwrap_or_default();
                let ours = format!("{key}: answered {}", answer.status);
                self.feeds.reason(&function.setting.name, &ours, body.as_bytes());
            }
            Err(malformed) => {
                let ours = format!("{key}: {}", malformed.note());
                self.feeds.reason(&function.setting.name, &ours, &payload);
            }
        }
        answer.map_err(Fault::Malformed)
    }
}
