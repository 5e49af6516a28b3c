//! The runtime of a function: settings from the environment, clients of AWS, log lines and metrics.

pub mod aws;
pub mod log;
pub mod metrics;
mod settings;

pub use settings::{CALLBACK_URL, Settings, SettingsError};
