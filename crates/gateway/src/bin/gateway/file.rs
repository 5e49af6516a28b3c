//! `gateway.toml`: an API and its functions, described in a file.

mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chatterbox_gateway::{
    Access, Authorizer, Config, ConfigError, Domain, Function, IdentitySource, Integration, Limits, Route,
    RouteSelection, Throttle,
};
use table::{Found, Problems, Table};

use crate::handler;
use crate::setup::Setup;

/// The file's name unless another is given.
pub(crate) const NAME: &str = "gateway.toml";

/// Where the names of a file stand, in bytes.
#[derive(Default)]
struct Places {
    functions: BTreeMap<String, usize>,
    routes: BTreeMap<String, usize>,
}

/// Reads a file. Its paths are relative to its folder.
///
/// # Errors
/// All that is wrong with it, a line for each.
pub(crate) fn read(file: &Path) -> Result<Setup, String> {
    let name = file.display().to_string();
    let content = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let folder = std::path::absolute(file).map_err(|error| format!("{name}: {error}"))?;
    let folder = folder.parent().unwrap_or(Path::new("/"));
    let problems = Problems::default();
    let root = table::parse(&content, &problems);
    let (setup, places) = setup(Table::new("", root.get_ref(), &problems), folder);
    for problem in setup.config.problems() {
        problems.add(places.of(&problem), problem.to_string());
    }
    let notices = places.unused(&setup.config);
    let notices = notices.map(|(at, notice)| format!("{name}:{}: {notice}", table::line(&content, at)));
    let notices = notices.collect();
    match problems.told(&name, &content) {
        Some(problems) => Err(problems),
        None => Ok(Setup { notices, ..setup }),
    }
}

fn setup(mut root: Table<'_>, folder: &Path) -> (Setup, Places) {
    let mut places = Places::default();
    let mut config = Config::default();
    let set = |into: &mut String, found: Option<Found<&str>>| {
        found.into_iter().for_each(|found| *into = found.value.to_owned());
    };
    set(&mut config.stage, root.text("stage"));
    set(&mut config.region, root.text("region"));
    set(&mut config.account, root.text("account"));
    set(&mut config.api_id, root.text("api-id"));
    config.stage_variables = root.pairs("stage-variables");
    let selection = |text: &str| text.parse::<RouteSelection>().map_err(str::to_owned);
    config.route_selection = root.parsed("route-selection", selection).unwrap_or_default();
    let shared = root.pairs("environment");
    for (name, table) in root.tables("functions", "function") {
        places.functions.insert(name.value.to_owned(), name.at);
        let function = function(table, name.at, folder, &shared);
        config.functions.insert(name.value.to_owned(), function);
    }
    for (key, table) in root.tables("routes", "route") {
        places.routes.insert(key.value.to_owned(), key.at);
        if let Some(route) = route(table, key.at) {
            config.routes.insert(key.value.to_owned(), route);
        }
    }
    config.authorizer = root.table("authorizer").and_then(authorizer);
    config.api_keys = root
        .list("api-keys")
        .into_iter()
        .map(|(_, key)| key.to_owned())
        .collect();
    config.domain = root.table("domain").and_then(domain);
    config.limits = root.table("limits").map(limits).unwrap_or_default();
    let port = root.number("port", 0, u16::MAX.into());
    let texts = |list: Vec<(usize, &str)>| list.into_iter().map(|(_, text)| text.to_owned()).collect();
    let setup = Setup {
        config,
        port: port.and_then(|port| port.try_into().ok()).unwrap_or(Setup::PORT),
        access: Access {
            hosts: texts(root.list("allow-hosts")),
            origins: texts(root.list("allow-origins")),
        },
        tls: root.text("tls").map(|file| folder.join(file.value)),
        ..Setup::default()
    };
    root.finish();
    (setup, places)
}

fn function(mut table: Table<'_>, at: usize, folder: &Path, shared: &BTreeMap<String, String>) -> Function {
    let own = table.text("folder").map(|own| folder.join(own.value));
    let mut function = match (table.words("command"), table.text("handler")) {
        (Some(words), None) => commanded(words.value, folder),
        (None, Some(found)) => {
            let runtime = handler::function(own.as_deref().unwrap_or(folder), found.value);
            let told = |error| table.wrong(found.at, error);
            runtime.map_err(told).unwrap_or_else(|()| Function::new(NOTHING))
        }
        (Some(_), Some(handler)) => {
            table.wrong(handler.at, "it has a command and a handler: one of them is too much");
            Function::new(NOTHING)
        }
        (None, None) => {
            table.wrong(at, "it has neither a command nor a handler");
            Function::new(NOTHING)
        }
    };
    function.folder = own.or(function.folder);
    function.environment.extend(shared.clone());
    function.environment.extend(table.pairs("environment"));
    let function = Function {
        memory_mb: table.number("memory", 128, 10_240).unwrap_or(function.memory_mb),
        timeout: table.seconds("timeout").unwrap_or(function.timeout),
        max_processes: table
            .number("processes", 1, 1000)
            .map_or(function.max_processes, |processes| processes as usize),
        ..function
    };
    table.finish();
    function
}

/// Stands for the command of a function that is told to be wrong.
const NOTHING: &str = "true";

/// A function of a command whose path, if it has one, is relative to the file's folder.
fn commanded(words: Vec<String>, folder: &Path) -> Function {
    let mut words = words.into_iter();
    let command = PathBuf::from(words.next().unwrap_or_default());
    let is_bare = command.components().count() == 1;
    Function {
        arguments: words.collect(),
        folder: is_bare.then(|| folder.to_owned()),
        ..Function::new(if is_bare { command } else { folder.join(command) })
    }
}

fn route(mut table: Table<'_>, at: usize) -> Option<Route> {
    let (function, mock) = (table.text("function"), table.text("mock"));
    let two_way = table.flag("two-way");
    let throttle = table.table("throttle").and_then(throttle);
    let route = match (function, mock) {
        (Some(function), None) => Some(Route::lambda(function.value)),
        (None, Some(mock)) => Some(Route::mock(mock.value)),
        (Some(_), Some(mock)) => {
            table.wrong(mock.at, "it has a function and a mock: one of them is too much");
            None
        }
        (None, None) => {
            table.wrong(at, "it has neither a function nor a mock");
            None
        }
    };
    let route = route.map(|route| Route {
        two_way: two_way.map_or(route.two_way, |two_way| two_way.value),
        throttle,
        ..route
    });
    table.finish();
    route
}

fn throttle(mut table: Table<'_>) -> Option<Throttle> {
    let rate = table.number("rate", 0, u32::MAX);
    let burst = table.number("burst", 0, u32::MAX);
    if rate.is_none() || burst.is_none() {
        table.wrong(None, "it needs a rate and a burst");
    }
    table.finish();
    Some(Throttle {
        rate: rate?,
        burst: burst?,
    })
}

fn authorizer(mut table: Table<'_>) -> Option<Authorizer> {
    let function = table.text("function");
    if function.is_none() {
        table.wrong(None, "it has no function");
    }
    let mut identity_sources = Vec::new();
    for (at, source) in table.list("identity-sources") {
        match source.parse::<IdentitySource>() {
            Ok(source) => identity_sources.push(source),
            Err(error) => table.wrong(at, format!("`{source}`: {error}")),
        }
    }
    if let Some(seconds) = table.any("ttl") {
        table.wrong(
            seconds,
            "ttl: API Gateway caches no answers of the authorizers of WebSocket APIs",
        );
    }
    table.finish();
    Some(Authorizer {
        function: function?.value.to_owned(),
        identity_sources,
    })
}

fn domain(mut table: Table<'_>) -> Option<Domain> {
    let name = table.text("name");
    let path = table.text("path").map(|path| path.value.to_owned());
    if name.is_none() {
        table.wrong(None, "it has no name");
    }
    table.finish();
    Some(Domain {
        name: name?.value.to_owned(),
        path,
    })
}

fn limits(mut table: Table<'_>) -> Limits {
    let aws = Limits::default();
    let limits = Limits {
        idle: table.seconds("idle").unwrap_or(aws.idle),
        life: table.seconds("life").unwrap_or(aws.life),
        integration: table.seconds("integration").unwrap_or(aws.integration),
        connects_per_second: table.rate("connects-per-second").unwrap_or(aws.connects_per_second),
        requests_per_second: table.rate("requests-per-second").unwrap_or(aws.requests_per_second),
        requests_burst: table
            .number("requests-burst", 0, u32::MAX)
            .unwrap_or(aws.requests_burst),
        async_retry_delays: table
            .list_of_seconds("retry-delays")
            .unwrap_or_else(|| aws.async_retry_delays.clone()),
        ..aws
    };
    table.finish();
    limits
}

impl Places {
    /// Where a part stands that is wrong.
    fn of(&self, error: &ConfigError) -> Option<usize> {
        let function = error.function().and_then(|name| self.functions.get(name));
        let route = error.route().and_then(|key| self.routes.get(key));
        function.or(route).copied()
    }

    /// The functions to which nothing leads.
    fn unused(&self, config: &Config) -> impl Iterator<Item = (usize, String)> {
        let is_used = |name: &str| {
            let mut routes = config.routes.values();
            routes.any(|route| matches!(&route.integration, Integration::Lambda(function) if function == name))
                || config
                    .authorizer
                    .as_ref()
                    .is_some_and(|authorizer| authorizer.function == name)
        };
        let unused = self.functions.iter().filter(move |(name, _)| !is_used(name));
        unused.map(|(name, at)| {
            let notice = format!("function `{name}`: no route leads to it, so that only Invoke calls it");
            (*at, notice)
        })
    }
}
