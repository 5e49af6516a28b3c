//! The HTTP APIs beside the sockets: `management` is API Gateway's `@connections`, `invoke` is Lambda's Invoke, with
//! the `client_context` that a caller may send.

mod client_context;
mod invoke;
mod management;

pub(crate) use invoke::invoke;
pub(crate) use management::{Post, delete, deliver, get, post};
