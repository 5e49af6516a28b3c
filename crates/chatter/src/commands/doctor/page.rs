//! A page of the site: whether the browser lets it open the socket at all.

use super::{Check, address::host};
use std::time::Duration;
use url::Url;

/// How long the page may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Loads a page, and looks at its scheme and its content security policy.
pub(super) async fn look(page: &str, socket: &Url) -> Vec<Check> {
    const WHAT: &str = "page";
    let url = match Url::parse(page) {
        Ok(url) => url,
        Err(error) => {
            return vec![Check::wrong(
                WHAT,
                format!("{page:?} is no URL: {error}"),
                "It begins with https://.",
            )];
        }
    };
    if url.scheme() == "https" && socket.scheme() == "ws" {
        return vec![Check::known(
            WHAT,
            "the page is loaded by https: and the socket is ws:",
            "error text",
            "Mixed Content",
        )];
    }
    let client = reqwest::Client::builder().timeout(PATIENCE).build();
    let answer = match client {
        Ok(client) => client.get(url.clone()).send().await,
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return vec![Check::error(WHAT, &format!("{page} cannot be loaded: {error}"))],
    };
    let policies: Vec<String> = answer
        .headers()
        .get_all("content-security-policy")
        .iter()
        .filter_map(|policy| Some(policy.to_str().ok()?.to_owned()))
        .collect();
    match policies.iter().find(|policy| !allows(policy, &url, socket)) {
        Some(policy) => vec![Check::known(
            WHAT,
            &format!("its policy is {policy:?}, which blocks {}", origin(socket)),
            "error text",
            "Content Security Policy",
        )],
        None => vec![Check::right(
            WHAT,
            format!("its content security policy allows {}", origin(socket)),
        )],
    }
}

fn origin(socket: &Url) -> String {
    let port = socket.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", socket.scheme(), host(socket))
}

/// Whether a policy lets a page open this socket. Of several policies each has to (CSP 3, section 6.7.2.8: how a URL matches an
/// expression).
fn allows(policy: &str, page: &Url, socket: &Url) -> bool {
    let directives = policy.split([';', ',']).map(str::trim);
    let directive = |wanted: &str| {
        directives.clone().find_map(|directive| {
            let (name, sources) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
            name.eq_ignore_ascii_case(wanted).then_some(sources)
        })
    };
    match directive("connect-src").or_else(|| directive("default-src")) {
        None => true,
        Some(sources) => sources.split_whitespace().any(|source| matches(source, page, socket)),
    }
}

fn matches(source: &str, page: &Url, socket: &Url) -> bool {
    let source = source.to_ascii_lowercase();
    let is_own = host(page) == host(socket) && page.port_or_known_default() == socket.port_or_known_default();
    match source.as_str() {
        "'none'" => return false,
        "*" => return true,
        "'self'" => return is_own,
        _ => {}
    }
    let (scheme, rest) = match source.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => match source.strip_suffix(':') {
            Some(scheme) => return is_scheme(scheme, socket.scheme()),
            None => (None, source.as_str()),
        },
    };
    if scheme.is_some_and(|scheme| !is_scheme(scheme, socket.scheme())) {
        return false;
    }
    let rest = rest.split('/').next().unwrap_or_default();
    let (name, port) = match rest.rsplit_once(':') {
        Some((name, port)) if port == "*" || port.parse::<u16>().is_ok() => (name, Some(port)),
        _ => (rest, None),
    };
    let has_name = match name.strip_prefix('*') {
        Some(suffix) => host(socket).ends_with(suffix),
        None => host(socket) == name,
    };
    let has_port = match port {
        Some("*") => true,
        Some(port) => port.parse().ok() == socket.port_or_known_default(),
        None => socket.port().is_none(),
    };
    has_name && has_port
}

/// A scheme in a policy also allows its secure form. `https:` is not the one of sockets (CSP 3, section 6.7.2.9).
fn is_scheme(allowed: &str, scheme: &str) -> bool {
    allowed == scheme || (allowed, scheme) == ("ws", "wss")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_allows_a_socket_or_does_not() {
        let page = Url::parse("https://www.example.com/stats").unwrap();
        let socket = Url::parse("wss://chatter.example.com/live").unwrap();
        for (policy, is_allowed) in [
            ("", true),
            ("script-src 'self'", true),
            ("default-src 'self'", false),
            ("default-src 'none'; connect-src wss://chatter.example.com", true),
            ("default-src *; connect-src 'self'", false),
            ("connect-src wss:", true),
            ("connect-src ws:", true),
            ("connect-src https:", false),
            ("connect-src *.example.com", true),
            ("connect-src *.example.org", false),
            ("connect-src wss://chatter.example.com:8443", false),
            ("connect-src wss://chatter.example.com:443/any", true),
            ("connect-src wss://chatter.example.com:*", true),
            ("CONNECT-SRC WSS://CHATTER.EXAMPLE.COM", true),
        ] {
            assert_eq!(allows(policy, &page, &socket), is_allowed, "{policy}");
        }
        let own = Url::parse("wss://www.example.com/chatterbox").unwrap();
        assert!(allows("connect-src 'self'", &page, &own));
    }
}
