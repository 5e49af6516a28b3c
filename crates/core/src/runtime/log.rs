//! Log lines: JSON on standard output, where Lambda picks them up, one at `info` for each event.

use crate::runtime::{function::Function, settings};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Starts logging, at the level that Lambda's own setting says (`AWS_LAMBDA_LOG_LEVEL`, else `info`).
///
/// The Lambda runtime prints whole events at `trace`, and the HTTP libraries print headers: both hold secrets. So
/// the level counts for our own crates only, and the lines of all others stop at `info`.
pub fn init() {
    let level = settings::log_level()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let targets = Targets::new().with_default(level.min(LevelFilter::INFO));
    let ours = Function::ALL.map(Function::name).into_iter().chain(["chatterbox_core"]);
    let targets = targets.with_targets(ours.map(|name| (name, level)));
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
