//! What the gateway is told: which functions there are, which route goes to which of them, and AWS's limits.

mod endpoint;
mod faults;
mod function;
mod limits;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use endpoint::Endpoint;
pub use faults::{Faults, FaultsError};
pub use function::Function;
pub(crate) use function::path_variable;
pub use limits::Limits;

/// An API with one stage, and the functions behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The stage's name: the path of the WebSocket URL, `/{stage}`.
    pub stage: String,
    /// The AWS region that functions are told, and that stands in ARNs.
    pub region: String,
    /// The twelve digits of the account that stand in ARNs.
    pub account: String,
    /// The API's id in events: ten lower-case letters and digits.
    pub api_id: String,
    /// Where the API is served, which its functions are told. `None` tells them nothing.
    pub endpoint: Option<Endpoint>,
    /// The functions by name.
    pub functions: BTreeMap<String, Function>,
    /// The routes by key: `$connect`, `$disconnect`, `$default`, or a value of the message's `action`.
    pub routes: BTreeMap<String, Route>,
    /// AWS's limits, or a test's.
    pub limits: Limits,
    /// Faults to inject from the start. `None` injects none and has no HTTP API that could.
    pub faults: Option<Faults>,
}

/// Where the events of one route go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What answers.
    pub integration: Integration,
    /// Whether the route has a route response: then the answer's `body` goes to the sender.
    pub two_way: bool,
}

/// What answers the events of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integration {
    /// The function of this name (`AWS_PROXY`).
    Lambda(String),
    /// A static response body (`MOCK`).
    Mock(String),
}

/// Why a [`Config`] cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The stage's name is not 1 to 128 letters, digits, `_` or `-`.
    #[error("stage `{0}`: use 1 to 128 letters, digits, `_` or `-`")]
    Stage(String),
    /// The API's id has not AWS's shape.
    #[error("api id `{0}`: use ten lower-case letters and digits")]
    ApiId(String),
    /// A route's key begins with `$`, but is none of the three that AWS knows.
    #[error("route `{0}`: only $connect, $disconnect and $default begin with $")]
    RouteKey(String),
    /// A route names a function that there is not.
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
    /// A function may not have a single process.
    #[error("function `{0}`: max_processes has to be at least 1")]
    NoProcesses(String),
    /// A function's command is nowhere.
    #[error("function `{function}`: there is no command `{}`", command.display())]
    NoCommand {
        /// The function's name.
        function: String,
        /// The command as given.
        command: PathBuf,
    },
    /// A function's command is there, but nobody may run it.
    #[error("function `{function}`: `{}` is not an executable file", command.display())]
    NotExecutable {
        /// The function's name.
        function: String,
        /// The command as given.
        command: PathBuf,
    },
    /// A function is to run where there is no folder.
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

impl Default for Config {
    /// Stage `dev`, no function, no route, AWS's limits.
    fn default() -> Config {
        Config {
            stage: "dev".into(),
            region: "us-east-1".into(),
            account: "000000000000".into(),
            api_id: "local00000".into(),
            endpoint: None,
            functions: BTreeMap::new(),
            routes: BTreeMap::new(),
            limits: Limits::default(),
            faults: None,
        }
    }
}

impl Config {
    /// Finds what cannot work before anything is started.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if !is_name(&self.stage, 128) {
            return Err(ConfigError::Stage(self.stage.clone()));
        }
        let is_symbol = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if self.api_id.len() != 10 || !self.api_id.bytes().all(is_symbol) {
            return Err(ConfigError::ApiId(self.api_id.clone()));
        }
        for (name, function) in &self.functions {
            if !is_name(name, 64) {
                return Err(ConfigError::FunctionName(name.clone()));
            }
            function.check(name)?;
        }
        for (key, route) in &self.routes {
            if key.starts_with('$') && !["$connect", "$disconnect", "$default"].contains(&key.as_str()) {
                return Err(ConfigError::RouteKey(key.clone()));
            }
            if let Integration::Lambda(function) = &route.integration
                && !self.functions.contains_key(function)
            {
                return Err(ConfigError::UnknownFunction {
                    route: key.clone(),
                    function: function.clone(),
                });
            }
        }
        self.faults.as_ref().map_or(Ok(()), Faults::check)?;
        Ok(())
    }

    /// The ARN of a function, as its events and its answers carry it.
    pub(crate) fn arn(&self, function: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{function}", self.region, self.account)
    }
}

impl Route {
    /// A route to a function whose answer nobody sees.
    pub fn lambda(function: impl Into<String>) -> Route {
        Route {
            integration: Integration::Lambda(function.into()),
            two_way: false,
        }
    }

    /// A route to a function whose answer's `body` goes to the sender.
    pub fn two_way(function: impl Into<String>) -> Route {
        Route {
            integration: Integration::Lambda(function.into()),
            two_way: true,
        }
    }

    /// A route that answers each message with the same text, without a function.
    pub fn mock(body: impl Into<String>) -> Route {
        Route {
            integration: Integration::Mock(body.into()),
            two_way: true,
        }
    }
}

fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}
