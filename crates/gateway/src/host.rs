//! A Lambda host: it runs functions as processes that speak the Lambda Runtime API, and gives each one event at a time.
//!
//! From outside in: `Functions` are all functions by name; a `Pool` has the processes of one function and starts them;
//! its `Queue` has the events that wait for a process and the processes that wait for an event; a `Process` is started
//! by a `command`, asks for its events through the `runtime_api`, and its `output` is read and kept (`log_tail`).

mod command;
mod context;
mod functions;
mod invocation;
mod log_tail;
mod output;
mod pool;
mod process;
mod process_group;
mod queue;
mod runtime_api;

pub(crate) use context::EventFault;
pub(crate) use functions::Functions;
pub(crate) use invocation::{Failure, Outcome, Reply, Request};
pub(crate) use pool::Pool;
