//! The five functions and their routes, as the CDK app deploys them: programs, timeouts, settings.

use chatterbox_core::Function as Which;
use chatterbox_gateway::{Function, Route, RouteSelection, Throttle};
use std::{collections::BTreeMap, path::Path, time::Duration};

/// The settings that a user may give to `chatter local` as to a deployed Chatterbox.
const SETTINGS: [&str; 13] = [
    "ALLOWED_ORIGINS",
    "ORIGIN_SECRET",
    "LOGIN_PARAMETER",
    "CHATTER_PARAMETER",
    "TOPIC_PARAMETER",
    "LOGIN_COOKIE",
    "CHATTER_COOKIE",
    "CHATTER_TTL_SECONDS",
    "MAX_CONNECTIONS_PER_LOGIN",
    "CHECK_CHATTER_ON_SYNC",
    "DEFER_QUEUE_URL",
    "METRICS_NAMESPACE",
    "OBSERVABILITY",
];

/// The settings that are in this process's own environment.
#[expect(
    clippy::disallowed_methods,
    reason = "they are passed on to the functions: core's Settings reads them"
)]
pub(super) fn settings_from_env() -> BTreeMap<String, String> {
    SETTINGS
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .collect()
}

/// The environment of every function.
pub(super) fn environment(
    dynamodb: &str,
    callback: &str,
    settings: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let local = [
        ("CHATTERS_TABLE", "chatters"),
        ("CONNECTIONS_TABLE", "connections"),
        ("UPDATES_TABLE", "updates"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", callback),
    ];
    let local = local
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    local.chain(settings.clone()).collect()
}

/// The five programs in `folder`.
pub(super) fn functions(
    folder: &Path,
    environment: &BTreeMap<String, String>,
    notify_timeout: Duration,
) -> BTreeMap<String, Function> {
    let function = |which: Which| {
        let name = which.name();
        let timeout = match which {
            Which::Notify => notify_timeout,
            Which::Connect | Which::Disconnect | Which::Default | Which::Revoke => which.time_limit(),
        };
        // An empty folder is the present one. Without the dot, a bare name would be looked up in PATH.
        let command = if folder.as_os_str().is_empty() {
            Path::new(".").join(name)
        } else {
            folder.join(name)
        };
        (
            name.to_owned(),
            Function {
                environment: environment.clone(),
                timeout,
                ..Function::new(command)
            },
        )
    };
    Which::ALL.into_iter().map(function).collect()
}

/// The throttles of a deployment unless its settings say otherwise (`infra/lib/throttles.ts`), which a laptop can bear as
/// well. The first number is requests a second, the other requests at once.
pub(super) const THROTTLES: [(&str, Throttle); 4] = [
    ("$connect", Throttle { rate: 250, burst: 250 }),
    ("$default", Throttle { rate: 500, burst: 250 }),
    (
        "ping",
        Throttle {
            rate: 1_000,
            burst: 250,
        },
    ),
    ("$disconnect", Throttle { rate: 250, burst: 250 }),
];

/// How a message names its route, as in the deployed API (`infra/lib/api.ts`, which says why).
const ROUTE_SELECTION: &str = "${request.body.action}-message";

/// The route selection expression.
pub(super) fn route_selection() -> RouteSelection {
    ROUTE_SELECTION.parse().expect("it is one that the gateway knows")
}

/// The routes, each with its throttle, which is named after what comes on it. A ping is answered without a function.
pub(super) fn routes(throttles: &BTreeMap<&str, Throttle>) -> BTreeMap<String, Route> {
    let routes = [
        ("$connect", "$connect", Route::lambda("connect")),
        ("$disconnect", "$disconnect", Route::lambda("disconnect")),
        ("$default", "$default", Route::two_way("default")),
        ("ping", "ping-message", Route::mock(r#"{"type":"pong"}"#)),
    ];
    let with_throttle = |(name, key, route): (&str, &str, Route)| {
        let throttle = throttles.get(name).copied();
        (key.to_owned(), Route { throttle, ..route })
    };
    routes.into_iter().map(with_throttle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_throttles_are_those_of_a_deployment() {
        let deployed: Value = serde_json::from_str(include_str!("../../../../infra/contract.json")).unwrap();
        let here =
            THROTTLES.map(|(key, Throttle { rate, burst })| (key.to_owned(), json!({"rate": rate, "burst": burst})));
        assert_eq!(Value::Object(here.into_iter().collect()), deployed["throttle"]);
    }

    #[test]
    fn the_routes_and_how_a_message_names_them_are_those_of_a_deployment() {
        let deployed: Value = serde_json::from_str(include_str!("../../../../infra/contract.json")).unwrap();
        assert_eq!(ROUTE_SELECTION, deployed["routeSelection"]);
        let here = routes(&THROTTLES.into());
        let keys = deployed["routeKeys"].as_object().unwrap();
        assert_eq!(here.len(), keys.len());
        for (name, throttle) in THROTTLES {
            assert_eq!(here[keys[name].as_str().unwrap()].throttle, Some(throttle), "{name}");
        }
    }
}
