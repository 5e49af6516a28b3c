//! The flags of the command, and the configuration that they make.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chatterbox_gateway::{Access, Authorizer, Config, Faults, Function, IdentitySource, Limits, Route, RouteSelection};
use clap::Parser;

use crate::manual::Manual;
use crate::setup::Setup;
use crate::{file, handler, template};

/// A local API Gateway WebSocket API and Lambda host.
#[derive(Debug, Clone, Parser)]
#[command(name = "gateway", after_help = EXAMPLE)]
pub(crate) struct Options {
    /// The file that describes the API, in place of the flags that do so; by default `gateway.toml` in the present folder, if
    /// there is one and no flag has a function or route
    #[arg(long, value_name = "FILE", conflicts_with_all = DESCRIBED, conflicts_with_all = IN_THE_FILE_ALONE)]
    config: Option<PathBuf>,
    /// The CloudFormation template that describes the API, of CDK or SAM: `cdk.out/NAME.template.json`, `template.yaml`
    #[arg(long, value_name = "FILE", conflicts_with = "config", conflicts_with_all = DESCRIBED)]
    template: Option<PathBuf>,
    /// The folder where the functions of --template are, each by its name; by default they are where CDK has put them
    #[arg(long, value_name = "FOLDER", requires = "template")]
    function_dir: Option<PathBuf>,
    /// Takes up programs and the file of --config or --template when they change
    #[arg(long)]
    pub(crate) watch: bool,
    /// The port on 127.0.0.1; 0 is any free one; 8080 unless the file of --config has another
    #[arg(long)]
    port: Option<u16>,
    /// The stage: the path of the WebSocket URL
    #[arg(long, default_value = "dev")]
    stage: String,
    /// Serves https and wss with a new certificate, and writes the certificate that clients have to trust into this
    /// file
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
    /// A further name of this machine, of a tunnel or a container, by which it may be called; it may be repeated
    #[arg(long = "allow-host", value_name = "NAME", value_parser = Access::parse_host)]
    hosts: Vec<String>,
    /// An origin whose pages may open sockets, beside those of this machine; it may be repeated
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_parser = Access::parse_origin)]
    origins: Vec<String>,
    /// The region that functions are told
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// A function: its name and its command, whose words are separated by spaces
    #[arg(long = "function", value_name = "NAME=COMMAND", value_parser = pair)]
    functions: Vec<(String, String)>,
    /// A function that is a handler for Node or Python, in a file: `chat=src/app.handler` is `handler` in `src/app.mjs`, `.js`,
    /// `.cjs` or `.py`
    #[arg(long = "handler", value_name = "NAME=HANDLER", value_parser = pair)]
    handlers: Vec<(String, String)>,
    /// The folder in which a function runs; by default the one of its command, or the present one if that is a bare
    /// name
    #[arg(long = "folder", value_name = "NAME=FOLDER", value_parser = pair)]
    folders: Vec<(String, String)>,
    /// The route selection expression: what it makes of a message is the key of the message's route
    #[arg(long, value_name = "EXPRESSION", default_value = "$request.body.action")]
    route_selection: RouteSelection,
    /// A route to a function
    #[arg(long = "route", value_name = "KEY=FUNCTION", value_parser = pair)]
    routes: Vec<(String, String)>,
    /// A route (of --route) whose function's answer goes to the sender
    #[arg(long = "two-way", value_name = "KEY")]
    two_way: Vec<String>,
    /// A route that answers each message with the same text
    #[arg(long = "mock", value_name = "KEY=TEXT", value_parser = pair)]
    mocks: Vec<(String, String)>,
    /// The function that is asked before `$connect`: a Lambda authorizer
    #[arg(long, value_name = "FUNCTION")]
    authorizer: Option<String>,
    /// What a handshake has to have for the authorizer, such as `route.request.querystring.token`; it may be repeated
    #[arg(long = "identity-source", value_name = "SOURCE", requires = "authorizer")]
    identity_sources: Vec<IdentitySource>,
    /// An API key, one of which a handshake has to have in the header `x-api-key`; it may be repeated
    #[arg(long = "api-key", value_name = "KEY")]
    api_keys: Vec<String>,
    /// A variable for every function's environment
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair)]
    environment: Vec<(String, String)>,
    /// The memory that functions are told they have, in MB
    #[arg(long, default_value_t = 128)]
    memory: u32,
    /// Seconds after which a function's process is killed
    #[arg(long, default_value = "3", value_parser = seconds)]
    function_timeout: Duration,
    /// The most processes that a function may have at a time
    #[arg(long, default_value_t = 16)]
    processes: usize,
    /// Seconds without a message after which a socket is closed
    #[arg(long, default_value = "600", value_parser = seconds)]
    idle_timeout: Duration,
    /// Seconds after which a socket is closed in any case
    #[arg(long, default_value = "7200", value_parser = seconds)]
    life: Duration,
    /// Seconds that an integration may take
    #[arg(long, default_value = "29", value_parser = seconds)]
    integration_timeout: Duration,
    /// The limit of new sockets a second; `none` is no limit
    #[arg(long, default_value = "500", value_parser = rate)]
    connects_per_second: Rate,
    /// A route's own limit (of --route or --mock): requests a second, and at once; it may be repeated
    #[arg(long = "throttle", value_name = "KEY=RATE,BURST", value_parser = pair)]
    throttles: Vec<(String, String)>,
    /// The limit of messages and posts a second; `none` is no limit
    #[arg(long, default_value = "10000", value_parser = rate)]
    requests_per_second: Rate,
    /// Seconds before each further attempt at an asynchronous event that failed
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', default_value = "60,120", value_parser = seconds)]
    retry_delays: Vec<Duration>,
    /// Injects these faults, such as `{"postsLost":0.1}`, and opens `/_gateway/faults` to change them; `{}` is none at
    /// first
    #[arg(long, value_name = "JSON", value_parser = faults)]
    faults: Option<Faults>,
    /// Prints each thing that happens, and why a function failed in its own words, to standard error
    #[arg(long, short)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) manual: Manual,
}

const EXAMPLE: &str = "Example:
  gateway --function echo=./bootstrap --route '$connect=echo' --route '$default=echo' --two-way '$default' \\
          --mock 'ping={\"type\":\"pong\"}' --env NAME=VALUE";

/// A rate, or no limit. A bare `Option` would mean to clap that the flag is optional.
#[derive(Debug, Clone, Copy)]
struct Rate(Option<u32>);

/// The flags for which a file and a template have their own words.
const DESCRIBED: [&str; 13] = [
    "stage",
    "functions",
    "handlers",
    "folders",
    "route_selection",
    "routes",
    "two_way",
    "mocks",
    "authorizer",
    "api_keys",
    "memory",
    "function_timeout",
    "throttles",
];

/// The flags for which a file has its own words, and a template has none.
const IN_THE_FILE_ALONE: [&str; 10] = [
    "region",
    "processes",
    "idle_timeout",
    "life",
    "integration_timeout",
    "connects_per_second",
    "requests_per_second",
    "retry_delays",
    "hosts",
    "origins",
];

impl Options {
    /// The file that describes the API, if one does.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let is_described =
            !(self.functions.is_empty() && self.handlers.is_empty() && self.routes.is_empty() && self.mocks.is_empty());
        let found = PathBuf::from(file::NAME);
        let found = (!is_described && found.is_file()).then_some(found);
        self.template.clone().or(self.config.clone()).or(found)
    }

    /// What the flags and the file say. A port, TLS, faults and variables of the flags go before those of the file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn setup(&self) -> Result<Setup, String> {
        self.unchecked()?.checked()
    }

    fn unchecked(&self) -> Result<Setup, String> {
        let environment = unique("--env", self.environment.clone())?;
        let mut setup = match (&self.template, self.file()) {
            (Some(template), _) => self.of_template(template)?,
            (None, Some(file)) => file::read(&file)?,
            (None, None) => Setup {
                config: self.clone().config()?,
                port: Setup::PORT,
                access: self.access(),
                ..Setup::default()
            },
        };
        for function in setup.config.functions.values_mut() {
            function.environment.extend(environment.clone());
        }
        setup.config.faults = self.faults.clone();
        setup.port = self.port.unwrap_or(setup.port);
        setup.tls = self.tls.clone().or(setup.tls);
        Ok(setup)
    }

    fn of_template(&self, template: &Path) -> Result<Setup, String> {
        let mut setup = template::read(template, self.function_dir.as_deref(), &self.region)?;
        setup.config.limits = self.limits();
        for function in setup.config.functions.values_mut() {
            function.max_processes = self.processes;
        }
        setup.access = self.access();
        Ok(setup)
    }

    fn access(&self) -> Access {
        Access {
            hosts: self.hosts.clone(),
            origins: self.origins.clone(),
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            idle: self.idle_timeout,
            life: self.life,
            integration: self.integration_timeout,
            connects_per_second: self.connects_per_second.0,
            requests_per_second: self.requests_per_second.0,
            async_retry_delays: self.retry_delays.clone(),
            ..Limits::default()
        }
    }

    /// The configuration that the flags alone make, or what is wrong with them as a whole.
    fn config(self) -> Result<Config, String> {
        let limits = self.limits();
        let mut folders = unique("--folder", self.folders)?;
        if let Some((name, path)) = self.handlers.iter().find(|(name, _)| folders.contains_key(name)) {
            return Err(format!(
                "--folder {name}=…: the folder of a handler stands before its file, as in --handler {name}=FOLDER/{}",
                path.rsplit('/').next().unwrap_or_default()
            ));
        }
        let mut functions = functions(self.functions, self.handlers)?;
        for (name, function) in &mut functions {
            function.folder = folders.remove(name).map(PathBuf::from).or(function.folder.take());
            function.memory_mb = self.memory;
            function.timeout = self.function_timeout;
            function.max_processes = self.processes;
        }
        if let Some(name) = folders.keys().next() {
            return Err(format!("--folder {name}=…: there is no --function {name}=…"));
        }
        let mut routes = routes(self.routes, self.two_way, self.mocks)?;
        throttle(&mut routes, self.throttles)?;
        Ok(Config {
            stage: self.stage,
            region: self.region,
            functions,
            route_selection: self.route_selection,
            routes,
            authorizer: self.authorizer.map(|function| Authorizer {
                function,
                identity_sources: self.identity_sources,
            }),
            api_keys: self.api_keys,
            limits,
            ..Config::default()
        })
    }
}

/// The functions, each by its command or its handler.
fn functions(
    commands: Vec<(String, String)>,
    handlers: Vec<(String, String)>,
) -> Result<BTreeMap<String, Function>, String> {
    let mut functions = BTreeMap::new();
    for (name, command) in unique("--function", commands)? {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words
            .next()
            .ok_or_else(|| format!("function `{name}` has no command"))?;
        let function = Function {
            arguments: words.collect(),
            ..Function::new(program)
        };
        functions.insert(name, function);
    }
    for (name, path) in unique("--handler", handlers)? {
        if functions.contains_key(&name) {
            return Err(format!("--handler {name}=…: there is a --function {name}=… too"));
        }
        let (folder, handler) = path.rsplit_once('/').unwrap_or((".", &path));
        let function = handler::function(Path::new(folder), handler);
        functions.insert(
            name.clone(),
            function.map_err(|error| format!("--handler {name}=…: {error}"))?,
        );
    }
    Ok(functions)
}

fn routes(
    routes: Vec<(String, String)>,
    two_way: Vec<String>,
    mocks: Vec<(String, String)>,
) -> Result<BTreeMap<String, Route>, String> {
    let routes = unique("--route", routes)?.into_iter();
    let mut routes: BTreeMap<String, Route> = routes.map(|(key, function)| (key, Route::lambda(function))).collect();
    for key in two_way {
        let route = routes
            .get_mut(&key)
            .ok_or_else(|| format!("--two-way {key}: there is no --route {key}=…"))?;
        route.two_way = true;
    }
    for (key, body) in unique("--mock", mocks)? {
        if routes.contains_key(&key) {
            return Err(format!("--mock {key}=…: there is a --route {key}=… too"));
        }
        routes.insert(key, Route::mock(body));
    }
    Ok(routes)
}

/// Gives routes their throttles.
fn throttle(routes: &mut BTreeMap<String, Route>, throttles: Vec<(String, String)>) -> Result<(), String> {
    for (key, limit) in unique("--throttle", throttles)? {
        let throttle = limit
            .parse()
            .map_err(|error| format!("--throttle {key}={limit}: {error}"))?;
        let route = routes.get_mut(&key);
        let route =
            route.ok_or_else(|| format!("--throttle {key}=…: there is neither a --route nor a --mock {key}=…"))?;
        route.throttle = Some(throttle);
    }
    Ok(())
}

/// The values of a flag that may be repeated, by their names. No name may be repeated.
fn unique(flag: &str, pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    for (name, value) in pairs {
        if values.contains_key(&name) {
            return Err(format!("{flag} {name}=…: it is given twice"));
        }
        values.insert(name, value);
    }
    Ok(values)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("there is no `=` in it")?;
    if name.is_empty() {
        Err("there is nothing before the `=`".into())
    } else {
        Ok((name.into(), value.into()))
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "not a number of seconds".into())
}

fn faults(text: &str) -> Result<Faults, String> {
    Faults::from_json(text.as_bytes())
}

fn rate(text: &str) -> Result<Rate, String> {
    match text {
        "none" => Ok(Rate(None)),
        _ => text
            .parse()
            .map(|rate| Rate(Some(rate)))
            .map_err(|_| "neither a number nor `none`".into()),
    }
}

#[cfg(test)]
mod tests;
