//! What the four functions of Chatterbox share. Read it in this order:
//!
//! 1. Nouns, which are made in one place and valid ever after: [`Login`], [`ChatterId`], [`ConnectionId`], [`Topic`],
//!    [`Timestamp`], [`Update`].
//! 2. What comes in: [`SocketEvent`] (API Gateway), [`Credentials`] (a handshake), [`Incoming`] (a browser's message),
//!    [`Batch`] (what the pipeline sends to notify).
//! 3. The tables: [`Chatters`], [`Connections`], [`Updates`], and [`Admission`], the one transaction over two of them.
//! 4. What is done with them: [`sync`], [`Notifier`] with its [`Poster`] and [`Deferral`], [`Revocation`].
//! 5. The edges: [`Settings`], [`aws`], [`log`], [`metrics`].
//!
//! Nothing here knows Lambda: the functions do. Nothing but this crate knows the AWS SDK's requests.

mod admission;
pub mod aws;
mod backoff;
mod bad_event;
mod batch;
mod callback;
mod chatter_id;
mod chatters;
mod connection;
mod connections;
mod credentials;
mod cursor;
mod deferral;
mod envelopes;
mod event;
mod event_time;
mod fan_out;
mod fields;
mod incoming;
mod invocation;
mod item;
mod last_try;
pub mod log;
mod login;
pub mod message;
pub mod metrics;
mod notification;
mod notifier;
mod origin;
mod outer;
mod poster;
mod reconnector;
mod report;
mod revocation;
pub mod schema;
mod settings;
mod signer;
mod store_error;
pub mod sync;
#[cfg(test)]
mod test_support;
mod time;
mod topic;
mod update;
mod updates;

pub use admission::Admission;
pub use bad_event::BadEvent;
pub use batch::{Batch, Record, Source};
pub use callback::Message;
pub use chatter_id::{ChatterHash, ChatterId};
pub use chatters::Chatters;
pub use connection::{Connection, ConnectionId};
pub use connections::Connections;
pub use credentials::{Carriers, CookieNames, Credentials, Refusal, SUBPROTOCOL};
pub use cursor::{Cursor, Version};
pub use deferral::Deferral;
pub use event::{EventKind, Reply, SocketEvent, UnreadableEvent};
pub use event_time::EventTime;
pub use incoming::{Incoming, NotUnderstood};
pub use invocation::Invocation;
pub use login::Login;
pub use notification::Notification;
pub use notifier::{Notified, Notifier};
pub use poster::{Delivery, Poster};
pub use report::{Answer, ItemFailure, NotifyError, Outcome, Report};
pub use revocation::Revocation;
pub use settings::{CALLBACK_URL, Settings, SettingsError, Tables};
pub use store_error::StoreError;
pub use time::Timestamp;
pub use topic::{Topic, Topics};
pub use update::{Body, Update};
pub use updates::{Entry, Log, Recorded, Updates};
