//! What the gateway is told: which functions there are, which route goes to which of them, and AWS's limits.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::faults::{Faults, FaultsError};

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

/// Where an API is served. Its functions find it in `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`, where AWS's SDKs look for it,
/// unless their own environment has that variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    address: SocketAddr,
    authority: Option<PathBuf>,
}

/// A function: any program that speaks the Lambda Runtime API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The program. With a path separator its folder becomes the working directory, as `/var/task` is on Lambda;
    /// a bare name is looked up in `PATH` and runs in the gateway's own directory.
    pub command: PathBuf,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// What the process finds in its environment besides what Lambda itself sets.
    pub environment: BTreeMap<String, String>,
    /// What `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` says, in MB. Nothing is held to it.
    pub memory_mb: u32,
    /// How long one event may take before its process is killed.
    pub timeout: Duration,
    /// At most so many processes at a time, each with one event. Beyond it events wait.
    pub max_processes: usize,
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

/// AWS's quotas and times, each of which can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A socket without a message in either direction for so long is closed. AWS: 10 minutes.
    pub idle: Duration,
    /// A socket lives no longer. AWS: 2 hours.
    pub life: Duration,
    /// An integration that has not answered by then has failed for its caller. AWS: 29 seconds.
    pub integration: Duration,
    /// A function that has not asked for its first event by then has failed to start. AWS: 10 seconds.
    pub init: Duration,
    /// The largest message, in or out, in bytes. AWS: 128 KB.
    pub message_bytes: usize,
    /// The largest frame that a client may send, in bytes. AWS: 32 KB.
    pub frame_bytes: usize,
    /// Messages that wait for a slow client hold no more bytes than this (more only if one message is larger than it).
    /// Not documented by AWS; 1 MB here.
    pub outgoing_bytes: usize,
    /// The largest event, in bytes. AWS: 6 MB.
    pub payload_bytes: usize,
    /// The largest event of an asynchronous call, in bytes. AWS: 1 MB.
    pub async_payload_bytes: usize,
    /// The largest reply of a function, in bytes. AWS: 6,291,556, which is 6 MB and 100 bytes.
    pub response_bytes: usize,
    /// New sockets a second, and as many in one burst. AWS: 500. `None` is no limit, `Some(0)` lets nobody in.
    pub connects_per_second: Option<u32>,
    /// Messages and posts a second, together. AWS: 10,000. `None` is no limit, `Some(0)` lets nothing through.
    pub requests_per_second: Option<u32>,
    /// Messages and posts in one burst. AWS: 5,000.
    pub requests_burst: u32,
    /// The pauses before an asynchronous event is tried again. AWS: 1 and 2 minutes.
    pub async_retry_delays: Vec<Duration>,
    /// How long a client may take to read what is left for it and the close frame, and again to answer that. Then the
    /// gateway hangs up all the same. Not documented by AWS; 2 seconds here.
    pub closing: Duration,
    /// How long [`Gateway::stop`](crate::Gateway::stop) waits for sockets to say goodbye and `$disconnect` to run.
    pub stop: Duration,
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
    /// The faults cannot be injected.
    #[error("faults: {0}")]
    Faults(#[from] FaultsError),
    /// There is no Tokio runtime to run the gateway on.
    #[error("the gateway has to be started inside a Tokio runtime")]
    NoRuntime,
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
            if function.max_processes == 0 {
                return Err(ConfigError::NoProcesses(name.clone()));
            }
            function.check_command(name)?;
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

impl Endpoint {
    /// An API that [`serve`](crate::serve) serves.
    pub fn http(address: SocketAddr) -> Endpoint {
        Endpoint {
            address,
            authority: None,
        }
    }

    /// An API that [`serve_tls`](crate::serve_tls) serves, and the file with the certificate that its clients have to trust
    /// ([`Certificate::authority`](crate::Certificate::authority)). Functions find the file in `AWS_CA_BUNDLE` and
    /// `NODE_EXTRA_CA_CERTS`.
    pub fn https(address: SocketAddr, authority: impl Into<PathBuf>) -> Endpoint {
        Endpoint {
            address,
            authority: Some(authority.into()),
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.authority.is_some()
    }

    /// What a function finds in its environment.
    pub(crate) fn environment(&self, stage: &str) -> Vec<(&'static str, OsString)> {
        let scheme = if self.is_tls() { "https" } else { "http" };
        let url = format!("{scheme}://{}/{stage}", self.address);
        let url = ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", url.into());
        let authority = self
            .authority
            .iter()
            .flat_map(|file| ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"].map(|name| (name, file.into())));
        std::iter::once(url).chain(authority).collect()
    }
}

impl Function {
    /// A function with Lambda's own defaults: 128 MB, 3 seconds; and at most 16 processes.
    pub fn new(command: impl Into<PathBuf>) -> Function {
        Function {
            command: command.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            max_processes: 16,
        }
    }

    fn check_command(&self, name: &str) -> Result<(), ConfigError> {
        let is_bare = self.command.components().count() == 1 && !self.command.is_absolute();
        let found = if is_bare {
            look_up(&self.command)
        } else {
            Some(self.command.clone())
        };
        let missing = || ConfigError::NoCommand {
            function: name.into(),
            command: self.command.clone(),
        };
        let metadata = found.ok_or_else(missing)?.metadata().map_err(|_| missing())?;
        if metadata.is_file() && is_executable(&metadata) {
            Ok(())
        } else {
            Err(ConfigError::NotExecutable {
                function: name.into(),
                command: self.command.clone(),
            })
        }
    }

    /// The program and the directory it runs in.
    pub(crate) fn program(&self) -> std::io::Result<(PathBuf, PathBuf)> {
        if self.command.components().count() == 1 && !self.command.is_absolute() {
            return Ok((self.command.clone(), std::env::current_dir()?));
        }
        let program = std::path::absolute(&self.command)?;
        let folder = program.parent().unwrap_or(Path::new("/")).to_owned();
        Ok((program, folder))
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

impl Default for Limits {
    /// AWS's numbers.
    fn default() -> Limits {
        Limits {
            idle: Duration::from_secs(10 * 60),
            life: Duration::from_secs(2 * 60 * 60),
            integration: Duration::from_secs(29),
            init: Duration::from_secs(10),
            message_bytes: 128 * 1024,
            frame_bytes: 32 * 1024,
            outgoing_bytes: 1024 * 1024,
            payload_bytes: 6 * 1024 * 1024,
            async_payload_bytes: 1024 * 1024,
            response_bytes: 6_291_556,
            connects_per_second: Some(500),
            requests_per_second: Some(10_000),
            requests_burst: 5_000,
            async_retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            closing: Duration::from_secs(2),
            stop: Duration::from_secs(5),
        }
    }
}

fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// `PATH` is the one variable of its own that the gateway hands on, so that `node` or `python3` can be a command.
#[expect(clippy::disallowed_methods, reason = "PATH is a fact of the machine, not a setting")]
pub(crate) fn path_variable() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into())
}

fn look_up(command: &Path) -> Option<PathBuf> {
    std::env::split_paths(&path_variable())
        .map(|folder| folder.join(command))
        .find(|path| path.is_file())
}

fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
}
