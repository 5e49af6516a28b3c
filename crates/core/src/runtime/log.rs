//! Log lines: JSON on standard output, where Lambda picks them up, one at `info` for each event.

use crate::runtime::settings;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Our own crates; everyone else's lines stop at `info`.
const OURS: [&str; 5] = ["chatterbox_core", "connect", "disconnect", "default", "notify"];

/// Starts logging, at the level that Lambda's own setting says (`AWS_LAMBDA_LOG_LEVEL`, else `info`).
///
/// The Lambda runtime prints whole events at `trace`, and the HTTP libraries print headers: both hold secrets, so no
/// setting lets them speak below `info`.
pub fn init() {
    let level = settings::log_level()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let targets = Targets::new().with_default(level.min(LevelFilter::INFO));
    let targets = OURS
        .into_iter()
        .fold(targets, |targets, name| targets.with_target(name, level));
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
