//! Settings: what each function reads from its environment when it starts, and no more. Everything that is missing or wrong
//! is named in one error.

use super::{environment::Environment, settings_error::SettingsError};
use crate::{Function, HandshakePolicy, aws::Endpoints};
use std::{collections::BTreeSet, time::Duration};

/// The variable that holds the address of the WebSocket API that notify posts to; every AWS SDK knows it by this name. It
/// is never derived from an event: behind a custom domain or CloudFront that would be a name that serves no `@connections`.
pub const CALLBACK_URL: &str = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI";

/// Settings of `$connect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectSettings {
    /// The table of chatter IDs (`CHATTERS_TABLE`).
    pub chatters_table: String,
    /// The table of connections (`CONNECTIONS_TABLE`).
    pub connections_table: String,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// The names of parameters and cookies in handshakes, and the origins that may connect.
    pub policy: HandshakePolicy,
    /// CloudWatch's namespace of the metrics (`METRICS_NAMESPACE`, `Chatterbox` unless set): each deployment has its own.
    pub metrics_namespace: String,
}

impl ConnectSettings {
    fn read(environment: &mut Environment<'_>) -> ConnectSettings {
        ConnectSettings {
            chatters_table: environment.required("CHATTERS_TABLE"),
            connections_table: environment.required("CONNECTIONS_TABLE"),
            endpoints: environment.endpoints(),
            policy: environment.policy(),
            metrics_namespace: environment.or("METRICS_NAMESPACE", "Chatterbox"),
        }
    }

    /// The settings in this process's environment.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from_env() -> Result<ConnectSettings, SettingsError> {
        ConnectSettings::from(&variable)
    }

    /// The settings that `lookup` finds.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from(lookup: &dyn Fn(&str) -> Option<String>) -> Result<ConnectSettings, SettingsError> {
        read(lookup, ConnectSettings::read)
    }
}

/// Settings of `$disconnect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisconnectSettings {
    /// The table of connections (`CONNECTIONS_TABLE`).
    pub connections_table: String,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// CloudWatch's namespace of the metrics (`METRICS_NAMESPACE`, `Chatterbox` unless set): each deployment has its own.
    pub metrics_namespace: String,
}

impl DisconnectSettings {
    fn read(environment: &mut Environment<'_>) -> DisconnectSettings {
        DisconnectSettings {
            connections_table: environment.required("CONNECTIONS_TABLE"),
            endpoints: environment.endpoints(),
            metrics_namespace: environment.or("METRICS_NAMESPACE", "Chatterbox"),
        }
    }

    /// The settings in this process's environment.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from_env() -> Result<DisconnectSettings, SettingsError> {
        DisconnectSettings::from(&variable)
    }

    /// The settings that `lookup` finds.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from(lookup: &dyn Fn(&str) -> Option<String>) -> Result<DisconnectSettings, SettingsError> {
        read(lookup, DisconnectSettings::read)
    }
}

/// Settings of `$default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultSettings {
    /// The table of connections (`CONNECTIONS_TABLE`).
    pub connections_table: String,
    /// The table of updates (`UPDATES_TABLE`).
    pub updates_table: String,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// CloudWatch's namespace of the metrics (`METRICS_NAMESPACE`, `Chatterbox` unless set): each deployment has its own.
    pub metrics_namespace: String,
}

impl DefaultSettings {
    fn read(environment: &mut Environment<'_>) -> DefaultSettings {
        DefaultSettings {
            connections_table: environment.required("CONNECTIONS_TABLE"),
            updates_table: environment.required("UPDATES_TABLE"),
            endpoints: environment.endpoints(),
            metrics_namespace: environment.or("METRICS_NAMESPACE", "Chatterbox"),
        }
    }

    /// The settings in this process's environment.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from_env() -> Result<DefaultSettings, SettingsError> {
        DefaultSettings::from(&variable)
    }

    /// The settings that `lookup` finds.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from(lookup: &dyn Fn(&str) -> Option<String>) -> Result<DefaultSettings, SettingsError> {
        read(lookup, DefaultSettings::read)
    }
}

/// Settings of notify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifySettings {
    /// The table of connections (`CONNECTIONS_TABLE`).
    pub connections_table: String,
    /// The table of updates (`UPDATES_TABLE`).
    pub updates_table: String,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// The WebSocket API that notify posts to ([`CALLBACK_URL`]).
    pub callback_url: String,
    /// The most sockets of a login; beyond them the oldest are closed (`MAX_CONNECTIONS_PER_LOGIN`, 20 unless set).
    pub max_connections_per_login: usize,
    /// The queue for deferred logins (`DEFER_QUEUE_URL`).
    pub defer_queue_url: Option<String>,
    /// CloudWatch's namespace of the metrics (`METRICS_NAMESPACE`, `Chatterbox` unless set): each deployment has its own.
    pub metrics_namespace: String,
}

impl NotifySettings {
    fn read(environment: &mut Environment<'_>) -> NotifySettings {
        NotifySettings {
            connections_table: environment.required("CONNECTIONS_TABLE"),
            updates_table: environment.required("UPDATES_TABLE"),
            endpoints: environment.endpoints(),
            callback_url: environment.required_url(CALLBACK_URL),
            max_connections_per_login: environment.positive("MAX_CONNECTIONS_PER_LOGIN", 20),
            defer_queue_url: environment.url("DEFER_QUEUE_URL"),
            metrics_namespace: environment.or("METRICS_NAMESPACE", "Chatterbox"),
        }
    }

    /// The settings in this process's environment.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from_env() -> Result<NotifySettings, SettingsError> {
        NotifySettings::from(&variable)
    }

    /// The settings that `lookup` finds.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from(lookup: &dyn Fn(&str) -> Option<String>) -> Result<NotifySettings, SettingsError> {
        read(lookup, NotifySettings::read)
    }
}

/// Settings of a backend that issues and revokes chatter IDs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendSettings {
    /// The table of chatter IDs (`CHATTERS_TABLE`).
    pub chatters_table: String,
    /// The table of connections (`CONNECTIONS_TABLE`).
    pub connections_table: String,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// The WebSocket API whose sockets it closes ([`CALLBACK_URL`]).
    pub callback_url: String,
    /// The life of a new chatter ID (`CHATTER_TTL_SECONDS`, 30 days unless set), at most [`Chatters::LONGEST_LIFE`](crate::Chatters::LONGEST_LIFE).
    pub chatter_life: Duration,
}

impl BackendSettings {
    fn read(environment: &mut Environment<'_>) -> BackendSettings {
        BackendSettings {
            chatters_table: environment.required("CHATTERS_TABLE"),
            connections_table: environment.required("CONNECTIONS_TABLE"),
            endpoints: environment.endpoints(),
            callback_url: environment.required_url(CALLBACK_URL),
            chatter_life: environment.chatter_life(),
        }
    }

    /// The settings in this process's environment.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from_env() -> Result<BackendSettings, SettingsError> {
        BackendSettings::from(&variable)
    }

    /// The settings that `lookup` finds.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn from(lookup: &dyn Fn(&str) -> Option<String>) -> Result<BackendSettings, SettingsError> {
        read(lookup, BackendSettings::read)
    }
}

fn read<T>(
    lookup: &dyn Fn(&str) -> Option<String>,
    settings: fn(&mut Environment<'_>) -> T,
) -> Result<T, SettingsError> {
    let mut environment = Environment::new(lookup);
    let settings = settings(&mut environment);
    environment.finish(settings)
}

/// The names of the variables that a function reads: those that must be set, and those that need not.
pub fn variables(function: Function) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let mut environment = Environment::new(&|_| None);
    match function {
        Function::Connect => drop(ConnectSettings::read(&mut environment)),
        Function::Disconnect => drop(DisconnectSettings::read(&mut environment)),
        Function::Default => drop(DefaultSettings::read(&mut environment)),
        Function::Notify => drop(NotifySettings::read(&mut environment)),
    }
    environment.names()
}

/// The names of the variables that a backend reads, in the same way.
pub fn backend_variables() -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let mut environment = Environment::new(&|_| None);
    BackendSettings::read(&mut environment);
    environment.names()
}

#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Lambda's own setting for the log level.
#[expect(
    clippy::disallowed_methods,
    reason = "logging starts before the settings are read, so that it can tell of them"
)]
pub(crate) fn log_level() -> Option<String> {
    std::env::var("AWS_LAMBDA_LOG_LEVEL").ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const TABLES: [(&str, &str); 3] = [
        ("CHATTERS_TABLE", "c"),
        ("CONNECTIONS_TABLE", "n"),
        ("UPDATES_TABLE", "u"),
    ];

    fn lookup(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        move |name| variables.get(name).cloned()
    }

    fn connect(variables: &[(&str, &str)]) -> Result<ConnectSettings, String> {
        let variables = lookup(&[&TABLES[..], variables].concat());
        ConnectSettings::from(&variables).map_err(|error| error.to_string())
    }

    fn notify(variables: &[(&str, &str)]) -> Result<NotifySettings, String> {
        let callback_url = [(CALLBACK_URL, "https://a.example/live")];
        let variables = lookup(&[&TABLES[..], &callback_url, variables].concat());
        NotifySettings::from(&variables).map_err(|error| error.to_string())
    }

    fn backend(variables: &[(&str, &str)]) -> Result<BackendSettings, String> {
        let callback_url = [(CALLBACK_URL, "https://a.example/live")];
        let variables = lookup(&[&TABLES[..], &callback_url, variables].concat());
        BackendSettings::from(&variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_tables_and_the_callback_url_are_enough() {
        let settings = connect(&[]).unwrap();
        assert_eq!(settings.policy.login_parameter, "login");
        assert_eq!((settings.policy.cookies, settings.policy.origins), (None, None));
        let settings = notify(&[("ALLOWED_ORIGINS", ""), ("DEFER_QUEUE_URL", "")]).unwrap();
        assert_eq!(
            (settings.max_connections_per_login, settings.defer_queue_url),
            (20, None)
        );
        assert_eq!(backend(&[]).unwrap().chatter_life, Duration::from_secs(30 * 24 * 3600));
    }

    #[test]
    fn a_function_asks_for_no_variable_that_it_does_not_need() {
        let only_connections = lookup(&[("CONNECTIONS_TABLE", "n"), ("LOGIN_COOKIE", "without the other")]);
        assert!(DisconnectSettings::from(&only_connections).is_ok());
        for (function, tables) in [
            (Function::Connect, &["CHATTERS_TABLE", "CONNECTIONS_TABLE"][..]),
            (Function::Disconnect, &["CONNECTIONS_TABLE"]),
            (Function::Default, &["CONNECTIONS_TABLE", "UPDATES_TABLE"]),
            (Function::Notify, &[CALLBACK_URL, "CONNECTIONS_TABLE", "UPDATES_TABLE"]),
        ] {
            let (required, optional) = variables(function);
            assert_eq!(required.into_iter().collect::<Vec<_>>(), tables, "{function:?}");
            assert_eq!(optional.contains("ALLOWED_ORIGINS"), function == Function::Connect);
        }
    }

    #[test]
    fn a_service_is_where_its_own_variable_says_or_else_the_one_for_all() {
        let all = ("AWS_ENDPOINT_URL", "http://all");
        let endpoints = connect(&[all, ("AWS_ENDPOINT_URL_SQS", "http://sqs")])
            .unwrap()
            .endpoints;
        assert_eq!(endpoints.dynamodb.as_deref(), Some("http://all"));
        assert_eq!(endpoints.sqs.as_deref(), Some("http://sqs"));
        assert_eq!(connect(&[]).unwrap().endpoints, Endpoints::default());
    }

    #[test]
    fn a_site_keeps_its_own_names() {
        let policy = connect(&[
            ("LOGIN_PARAMETER", "geek"),
            ("CHATTER_PARAMETER", "id"),
            ("LOGIN_COOKIE", "user"),
            ("CHATTER_COOKIE", "socks"),
            (
                "ALLOWED_ORIGINS",
                "https://www.example.com, http://localhost:8080,capacitor://localhost",
            ),
        ])
        .unwrap()
        .policy;
        assert_eq!(
            (policy.login_parameter.as_str(), policy.chatter_parameter.as_str()),
            ("geek", "id")
        );
        assert_eq!(policy.cookies.unwrap().chatter, "socks");
        assert_eq!(
            policy.origins.unwrap(),
            [
                "https://www.example.com",
                "http://localhost:8080",
                "capacitor://localhost"
            ]
        );
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let variables = lookup(&[("CHATTERS_TABLE", ""), ("CHATTER_TTL_SECONDS", "soon")]);
        let error = BackendSettings::from(&variables).unwrap_err().to_string();
        for name in [
            "CHATTERS_TABLE is missing",
            "CONNECTIONS_TABLE is missing",
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI is missing",
            "CHATTER_TTL_SECONDS",
        ] {
            assert!(error.contains(name), "{error}");
        }
        assert!(!error.contains("UPDATES_TABLE"));
    }

    #[test]
    fn a_wrong_setting_is_refused() {
        let origin = ("ALLOWED_ORIGINS", "https://www.example.com");
        for (variables, problem) in [
            (
                &[("LOGIN_COOKIE", "u"), ("CHATTER_COOKIE", "c")][..],
                "ALLOWED_ORIGINS must be set",
            ),
            (&[("LOGIN_COOKIE", "u"), origin], "CHATTER_COOKIE"),
            (
                &[("LOGIN_COOKIE", "u"), ("CHATTER_COOKIE", "u"), origin],
                "CHATTER_COOKIE",
            ),
            (&[("LOGIN_PARAMETER", "chatter")], "must differ"),
            (&[("ALLOWED_ORIGINS", "www.example.com")], "ALLOWED_ORIGINS"),
            (&[("ALLOWED_ORIGINS", "https://www.example.com/")], "ALLOWED_ORIGINS"),
            (&[("ALLOWED_ORIGINS", "*")], "ALLOWED_ORIGINS"),
            (
                &[("ALLOWED_ORIGINS", "https://a.example,capacitor://localhost/")],
                "ALLOWED_ORIGINS: \"capacitor://localhost/\"",
            ),
            (&[("ALLOWED_ORIGINS", "https://a.example,,")], "ALLOWED_ORIGINS: \"\""),
            (
                &[("AWS_ENDPOINT_URL_DYNAMODB", "localhost")],
                "AWS_ENDPOINT_URL_DYNAMODB",
            ),
            (&[("AWS_ENDPOINT_URL", "localhost")], "AWS_ENDPOINT_URL must"),
            (&[("AWS_CA_BUNDLE", "/nowhere.pem")], "AWS_CA_BUNDLE"),
        ] {
            assert!(connect(variables).unwrap_err().contains(problem), "{variables:?}");
        }
        for (variable, value, problem) in [
            ("MAX_CONNECTIONS_PER_LOGIN", "0", "MAX_CONNECTIONS_PER_LOGIN"),
            ("DEFER_QUEUE_URL", "my-queue", "DEFER_QUEUE_URL"),
            (CALLBACK_URL, "socks.example.com", CALLBACK_URL),
            (CALLBACK_URL, "", "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI is missing"),
        ] {
            assert!(
                notify(&[(variable, value)]).unwrap_err().contains(problem),
                "{variable}"
            );
        }
        let too_long = backend(&[("CHATTER_TTL_SECONDS", "315360001")]).unwrap_err();
        assert!(too_long.contains("CHATTER_TTL_SECONDS must be at most"), "{too_long}");
    }
}
