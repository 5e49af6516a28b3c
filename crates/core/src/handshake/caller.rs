//! The caller of a handshake, as far as a log may say: its address and the origin of its page.
//!
//! Anybody may write anything into a handshake, and a client may put the chatter ID into a wrong place. So what is told is
//! only what has the form that it ought to have, and room for no chatter ID.

use super::{SocketEvent, origin};
use std::{fmt, net::IpAddr};

/// The caller of a handshake. Both parts are safe to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The address that API Gateway saw. Where CloudFront or another proxy stands before it, the proxy's.
    pub address: Option<IpAddr>,
    /// The origin of the page; `None` without the header, which no browser leaves out.
    pub origin: Option<LoggedOrigin>,
}

/// What a log may say of a header `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggedOrigin {
    /// An origin as a browser writes it, of at most [`LoggedOrigin::MAX_BYTES`].
    Is(String),
    /// The origin of sandboxed frames and files.
    Null,
    /// There are several that differ.
    Several,
    /// It could be a chatter ID, or hold one.
    Withheld,
    /// It is not as a browser writes it, or too long.
    Unreadable,
}

impl Caller {
    /// The caller in an event.
    pub fn of(event: &SocketEvent) -> Caller {
        let mut origins = event.header("origin");
        origins.dedup();
        Caller {
            address: event.source_ip().and_then(|address| address.parse().ok()),
            origin: match origins[..] {
                [] => None,
                [origin] => Some(LoggedOrigin::of(origin)),
                [..] => Some(LoggedOrigin::Several),
            },
        }
    }
}

impl LoggedOrigin {
    /// The longest origin that is told. A host has at most 253 bytes.
    pub const MAX_BYTES: usize = 300;

    fn of(text: &str) -> LoggedOrigin {
        if text == "null" {
            LoggedOrigin::Null
        } else if may_hold_chatter_id(text) {
            LoggedOrigin::Withheld
        } else if text.len() <= Self::MAX_BYTES && origin::problem(text).is_none() {
            LoggedOrigin::Is(text.to_owned())
        } else {
            LoggedOrigin::Unreadable
        }
    }
}

impl fmt::Display for LoggedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LoggedOrigin::Is(origin) => origin,
            LoggedOrigin::Null => "null",
            LoggedOrigin::Several => "(several)",
            LoggedOrigin::Withheld => "(withheld: it may hold a chatter ID)",
            LoggedOrigin::Unreadable => "(not an origin)",
        })
    }
}

/// Whether a text has as many hexadecimal digits in a row as a UUID, with anything but letters and digits between them.
/// base64 needs no look: it has capital letters, which no origin has as a browser writes it.
fn may_hold_chatter_id(text: &str) -> bool {
    const DIGITS: usize = 32;
    let mut in_a_row = 0;
    text.chars().filter(char::is_ascii_alphanumeric).any(|c| {
        in_a_row = if c.is_ascii_hexdigit() { in_a_row + 1 } else { 0 };
        in_a_row == DIGITS
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json, value::RawValue};

    fn caller(address: &Value, origins: &[&str]) -> Caller {
        let event = json!({
            "requestContext": {"connectionId": "A=", "eventType": "CONNECT", "identity": {"sourceIp": address}},
            "multiValueHeaders": {"oRIGIN": origins},
        });
        Caller::of(&SocketEvent::parse(&RawValue::from_string(event.to_string()).unwrap()).unwrap())
    }

    fn told(origin: &str) -> String {
        caller(&Value::Null, &[origin]).origin.unwrap().to_string()
    }

    #[test]
    fn an_address_is_told_if_it_is_one() {
        for (address, told) in [
            (json!("203.0.113.7"), Some("203.0.113.7")),
            (json!("2001:db8::7"), Some("2001:db8::7")),
            (json!("203.0.113.7, 10.0.0.1"), None),
            (json!("3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b"), None),
            (Value::Null, None),
        ] {
            let address = caller(&address, &[]).address.map(|address| address.to_string());
            assert_eq!(address.as_deref(), told);
        }
    }

    #[test]
    fn an_origin_is_told_as_a_browser_writes_it_and_anything_else_in_a_word() {
        let long = format!("https://{}example", "x.".repeat(150));
        for (origin, expected) in [
            ("https://www.example.com", "https://www.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("null", "null"),
            ("", "(not an origin)"),
            ("https://www.example.com/path?chatter=1", "(not an origin)"),
            ("https://WWW.example.com", "(not an origin)"),
            ("https://a.example\n{\"level\":\"ERROR\"}", "(not an origin)"),
            ("https://a.example\u{1b}[2J", "(not an origin)"),
            (&long, "(not an origin)"),
        ] {
            assert_eq!(told(origin), expected, "{origin:?}");
        }
        assert_eq!(caller(&Value::Null, &[]).origin, None);
        let several = ["https://a.example", "https://b.example"];
        assert_eq!(caller(&Value::Null, &several).origin, Some(LoggedOrigin::Several));
        let same = ["https://a.example", "https://a.example"];
        assert_eq!(
            caller(&Value::Null, &same).origin,
            Some(LoggedOrigin::Is("https://a.example".to_owned()))
        );
    }

    proptest! {
        #[test]
        fn a_chatter_id_is_withheld_wherever_it_stands_and_whatever_is_between_its_digits(
            bytes in any::<[u8; 16]>(), between in "[.:_-]{0,2}", scheme in "(https?|app)://", rest in "(\\.example(:8080)?)?",
        ) {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let origin = format!("{scheme}{}{rest}", digits.join(&between));
            prop_assert_eq!(told(&origin), "(withheld: it may hold a chatter ID)");
            prop_assert_eq!(told(&origin.to_uppercase()), "(withheld: it may hold a chatter ID)");
        }

        #[test]
        fn what_is_told_is_short_and_on_one_line(origin in "(https://)?.{0,400}") {
            let told = told(&origin);
            prop_assert!(told.len() <= LoggedOrigin::MAX_BYTES && !told.contains(char::is_control));
        }
    }
}
