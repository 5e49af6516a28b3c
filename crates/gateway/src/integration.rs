//! From an event to what its integration answered, and the reading of that answer.

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::api::Api;
use crate::config::{Integration, Route};
use crate::ids;
use crate::lambda::Outcome;

/// What a proxy integration answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 100 to 599.
    pub(crate) status: u16,
    pub(crate) body: Option<String>,
    /// The one header that reaches a client, and only in the handshake.
    pub(crate) subprotocol: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The function failed. The words are the gateway's own.
    Failed(&'static str),
    /// The function answered with something else than a proxy response.
    Malformed,
    /// The integration took too long for API Gateway. The function may still run.
    TimedOut,
}

impl Fault {
    pub(crate) fn note(self) -> &'static str {
        match self {
            Fault::Failed(note) => note,
            Fault::Malformed => "malformed reply",
            Fault::TimedOut => "integration timed out",
        }
    }
}

impl Api {
    /// Sends an event where its route says.
    pub(crate) async fn integrate(&self, route: &Route, event: Bytes) -> Result<Answer, Fault> {
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
        match timeout(
            self.config.limits.integration,
            function.invoke(ids::request_id(), event, None),
        )
        .await
        {
            Err(_) => Err(Fault::TimedOut),
            Ok(Outcome::Failed(failure)) => Err(Fault::Failed(failure.note)),
            Ok(Outcome::Returned(payload)) => Answer::parse(&payload).ok_or(Fault::Malformed),
        }
    }
}

impl Answer {
    /// Reads a proxy response. Anything without an integer `statusCode` is malformed.
    fn parse(payload: &[u8]) -> Option<Answer> {
        let mut reply: Map<String, Value> = serde_json::from_slice(payload).ok()?;
        let status = reply.get("statusCode")?.as_u64()?;
        let status = u16::try_from(status)
            .ok()
            .filter(|status| (100..600).contains(status))?;
        let subprotocol = header(&reply, "headers").or_else(|| header(&reply, "multiValueHeaders"));
        let body = match reply.remove("body") {
            None | Some(Value::Null) => None,
            Some(Value::String(body)) => Some(body),
            Some(_) => return None,
        };
        Some(Answer {
            status,
            body,
            subprotocol,
        })
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

fn header(reply: &Map<String, Value>, field: &str) -> Option<String> {
    let headers = reply.get(field)?.as_object()?;
    let (_, value) = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))?;
    let value = value.as_array().map_or(Some(value), |values| values.last())?;
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: Option<&str>, subprotocol: Option<&str>) -> Option<Answer> {
        Some(Answer {
            status,
            body: body.map(str::to_owned),
            subprotocol: subprotocol.map(str::to_owned),
        })
    }

    #[test]
    fn proxy_responses_are_read_as_aws_reads_them() {
        for (payload, expected) in [
            (r#"{"statusCode":200}"#, answer(200, None, None)),
            (
                r#"{"statusCode":401,"body":"no","more":1}"#,
                answer(401, Some("no"), None),
            ),
            (
                r#"{"statusCode":200,"body":null,"headers":null}"#,
                answer(200, None, None),
            ),
            (
                r#"{"statusCode":200,"headers":{"sec-websocket-PROTOCOL":"a"}}"#,
                answer(200, None, Some("a")),
            ),
            (
                r#"{"statusCode":200,"multiValueHeaders":{"Sec-WebSocket-Protocol":["a"]}}"#,
                answer(200, None, Some("a")),
            ),
            (
                r#"{"statusCode":200,"headers":{"Set-Cookie":"a=b"}}"#,
                answer(200, None, None),
            ),
        ] {
            assert_eq!(Answer::parse(payload.as_bytes()), expected, "{payload}");
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        let garbage = [
            "",
            "null",
            "{}",
            "[200]",
            "200",
            r#""ok""#,
            "<html>",
            r#"{"statusCode":"OK"}"#,
        ];
        let wrong = [
            r#"{"statusCode":42}"#,
            r#"{"statusCode":600}"#,
            r#"{"statusCode":200,"body":{}}"#,
        ];
        for payload in garbage.into_iter().chain(wrong) {
            assert_eq!(Answer::parse(payload.as_bytes()), None, "{payload}");
        }
    }
}
