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
    /// A stage variable's name or value has a symbol that API Gateway does not take.
    #[error(
        "stage variable `{0}`: its name has to be letters, digits and `_`, its value letters, digits and -._~:/?#&=,"
    )]
    StageVariable(String),
    /// An API key is not 20 to 128 letters, digits, `_` or `-`. The error does not show it.
    #[error("an API key: it has to be 20 to 128 letters, digits, `_` or `-`")]
    ApiKey,
    /// A custom domain is no host name.
    #[error("domain `{0}`: use a host name in lower case, without scheme and port")]
    DomainName(String),
    /// The path of a custom domain is not one segment.
    #[error("domain path `{0}`: use one segment of letters, digits and $-_.+!*'(), without slashes")]
    DomainPath(String),
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
    /// A mock has a word of Apache Velocity that this gateway does not know.
    #[error(
        "route `{route}`: its mock has `{word}`, but of Velocity only $context.…, $stageVariables.… and ${{…}} around them are \
         known here"
    )]
    Mock {
        /// The route's key.
        route: String,
        /// The word.
        word: String,
    },
    /// The authorizer names a function that is not configured.
    #[error("the authorizer names the function `{0}`, which is not configured")]
    UnknownAuthorizer(String),
    /// There is an authorizer, but no route `$connect`, which is the only one that can have one.
    #[error("there is an authorizer, but no route $connect, which would ask it")]
    NothingToAuthorize,
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

impl ConfigError {
    /// The function that is wrong, if it is one.
    pub fn function(&self) -> Option<&str> {
        match self {
            ConfigError::FunctionName(function)
            | ConfigError::NoProcesses(function)
            | ConfigError::NoCommand { function, .. }
            | ConfigError::NotExecutable { function, .. }
            | ConfigError::NoFolder { function, .. } => Some(function),
            _ => None,
        }
    }

    /// The key of the route that is wrong, if it is one.
    pub fn route(&self) -> Option<&str> {
        match self {
            ConfigError::RouteKey(route)
            | ConfigError::UnknownFunction { route, .. }
            | ConfigError::Mock { route, .. } => Some(route),
            _ => None,
        }
    }
}
