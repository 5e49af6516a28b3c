//! The Lambda authorizer of an API.

use std::fmt;
use std::str::FromStr;

/// A Lambda authorizer (of type `REQUEST`, the only one that WebSocket APIs have). It is asked before `$connect`, at each
/// handshake: API Gateway caches what authorizers say for HTTP and REST APIs only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// The function that is asked.
    pub function: String,
    /// What a handshake has to have, and not empty; otherwise it gets 401, and the function is not asked.
    pub identity_sources: Vec<IdentitySource>,
}

/// A part of a handshake by which somebody is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentitySource {
    /// `route.request.header.NAME`; names of headers are the same in any spelling.
    Header(String),
    /// `route.request.querystring.NAME`
    Query(String),
    /// `stageVariables.NAME`
    StageVariable(String),
    /// `context.NAME`: a member of `requestContext`, such as `identity.sourceIp`.
    Context(String),
}

impl FromStr for IdentitySource {
    type Err = &'static str;

    /// Reads it as CloudFormation has it.
    fn from_str(text: &str) -> Result<IdentitySource, Self::Err> {
        type Kind = fn(String) -> IdentitySource;
        let kinds: [(&str, Kind); 4] = [
            ("route.request.header.", IdentitySource::Header),
            ("route.request.querystring.", IdentitySource::Query),
            ("stageVariables.", IdentitySource::StageVariable),
            ("context.", IdentitySource::Context),
        ];
        let is_name = |name: &str| {
            let is_symbol = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !name.is_empty() && name.bytes().all(is_symbol)
        };
        let found = kinds
            .into_iter()
            .find_map(|(start, kind)| Some((text.strip_prefix(start)?, kind)));
        match found {
            Some((name, kind)) if is_name(name) => Ok(kind(name.to_owned())),
            _ => Err(
                "an identity source is route.request.header.NAME, route.request.querystring.NAME, stageVariables.NAME \
                 or context.NAME",
            ),
        }
    }
}

impl fmt::Display for IdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentitySource::Header(name) => write!(f, "route.request.header.{name}"),
            IdentitySource::Query(name) => write!(f, "route.request.querystring.{name}"),
            IdentitySource::StageVariable(name) => write!(f, "stageVariables.{name}"),
            IdentitySource::Context(name) => write!(f, "context.{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_source_is_read_and_written_as_cloudformation_has_it() {
        for text in [
            "route.request.header.Authorization",
            "route.request.querystring.token",
            "stageVariables.a",
            "context.identity.sourceIp",
        ] {
            assert_eq!(text.parse::<IdentitySource>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "route.request.header.",
            "$request.header.Auth",
            "route.request.querystring.a b",
        ] {
            assert!(text.parse::<IdentitySource>().is_err(), "{text}");
        }
    }
}
