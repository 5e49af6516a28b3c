//! Origins: a browser names that of the page that opens a socket in the header `Origin` (RFC 6454, 6.2): `scheme://host` of
//! any scheme, and `:port` unless it is the scheme's own.
//!
//! Handshakes are compared with the list letter by letter, so a value that no browser writes would let nobody in. The same
//! cases hold for the deployment's settings: `infra` reads `tests/origins.json` too.

use url::Url;

/// The problem with a text as an origin, as the end of a sentence that begins with the text; `None` if there is none.
pub(crate) fn problem(text: &str) -> Option<String> {
    if text == "null" {
        return Some(
            "is what browsers send for every sandboxed frame and every file, whoever wrote the page".to_owned(),
        );
    }
    if text.contains('*') {
        return Some("is a pattern: list each origin, or leave the list out to let every page connect".to_owned());
    }
    let Some(written) = as_browsers_write(text) else {
        return Some(
            "is no origin: it must be scheme://host or scheme://host:port, like https://www.example.com".to_owned(),
        );
    };
    (written != text).then(|| format!("is not how a browser writes it: {written}"))
}

/// The origin of a page at this address; `None` if its origin is not distinct from that of other pages (`null`).
fn as_browsers_write(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let scheme = match url.scheme() {
        "file" => return None,
        // The socket's own address, in place of the page's.
        "ws" => "http",
        "wss" => "https",
        scheme => scheme,
    };
    let host = url.host_str()?.to_lowercase();
    let name = host.strip_suffix('.').unwrap_or(&host);
    let is_written = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    if !host.starts_with('[') && !name.split('.').all(is_written) {
        return None;
    }
    // The library leaves out a port that is the scheme's own, as browsers do.
    let port = url.port().filter(|port| *port != 0);
    Some(format!(
        "{scheme}://{host}{}",
        port.map(|port| format!(":{port}")).unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_cases_that_core_and_infra_share_hold() {
        let cases: Vec<Value> = serde_json::from_str(include_str!("../../tests/origins.json")).unwrap();
        assert!(cases.len() > 25);
        for case in cases {
            let problem = problem(case["origin"].as_str().unwrap());
            assert_eq!(problem.is_none(), case["ok"], "{case}: {problem:?}");
        }
    }

    #[test]
    fn the_error_for_a_value_that_is_nearly_right_has_the_right_one() {
        for (text, right) in [
            ("https://www.example.com:443", "https://www.example.com"),
            ("https://WWW.example.com/", "https://www.example.com"),
            ("wss://socks.example.com", "https://socks.example.com"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080"),
        ] {
            assert!(problem(text).unwrap().ends_with(right), "{text}");
        }
    }
}
