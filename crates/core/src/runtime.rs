//! The runtime of a function: settings from the environment, clients of AWS, log lines and metrics.

pub mod aws;
mod environment;
mod function;
pub mod log;
mod metric;
pub mod metrics;
mod name;
pub mod settings;
mod settings_error;
mod summary;

pub use environment::FromEnvironment;
pub use function::Function;
pub use metric::{Metric, Unit};
pub use settings::{
    BackendSettings, CALLBACK_URL, ConnectSettings, DefaultSettings, DisconnectSettings, NotifySettings, RevokeSettings,
};
pub use settings_error::SettingsError;
pub use summary::{SUMMARIES, Summary, Weight};
