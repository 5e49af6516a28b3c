//! The settings: read from the environment once, when a function starts, and everything that is missing or wrong is named
//! in one error.

use crate::{Chatters, CookieNames, HandshakePolicy, Tables, aws::Endpoints, handshake::origin};
use std::{fmt, time::Duration};
use thiserror::Error;

/// The settings of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The three tables.
    pub tables: Tables,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// The WebSocket API that notify posts to ([`CALLBACK_URL`]); empty for a function that posts nothing.
    pub callback_url: String,
    /// The names of parameters and cookies in handshakes, and the origins that may connect.
    pub policy: HandshakePolicy,
    /// The life of a new chatter ID (`CHATTER_TTL_SECONDS`, 30 days unless set), at most [`Chatters::LONGEST_LIFE`].
    pub chatter_life: Duration,
    /// The most sockets of a login; beyond them the oldest are closed (`MAX_CONNECTIONS_PER_LOGIN`, 20 unless set).
    pub max_connections_per_login: usize,
    /// The queue for deferred logins (`DEFER_QUEUE_URL`).
    pub defer_queue_url: Option<String>,
    /// CloudWatch's namespace of the metrics (`METRICS_NAMESPACE`, `Chatterbox` unless set): each deployment has its own.
    pub metrics_namespace: String,
}

/// The variable that holds the address of the WebSocket API that notify posts to; every AWS SDK knows it by this name. It
/// is never derived from an event: behind a custom domain or CloudFront that would be a name that serves no `@connections`.
pub const CALLBACK_URL: &str = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI";

/// All that is wrong with the settings.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct SettingsError {
    problems: Vec<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings: {}", self.problems.join("; "))
    }
}

impl Settings {
    /// Reads the environment. `also_needed` are variables that this function's AWS clients cannot do without.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn from_env(also_needed: &[&str]) -> Result<Settings, SettingsError> {
        Settings::read(|name| std::env::var(name).ok(), also_needed)
    }

    /// Reads settings from wherever `lookup` finds them.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    pub fn read(lookup: impl Fn(&str) -> Option<String>, also_needed: &[&str]) -> Result<Settings, SettingsError> {
        // An empty variable is how many tools say "not set".
        let lookup = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let mut reader = Reader {
            lookup,
            problems: Vec::new(),
        };
        for name in also_needed {
            reader.required(name);
        }
        let settings = Settings {
            tables: Tables {
                chatters: reader.required("CHATTERS_TABLE"),
                connections: reader.required("CONNECTIONS_TABLE"),
                updates: reader.required("UPDATES_TABLE"),
            },
            endpoints: Endpoints {
                dynamodb: reader.endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
                sqs: reader.endpoint("AWS_ENDPOINT_URL_SQS"),
                ca_bundle: reader.certificates("AWS_CA_BUNDLE"),
            },
            callback_url: reader.url(CALLBACK_URL).unwrap_or_default(),
            policy: reader.policy(),
            chatter_life: reader.chatter_life(),
            max_connections_per_login: reader.positive("MAX_CONNECTIONS_PER_LOGIN", 20),
            defer_queue_url: reader.url("DEFER_QUEUE_URL"),
            metrics_namespace: reader.or("METRICS_NAMESPACE", "Chatterbox"),
        };
        if reader.problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError {
                problems: reader.problems,
            })
        }
    }
}

/// Lambda's own setting for the log level.
#[expect(
    clippy::disallowed_methods,
    reason = "logging starts before the settings are read, so that it can tell of them"
)]
pub(crate) fn log_level() -> Option<String> {
    std::env::var("AWS_LAMBDA_LOG_LEVEL").ok()
}

/// Reads one variable after another and collects what is wrong.
struct Reader<L> {
    lookup: L,
    problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn required(&mut self, name: &str) -> String {
        (self.lookup)(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is missing"));
            String::new()
        })
    }

    fn or(&self, name: &str, fallback: &str) -> String {
        (self.lookup)(name).unwrap_or_else(|| fallback.to_owned())
    }

    fn positive<T: TryFrom<u64>>(&mut self, name: &str, fallback: T) -> T {
        let Some(text) = (self.lookup)(name) else {
            return fallback;
        };
        match text
            .parse::<u64>()
            .ok()
            .filter(|number| *number > 0)
            .and_then(|number| T::try_from(number).ok())
        {
            Some(number) => number,
            None => {
                self.problems.push(format!("{name} must be a whole number above 0"));
                fallback
            }
        }
    }

    fn chatter_life(&mut self) -> Duration {
        let life = Duration::from_secs(self.positive("CHATTER_TTL_SECONDS", 30 * 24 * 3600));
        if life > Chatters::LONGEST_LIFE {
            let most = Chatters::LONGEST_LIFE.as_secs();
            self.problems
                .push(format!("CHATTER_TTL_SECONDS must be at most {most} (ten years)"));
        }
        life
    }

    fn url(&mut self, name: &str) -> Option<String> {
        let url = (self.lookup)(name)?;
        if !url.starts_with("https://") && !url.starts_with("http://") {
            self.problems.push(format!("{name} must be a URL"));
        }
        Some(url)
    }

    /// The address of a service, by its own variable or the one for all of them; `None` is AWS's usual one.
    fn endpoint(&mut self, name: &str) -> Option<String> {
        let own = (self.lookup)(name).is_some();
        self.url(if own { name } else { "AWS_ENDPOINT_URL" })
    }

    /// The text of the file that a variable names.
    fn certificates(&mut self, name: &str) -> Option<String> {
        let text = std::fs::read_to_string((self.lookup)(name)?).unwrap_or_default();
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            self.problems
                .push(format!("{name} must name a file of certificates (PEM)"));
        }
        Some(text)
    }

    fn policy(&mut self) -> HandshakePolicy {
        let policy = HandshakePolicy {
            login_parameter: self.or("LOGIN_PARAMETER", "login"),
            chatter_parameter: self.or("CHATTER_PARAMETER", "chatter"),
            topic_parameter: self.or("TOPIC_PARAMETER", "topic"),
            cookies: None,
            origins: None,
        };
        let names = [
            &policy.login_parameter,
            &policy.chatter_parameter,
            &policy.topic_parameter,
        ];
        if names[0] == names[1] || names[1] == names[2] || names[0] == names[2] {
            self.problems
                .push("LOGIN_PARAMETER, CHATTER_PARAMETER and TOPIC_PARAMETER must differ".to_owned());
        }
        HandshakePolicy {
            cookies: self.cookies(),
            origins: self.origins(),
            ..policy
        }
    }

    fn cookies(&mut self) -> Option<CookieNames> {
        let names = ((self.lookup)("LOGIN_COOKIE"), (self.lookup)("CHATTER_COOKIE"));
        let cookies = match names {
            (None, None) => return None,
            (Some(login), Some(chatter)) if login != chatter => CookieNames { login, chatter },
            _ => {
                self.problems
                    .push("LOGIN_COOKIE and CHATTER_COOKIE must be set together, and differ".to_owned());
                return None;
            }
        };
        if (self.lookup)("ALLOWED_ORIGINS").is_none() {
            self.problems
                .push("ALLOWED_ORIGINS must be set where cookies are read".to_owned());
        }
        Some(cookies)
    }

    fn origins(&mut self) -> Option<Vec<String>> {
        let list = (self.lookup)("ALLOWED_ORIGINS")?;
        let origins: Vec<String> = list.split(',').map(|origin| origin.trim().to_owned()).collect();
        for origin in &origins {
            if let Some(problem) = origin::problem(origin) {
                self.problems.push(format!("ALLOWED_ORIGINS: {origin:?} {problem}"));
            }
        }
        Some(origins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: [(&str, &str); 3] = [
        ("CHATTERS_TABLE", "c"),
        ("CONNECTIONS_TABLE", "n"),
        ("UPDATES_TABLE", "u"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::read(lookup, &[]).map_err(|error| error.to_string())
    }

    fn with(variables: &[(&str, &str)]) -> Result<Settings, String> {
        read(&[&TABLES[..], variables].concat())
    }

    #[test]
    fn three_tables_are_enough() {
        let settings = with(&[]).unwrap();
        assert_eq!(settings.max_connections_per_login, 20);
        assert_eq!(settings.policy.login_parameter, "login");
        assert_eq!((settings.policy.cookies, settings.policy.origins), (None, None));
        assert_eq!(
            with(&[("ALLOWED_ORIGINS", ""), ("DEFER_QUEUE_URL", "")])
                .unwrap()
                .defer_queue_url,
            None
        );
    }

    #[test]
    fn a_service_is_where_its_own_variable_says_or_else_the_one_for_all() {
        let all = ("AWS_ENDPOINT_URL", "http://all");
        let endpoints = with(&[all, ("AWS_ENDPOINT_URL_SQS", "http://sqs")]).unwrap().endpoints;
        assert_eq!(endpoints.dynamodb.as_deref(), Some("http://all"));
        assert_eq!(endpoints.sqs.as_deref(), Some("http://sqs"));
        assert_eq!(with(&[]).unwrap().endpoints, Endpoints::default());
    }

    #[test]
    fn a_site_keeps_its_own_names() {
        let policy = with(&[
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
        let error = read(&[
            ("CHATTERS_TABLE", ""),
            ("UPDATES_TABLE", "u"),
            ("CHATTER_TTL_SECONDS", "soon"),
        ])
        .unwrap_err();
        for name in [
            "CHATTERS_TABLE is missing",
            "CONNECTIONS_TABLE is missing",
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
                &[("CHATTER_TTL_SECONDS", "315360001")],
                "CHATTER_TTL_SECONDS must be at most",
            ),
            (&[("MAX_CONNECTIONS_PER_LOGIN", "0")], "MAX_CONNECTIONS_PER_LOGIN"),
            (&[("DEFER_QUEUE_URL", "my-queue")], "DEFER_QUEUE_URL"),
            (&[(CALLBACK_URL, "socks.example.com")], CALLBACK_URL),
            (
                &[("AWS_ENDPOINT_URL_DYNAMODB", "localhost")],
                "AWS_ENDPOINT_URL_DYNAMODB",
            ),
            (&[("AWS_ENDPOINT_URL", "localhost")], "AWS_ENDPOINT_URL must"),
            (&[("AWS_CA_BUNDLE", "/nowhere.pem")], "AWS_CA_BUNDLE"),
        ] {
            assert!(with(variables).unwrap_err().contains(problem), "{variables:?}");
        }
        let also = Settings::read(
            |name| {
                TABLES
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, v)| (*v).to_owned())
            },
            &[CALLBACK_URL],
        );
        assert!(also.unwrap_err().to_string().contains(CALLBACK_URL));
    }
}
