//! The names of a request's headers as the client spelled them. The HTTP library lowers their case, and AWS does not.

use std::collections::HashMap;

use axum::http::HeaderName;

/// The spellings of header names in one request, by the name in lower case.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// Finds the head of a request in the last bytes that came from its client, and reads the names in it. The request
    /// is the one with this value of `Sec-WebSocket-Key`, which is unique. The bytes before it may be other requests
    /// and their bodies.
    pub(crate) fn find(bytes: &[u8], key: &[u8]) -> Names {
        let windows = || bytes.windows(key.len().max(1));
        let Some(at) = windows().rposition(|window| window == key) else {
            return Names::default();
        };
        let rest = bytes[at..].split_inclusive(|byte| *byte == b'\n');
        let head = rest
            .take_while(|line| !line.trim_ascii().is_empty())
            .map(<[u8]>::len)
            .sum::<usize>();
        let lines = bytes[..at + head].split(|byte| *byte == b'\n');
        let names = lines.filter_map(|line| {
            let (name, _) = line.split_at_checked(line.iter().position(|byte| *byte == b':')?)?;
            let name = str::from_utf8(name).ok()?;
            Some((name.to_ascii_lowercase(), name.to_owned()))
        });
        // Where two lines have one name, the later one stands: it belongs to this request.
        Names(names.collect())
    }

    /// The name as the client spelled it; if that is not known, as browsers do.
    pub(crate) fn spell(&self, name: &HeaderName) -> String {
        self.0
            .get(name.as_str())
            .cloned()
            .unwrap_or_else(|| as_browsers_do(name.as_str()))
    }
}

fn as_browsers_do(name: &str) -> String {
    let spell = |part: &str| match part {
        "websocket" => "WebSocket".to_owned(),
        "" => String::new(),
        _ => part[..1].to_ascii_uppercase() + &part[1..],
    };
    name.split('-').map(spell).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(bytes: &str, names: &[&'static str]) -> Vec<String> {
        let found = Names::find(bytes.as_bytes(), b"k==");
        names
            .iter()
            .map(|name| found.spell(&HeaderName::from_static(name)))
            .collect()
    }

    #[test]
    fn names_are_spelled_as_in_the_head_with_the_key() {
        let head = "GET /dev HTTP/1.1\r\nHOST: a:1\r\nsec-websocket-KEY: k==\r\nx-A: 1\r\n\r\n";
        let names = ["host", "sec-websocket-key", "x-a"];
        let expected = ["HOST", "sec-websocket-KEY", "x-A"];
        assert_eq!(spelled(head, &names), expected);
        assert_eq!(spelled(&head.replace('\r', ""), &names), expected);
        let before = "POST / HTTP/1.1\r\nHost: a\r\nX-a: 2\r\n\r\nX-A: body\r\n\r\nx-a: body";
        assert_eq!(spelled(&format!("{before}{head}"), &names), expected);
        assert_eq!(spelled(&format!("{head}X-A: a frame"), &names), expected);
    }

    #[test]
    fn without_a_head_names_are_spelled_as_browsers_do() {
        let expected = ["Host", "Sec-WebSocket-Key", "X--A"];
        for bytes in ["", "GET /dev HTTP/1.1\r\nHOST: a\r\n\r\n"] {
            assert_eq!(spelled(bytes, &["host", "sec-websocket-key", "x--a"]), expected);
        }
        assert_eq!(Names::find(b"a: b", b"").spell(&HeaderName::from_static("a")), "A");
    }
}
