//! The rules of a page, as a state machine without sockets, clocks and threads: what a client of Chatterbox shows, asks and
//! remembers, so that no update is lost. They are those of the browser client in `web`, and of `docs/protocol.md` (R4 to
//! R10); the same traces of the model check both.
//!
//! A [`Page`] is told what happens: a socket [opened](Page::opened), a text was [received](Page::received), the socket was
//! [lost](Page::lost), [time](Page::time) has passed. It answers with an [`Output`]: what to show, what to send, whether to
//! hang up. [`Page::deadline`] says when it wants to be told the time. The caller has the socket, and decides when to open
//! another one; [`timing`] has the waits of the browser client.
//!
//! ```
//! use chatterbox_page::{Options, Page, Request};
//! use std::time::Duration;
//!
//! let options = Options { login: "friendless".to_owned(), ..Options::default() };
//! let mut page = Page::new(options, Duration::ZERO);
//!
//! // A socket has opened: the page asks at once what it has missed.
//! let output = page.opened(Duration::from_millis(80));
//! assert_eq!(output.sends[0].to_text(), r#"{"action":"sync","login":"friendless","cursor":null,"n":1}"#);
//!
//! // The login has no updates yet.
//! let reply = r#"{"type":"sync","n":1,"cursor":null,"missed":null,"reset":false,"more":false,"updates":[]}"#;
//! assert!(page.received(reply, Duration::from_millis(140)).synced.is_some());
//!
//! // The first update is pushed. Only the reply to a sync can tell which log is the current one, so the page asks.
//! let push = r#"{"type":"stats-updated","topics":["plays"],"epoch":"E","version":1,"prev":0,"id":"i","at":"2026-01-31T09:00:00Z","body":{}}"#;
//! let output = page.received(push, Duration::from_secs(9));
//! assert!(matches!(output.sends[..], [Request::Sync { n: 2, .. }]));
//! let reply = r#"{"type":"sync","n":2,"cursor":{"epoch":"E","version":1},"missed":null,"reset":false,"more":false,
//!     "updates":[{"topics":["plays"],"version":1,"id":"i","at":"2026-01-31T09:00:00Z","body":{}}]}"#;
//! let output = page.received(reply, Duration::from_secs(10));
//! assert_eq!(output.shows[0].topics, ["plays"]);
//!
//! // While all is quiet, the page wants to know when it is time for a heartbeat.
//! assert_eq!(page.deadline(), Some(Duration::from_secs(250)));
//! ```
//!
//! In reading order: `timing` has the times, `wire` the messages, `topics` the lists of topics, `replica` what the page has
//! seen, `heart` whether the socket is alive, `output` what follows from something that happened, `page` all of it together.

mod heart;
mod output;
mod page;
mod replica;
pub mod timing;
mod topics;
mod wire;

pub use output::{HangUp, Output, Synced, Update};
pub use page::{Options, Page};
pub use replica::Replica;
pub use topics::Topics;
pub use wire::{Closing, Cursor, Entry, Failure, Message, Push, Reply, Request};
