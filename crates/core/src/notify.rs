//! notify: reads the pipeline's events out of the envelopes around them, records each update, and posts it to every open
//! socket of its login. In reading order: [`Notifier`] (the whole of it), `invocation`, `batch`, `envelopes`,
//! `event_context`, `fields` and `notification` (reading events), `job` (events and their results), `push` and `fan_out`
//! (posting), `surplus` (closing), `steps` (the lines of a traced update), `deferral`, `outcome`, `report`, `stream_wait`,
//! `answer` and `bad_event` (the results).

mod answer;
mod bad_event;
mod batch;
mod deferral;
pub(crate) mod envelopes;
mod event_context;
mod fan_out;
pub(crate) mod fields;
mod invocation;
mod job;
mod logged_id;
mod notification;
mod notifier;
mod outcome;
mod push;
mod report;
mod steps;
mod stream_wait;
mod surplus;

pub use answer::{Answer, ItemFailure, NotifyError};
pub use bad_event::BadEvent;
pub use batch::{Batch, Record, Source};
pub use deferral::Deferral;
pub use invocation::Invocation;
pub use notification::Notification;
pub use notifier::{Notified, Notifier};
pub use outcome::Outcome;
pub use report::Report;
pub use stream_wait::StreamWait;
