//! The configuration of a gateway: its functions, which route goes to which of them, AWS's limits, faults.

mod authorizer;
mod domain;
mod endpoint;
mod error;
mod faults;
mod function;
mod limits;
mod mock;
mod route;
mod route_selection;

use std::collections::BTreeMap;

pub use authorizer::{Authorizer, IdentitySource};
pub use domain::Domain;
pub use endpoint::Endpoint;
pub use error::ConfigError;
pub use faults::{Faults, FaultsError};
pub use function::Function;
pub(crate) use function::path_variable;
pub use limits::Limits;
pub(crate) use mock::MockText;
pub use route::{Integration, Route, Throttle};
pub use route_selection::RouteSelection;

/// An API with one stage, and the functions behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The stage's name: the path of the WebSocket URL, `/{stage}`.
    pub stage: String,
    /// The stage's variables, which every event has: names of letters, digits and `_`.
    pub stage_variables: BTreeMap<String, String>,
    /// A name of its own for the API. `None` leaves it the stage's path.
    pub domain: Option<Domain>,
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
    /// Who is asked before `$connect`. `None` lets every client come to `$connect`.
    pub authorizer: Option<Authorizer>,
    /// API keys: a client has to send one of them in the header `x-api-key` of its handshake. None asks for no key.
    pub api_keys: Vec<String>,
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
            stage_variables: BTreeMap::new(),
            domain: None,
            region: "us-east-1".into(),
            account: "000000000000".into(),
            api_id: "local00000".into(),
            endpoint: None,
            functions: BTreeMap::new(),
            route_selection: RouteSelection::default(),
            routes: BTreeMap::new(),
            authorizer: None,
            api_keys: Vec::new(),
            limits: Limits::default(),
            faults: None,
        }
    }
}

impl Config {
    /// All that is wrong with it, so that it cannot be run. [`Gateway::start`](crate::Gateway::start) refuses it with the first.
    pub fn problems(&self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        if !is_name(&self.stage, 128) {
            problems.push(ConfigError::Stage(self.stage.clone()));
        }
        let is_symbol = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if self.api_id.len() != 10 || !self.api_id.bytes().all(is_symbol) {
            problems.push(ConfigError::ApiId(self.api_id.clone()));
        }
        let variables = self.stage_variables.iter();
        let variables = variables.filter(|(name, value)| !is_stage_variable(name, value));
        problems.extend(variables.map(|(name, _)| ConfigError::StageVariable(name.clone())));
        problems.extend(self.domain.iter().filter_map(|domain| domain.check().err()));
        if self.api_keys.iter().any(|key| !is_api_key(key)) {
            problems.push(ConfigError::ApiKey);
        }
        for (name, function) in &self.functions {
            if !is_name(name, 64) {
                problems.push(ConfigError::FunctionName(name.clone()));
            }
            problems.extend(function.check(name).err());
        }
        let routes = self.routes.iter();
        problems.extend(routes.filter_map(|(key, route)| self.check_route(key, route).err()));
        problems.extend(
            self.authorizer
                .iter()
                .filter_map(|asked| self.check_authorizer(asked).err()),
        );
        let faults = self.faults.as_ref().map_or(Ok(()), Faults::check);
        problems.extend(faults.err().map(ConfigError::Faults));
        problems
    }

    /// Checks the configuration before anything is started.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    fn check_route(&self, key: &str, route: &Route) -> Result<(), ConfigError> {
        if key.starts_with('$') && !["$connect", "$disconnect", "$default"].contains(&key) {
            return Err(ConfigError::RouteKey(key.to_owned()));
        }
        match &route.integration {
            Integration::Lambda(function) if !self.functions.contains_key(function) => {
                Err(ConfigError::UnknownFunction {
                    route: key.to_owned(),
                    function: function.clone(),
                })
            }
            Integration::Lambda(_) => Ok(()),
            Integration::Mock(text) => match MockText::parse(text) {
                Ok(_) => Ok(()),
                Err(word) => Err(ConfigError::Mock {
                    route: key.to_owned(),
                    word,
                }),
            },
        }
    }

    fn check_authorizer(&self, authorizer: &Authorizer) -> Result<(), ConfigError> {
        if !self.functions.contains_key(&authorizer.function) {
            return Err(ConfigError::UnknownAuthorizer(authorizer.function.clone()));
        }
        if !self.routes.contains_key("$connect") {
            return Err(ConfigError::NothingToAuthorize);
        }
        Ok(())
    }

    /// The ARN of a route, as an authorizer's policy has it.
    pub(crate) fn method_arn(&self, route: &str) -> String {
        let Config {
            region,
            account,
            api_id,
            stage,
            ..
        } = self;
        format!("arn:aws:execute-api:{region}:{account}:{api_id}/{stage}/{route}")
    }

    /// The ARN of a function, as its events and its answers carry it.
    pub(crate) fn arn(&self, function: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{function}", self.region, self.account)
    }
}

/// What API Gateway takes as the value of a key: 20 to 128 letters and digits, and `-` and `_`.
fn is_api_key(key: &str) -> bool {
    is_name(key, 128) && key.len() >= 20
}

fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// The names and values that API Gateway takes.
fn is_stage_variable(name: &str, value: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_symbol = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#&=,".contains(&byte);
    !name.is_empty() && name.bytes().all(is_word) && value.bytes().all(is_symbol)
}
