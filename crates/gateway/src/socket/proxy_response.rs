//! A proxy response: the reply that API Gateway expects of a function behind a route.

use serde_json::{Map, Value};

/// A proxy response, as far as API Gateway reads it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ProxyResponse {
    /// 100 to 599.
    pub(crate) status: u16,
    pub(crate) body: Option<String>,
    /// The one header that reaches a client, and only in the handshake.
    pub(crate) subprotocol: Option<String>,
}

/// Why a reply is no proxy response. API Gateway reads every reply, also on a one-way route, whose answers go to
/// nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    NotAnObject,
    UnknownMember,
    StatusCode,
    Body,
    Headers,
    IsBase64Encoded,
}

impl Malformed {
    pub(crate) fn note(self) -> &'static str {
        match self {
            Malformed::NotAnObject => "malformed reply: it is not a JSON object",
            Malformed::UnknownMember => "malformed reply: it has a member that API Gateway does not know",
            Malformed::StatusCode => "malformed reply: statusCode is not a number from 100 to 599",
            Malformed::Body => "malformed reply: body is not a string",
            Malformed::Headers => "malformed reply: headers is not an object of plain values",
            Malformed::IsBase64Encoded => "malformed reply: isBase64Encoded is neither true nor false",
        }
    }
}

/// The members that a proxy response may have.
const MEMBERS: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];

impl ProxyResponse {
    /// Reads a proxy response of Lambda (format 1.0: a WebSocket API knows no other). A null member is an absent one.
    pub(crate) fn parse(payload: &[u8]) -> Result<ProxyResponse, Malformed> {
        let mut reply: Map<String, Value> = serde_json::from_slice(payload).map_err(|_| Malformed::NotAnObject)?;
        reply.retain(|_, value| !value.is_null());
        if reply.keys().any(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(Malformed::UnknownMember);
        }
        let status = reply.get("statusCode").and_then(status).ok_or(Malformed::StatusCode)?;
        let is_plain = |value: &Value| !value.is_array() && !value.is_object();
        check(&reply, "headers", is_plain)?;
        check(&reply, "multiValueHeaders", |values| {
            values.as_array().is_some_and(|values| values.iter().all(is_plain))
        })?;
        if reply.get("isBase64Encoded").is_some_and(|value| !value.is_boolean()) {
            return Err(Malformed::IsBase64Encoded);
        }
        let subprotocol = header(&reply, "headers").or_else(|| header(&reply, "multiValueHeaders"));
        let body = match reply.remove("body") {
            None => None,
            Some(Value::String(body)) => Some(body),
            Some(_) => return Err(Malformed::Body),
        };
        Ok(ProxyResponse {
            status,
            body,
            subprotocol,
        })
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A status, which is a number or a string of digits: AWS's own samples have both.
fn status(value: &Value) -> Option<u16> {
    let status = value
        .as_str()
        .map_or_else(|| value.as_u64(), |digits| digits.parse().ok())?;
    u16::try_from(status).ok().filter(|status| (100..600).contains(status))
}

/// Checks a header member, if it is there: it has to be an object, and each of its values has to be good.
fn check(reply: &Map<String, Value>, field: &str, is_good: impl Fn(&Value) -> bool) -> Result<(), Malformed> {
    match reply.get(field) {
        None => Ok(()),
        Some(Value::Object(headers)) if headers.values().all(is_good) => Ok(()),
        Some(_) => Err(Malformed::Headers),
    }
}

/// The subprotocol in a header member.
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

    fn answer(status: u16, body: Option<&str>, subprotocol: Option<&str>) -> Result<ProxyResponse, Malformed> {
        Ok(ProxyResponse {
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
                r#"{"statusCode":"401","body":"no","isBase64Encoded":false}"#,
                answer(401, Some("no"), None),
            ),
            (
                r#"{"statusCode":200,"body":null,"headers":null,"more":null}"#,
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
                r#"{"statusCode":200,"headers":{"a":1,"b":true,"c":null},"multiValueHeaders":{"d":["e",1]}}"#,
                answer(200, None, None),
            ),
            (
                r#"{"statusCode":200,"headers":{"Set-Cookie":"a=b"}}"#,
                answer(200, None, None),
            ),
        ] {
            assert_eq!(ProxyResponse::parse(payload.as_bytes()), expected, "{payload}");
        }
    }

    #[test]
    fn anything_else_is_malformed_and_the_first_thing_that_is_wrong_is_named() {
        for (payload, expected) in [
            ("", Malformed::NotAnObject),
            ("null", Malformed::NotAnObject),
            ("[200]", Malformed::NotAnObject),
            ("200", Malformed::NotAnObject),
            (r#""ok""#, Malformed::NotAnObject),
            ("<html>", Malformed::NotAnObject),
            (r#"{"statusCode":200} x"#, Malformed::NotAnObject),
            (r#"{"status":200}"#, Malformed::UnknownMember),
            (r#"{"statusCode":200,"cookies":[]}"#, Malformed::UnknownMember),
            (r#"{"statusCode":200,"StatusCode":200}"#, Malformed::UnknownMember),
            ("{}", Malformed::StatusCode),
            (r#"{"statusCode":null}"#, Malformed::StatusCode),
            (r#"{"statusCode":"OK"}"#, Malformed::StatusCode),
            (r#"{"statusCode":""}"#, Malformed::StatusCode),
            (r#"{"statusCode":42}"#, Malformed::StatusCode),
            (r#"{"statusCode":600}"#, Malformed::StatusCode),
            (r#"{"statusCode":-200}"#, Malformed::StatusCode),
            (r#"{"statusCode":[200]}"#, Malformed::StatusCode),
            (r#"{"statusCode":200,"body":{}}"#, Malformed::Body),
            (r#"{"statusCode":200,"body":1}"#, Malformed::Body),
            (r#"{"statusCode":200,"headers":[]}"#, Malformed::Headers),
            (r#"{"statusCode":200,"headers":{"a":["b"]}}"#, Malformed::Headers),
            (
                r#"{"statusCode":200,"multiValueHeaders":{"a":"b"}}"#,
                Malformed::Headers,
            ),
            (
                r#"{"statusCode":200,"isBase64Encoded":"false"}"#,
                Malformed::IsBase64Encoded,
            ),
        ] {
            assert_eq!(ProxyResponse::parse(payload.as_bytes()), Err(expected), "{payload}");
        }
    }
}
