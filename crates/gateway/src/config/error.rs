//! The errors of a configuration.

use std::path::PathBuf;

use super::faults::FaultsError;

/// Why a [`Config`](super::Config) cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The stage's name is not 1 to 128 letters, digits, `_` or `-`.
    #[error("stage `{0}`: use 1 to 128 letters, digits, `_` or `-`")]
    Stage(String),
    /// The API's id is not ten lower-case letters and digits.
    #[error("api id `{0}`: use ten lower-case letters and digits")]
    ApiId(String),
    /// A route's key begins with `$`, but is none of the three that AWS knows.
    #[error("route `{0}`: only $connect, $disconnect and $default begin with $")]
    RouteKey(String),
    /// A route names a function that is not configured.
    #[error("route `{route}` names the function `{function}`, which is not configured")]
    UnknownFunction {
        /// The route's key.
        route: String,
        /// The name that it gave.
        function: String,
    },
    /// A function's name is not 1 to 64 letters, digits, `_` or `-`.
    #[error("function `{0}`: its name has to be 1 to 64 letters, digits, `_` or `-`")]
    FunctionName(String),
    /// A function may have no process at all.
    #[error("function `{0}`: max_processes has to be at least 1")]
    NoProcesses(String),
    /// A function's command does not exist.
    #[error("function `{function}`: there is no command `{}`", command.display())]
    NoCommand {
        /// The function's name.
        function: String,
        /// The command as given.
        command: PathBuf,
    },
    /// A function's command is no file, or not executable.
    #[error("function `{function}`: `{}` is not an executable file", command.display())]
    NotExecutable {
        /// The function's name.
        function: String,
        /// The command as given.
        command: PathBuf,
    },
    /// A function's folder does not exist.
    #[error("function `{function}`: `{}` is not a folder", folder.display())]
    NoFolder {
        /// The function's name.
        function: String,
        /// The folder as given.
        folder: PathBuf,
    },
    /// The faults cannot be injected.
    #[error("faults: {0}")]
    Faults(#[from] FaultsError),
}
