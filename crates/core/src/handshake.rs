//! The handshake: the event that API Gateway sends for a socket, the credentials in it, and the transaction that lets it
//! in.

mod admission;
mod caller;
mod carriers;
mod event;
pub(crate) mod origin;
mod policy;
mod refusal;
mod request;

pub use admission::{Admission, Verdict};
pub use caller::{Caller, LoggedOrigin};
pub use event::{EventKind, ProxyResponse, SocketEvent, UnreadableEvent};
pub use policy::{CookieNames, HandshakePolicy};
pub use refusal::Refusal;
pub use request::{Handshake, SUBPROTOCOL};
