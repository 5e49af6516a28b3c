//! The configuration of a gateway: its functions, which route goes to which of them, AWS's limits, faults.

mod endpoint;
mod error;
mod faults;
mod function;
mod limits;
mod route;
mod route_selection;

use std::collections::BTreeMap;

pub use endpoint::Endpoint;
pub use error::ConfigError;
pub use faults::{Faults, FaultsError};
pub use function::Function;
pub(crate) use function::path_variable;
pub use limits::Limits;
pub use route::{Integration, Route, Throttle};
pub use route_selection::RouteSelection;

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
    /// How a message names its route.
    pub route_selection: RouteSelection,
    /// The routes by key: `$connect`, `$disconnect`, `$default`, or what the route selection expression makes of a message.
    pub routes: BTreeMap<String, Route>,
    /// AWS's limits, or a test's.
    pub limits: Limits,
    /// Faults to inject from the start. `None` injects none and has no HTTP API that could.
    pub faults: Option<Faults>,
}

impl Default for Config {
    /// Stage `dev`, no function, no route, which `$request.body.action` would select, AWS's limits.
    fn default() -> Config {
        Config {
            stage: "dev".into(),
            region: "us-east-1".into(),
            account: "000000000000".into(),
            api_id: "local00000".into(),
            endpoint: None,
            functions: BTreeMap::new(),
            route_selection: RouteSelection::default(),
            routes: BTreeMap::new(),
            limits: Limits::default(),
            faults: None,
        }
    }
}

impl Config {
    /// Checks the configuration before anything is started.
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

fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}
