//! The HTTP APIs beside the sockets: `@connections`, and Lambda's Invoke.

mod client_context;
pub(crate) mod invoke;
pub(crate) mod management;
