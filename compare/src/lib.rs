//! What the usual way loses. Two systems go through the same chaos, by the same seed: the functions and the page that
//! tutorials show (`examples/tutorial`), and Chatterbox with pages of `chatterbox-page`. Both run as real programs behind
//! the local gateway, over real sockets, and at the end each is asked what its pages have missed.
//!
//! In reading order: `plan` has what happens and when, `site` the data that a page is loaded with, `system` the two systems,
//! `pipeline` those who send updates, `page` and `browser` those who are to see them, `sockets` what the gateway says of
//! them, `rows` what the tables say, `run` all of it for one system, `outcome` what was counted, `table` how it is printed.

mod browser;
mod outcome;
mod page;
mod pipeline;
mod plan;
mod rows;
mod run;
mod site;
mod sockets;
mod system;
mod table;

pub use outcome::Outcome;
pub use plan::Plan;
pub use run::run;
pub use system::Side;
pub use table::table;

/// The result of a step. The error is a text for whoever started the program.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
