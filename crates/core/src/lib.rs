//! The library that the five functions of Chatterbox share. Its rooms, in reading order; each uses only those before it:
//!
//! 0. `backoff`: waits between tries; `lock`: how a mutex is locked; [`json`]: JSON of strangers.
//! 1. `nouns`: values that are valid once they are made: [`Login`], [`ChatterId`], [`ConnectionId`], [`Topic`],
//!    [`Timestamp`], [`Update`].
//! 2. `tables`: DynamoDB: [`Chatters`], [`Connections`], [`Updates`].
//! 3. `handshake`: [`SocketEvent`] (API Gateway's event), [`Handshake`] (the credentials in it), [`Admission`] (the one
//!    transaction over two tables).
//! 4. `protocol`: messages on a socket: [`Incoming`], [`outgoing`], the reply to a [`sync`], and [`MessageHandler`].
//! 5. `http`: signatures, and connections to AWS that are replaced when they break.
//! 6. `sockets`: [`Poster`] sends to a socket, [`Revocation`] closes those of a chatter ID.
//! 7. `notify`: [`Batch`] (what the pipeline sends), [`Notifier`], [`Deferral`].
//! 8. `revoke`: [`Removals`] (chatter IDs that somebody has deleted), [`Revoker`].
//! 9. `runtime`: [`settings`], [`aws`], [`log`], [`metrics`].
//!
//! Only the functions know `lambda_runtime`. Only this crate knows the AWS SDK's requests.

pub mod backoff;
mod handshake;
mod http;
pub mod json;
mod lock;
mod notify;
mod nouns;
mod protocol;
mod revoke;
mod runtime;
mod sockets;
mod tables;
#[cfg(test)]
mod test_support;

pub use handshake::{
    Admission, Caller, CookieNames, EventKind, Handshake, HandshakePolicy, LoggedOrigin, ProxyResponse, Refusal,
    SUBPROTOCOL, SocketEvent, UnreadableEvent, Verdict,
};
pub use notify::{
    Answer, BadEvent, Batch, Deferral, Invocation, ItemFailure, Notification, Notified, Notifier, NotifyError, Outcome,
    Record, Report, Source, StreamWait,
};
#[cfg(feature = "simulated-clock")]
pub use nouns::simulated_clock;
pub use nouns::{
    Body, ChatterHash, ChatterId, Connection, ConnectionId, Cursor, EventTime, Login, OriginSecret, Timestamp, Topic,
    Topics, Update, Version,
};
pub use protocol::{Handled, Incoming, MessageHandler, NotUnderstood, outgoing, sync};
pub use revoke::{Removal, Removals, Revoked, Revoker};
pub use runtime::{
    BackendSettings, CALLBACK_URL, ConnectSettings, DefaultSettings, DisconnectSettings, FromEnvironment, Function,
    Metric, NotifySettings, RevokeSettings, SUMMARIES, SettingsError, Summary, Unit, Weight, aws, log, metrics,
    settings,
};
pub use sockets::{Payload, Posted, Poster, Presence, Revocation};
pub use tables::{Chatters, Connections, Entry, Recorded, Standing, StoreError, Tables, UpdateLog, Updates, schema};
