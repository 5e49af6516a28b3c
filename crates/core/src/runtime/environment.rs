//! The environment of a function, read variable by variable. Everything that is missing or wrong is collected, so that one
//! error names all of it.

use super::{
    metrics::{MetricsSettings, Observability},
    name::{self, Rule},
    settings_error::SettingsError,
};
use crate::{Chatters, CookieNames, HandshakePolicy, OriginSecret, aws::Endpoints, handshake::origin};
use std::{collections::BTreeSet, time::Duration};

/// The environment that is being read.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
    asked: Variables,
}

/// The names of variables that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Those that must be set.
    pub required: BTreeSet<&'static str>,
    /// Those that need not be set.
    pub optional: BTreeSet<&'static str>,
}

/// Settings that are read from the environment.
pub trait FromEnvironment: Sized {
    /// Reads them, variable by variable.
    fn read(environment: &mut Environment<'_>) -> Self;

    /// The settings in this process's environment.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    fn from_env() -> Result<Self, SettingsError> {
        Self::find_in(&variable)
    }

    /// The settings that `lookup` finds.
    ///
    /// # Errors
    /// One error that names every variable that is missing or wrong.
    fn find_in(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut environment = Environment::new(lookup);
        let settings = Self::read(&mut environment);
        environment.finish(settings)
    }

    /// The names of the variables that are read.
    fn variables() -> Variables {
        let mut environment = Environment::new(&|_| None);
        Self::read(&mut environment);
        environment.asked
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl<'a> Environment<'a> {
    /// An environment in which `lookup` finds variables.
    fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Environment<'a> {
        Environment {
            lookup,
            problems: Vec::new(),
            asked: Variables::default(),
        }
    }

    /// What was read, unless something was missing or wrong.
    fn finish<T>(self, settings: T) -> Result<T, SettingsError> {
        if self.problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError::new(self.problems))
        }
    }

    /// Addresses of services that are not the usual ones.
    pub(super) fn endpoints(&mut self) -> Endpoints {
        Endpoints {
            dynamodb: self.endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
            sqs: self.endpoint("AWS_ENDPOINT_URL_SQS"),
            ca_bundle: self.certificates("AWS_CA_BUNDLE"),
        }
    }

    /// A variable that must be set.
    pub(super) fn required(&mut self, name: &'static str) -> String {
        self.asked.required.insert(name);
        let value = self.value(name).filter(|value| !value.trim().is_empty());
        value.unwrap_or_else(|| {
            self.problems.push(format!("{name} is missing"));
            String::new()
        })
    }

    /// The URL in a variable that must be set.
    pub(super) fn required_url(&mut self, name: &'static str) -> String {
        let url = self.required(name);
        self.check_url(name, Some(url).filter(|url| !url.is_empty()))
            .unwrap_or_default()
    }

    /// A variable that may be set.
    fn get(&mut self, name: &'static str) -> Option<String> {
        self.asked.optional.insert(name);
        self.value(name)
    }

    /// An empty variable counts as one that is not set, which is how many tools unset one.
    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn or(&mut self, name: &'static str, fallback: &str) -> String {
        self.get(name).unwrap_or_else(|| fallback.to_owned())
    }

    /// The name in a variable that may be set.
    fn name(&mut self, variable: &'static str, rule: &Rule) -> Option<String> {
        let name = self.get(variable)?;
        if !(rule.holds)(&name) {
            self.problems.push(format!("{variable} must be {}", rule.must_be));
        }
        Some(name)
    }

    fn name_or(&mut self, variable: &'static str, rule: &Rule, fallback: &str) -> String {
        self.name(variable, rule).unwrap_or_else(|| fallback.to_owned())
    }

    pub(super) fn positive<T: TryFrom<u64>>(&mut self, name: &'static str, fallback: T) -> T {
        let Some(text) = self.get(name) else {
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

    /// What is told to CloudWatch.
    pub(super) fn metrics(&mut self) -> MetricsSettings {
        let word = self.or("OBSERVABILITY", "free");
        let observability = Observability::parse(&word).unwrap_or_else(|| {
            self.problems
                .push("OBSERVABILITY must be free, full or none".to_owned());
            Observability::Free
        });
        MetricsSettings {
            namespace: self.name_or("METRICS_NAMESPACE", &name::NAMESPACE, "Chatterbox"),
            observability,
        }
    }

    /// The table of chatter IDs, if syncs are to ask it whether theirs is still good.
    pub(super) fn chatters_to_check(&mut self) -> Option<String> {
        let table = self.get("CHATTERS_TABLE");
        if !self.flag("CHECK_CHATTER_ON_SYNC") {
            return None;
        }
        if table.is_none() {
            self.problems
                .push("CHATTERS_TABLE must be set where CHECK_CHATTER_ON_SYNC is true".to_owned());
        }
        table
    }

    /// Whether something is wanted; not unless it is set.
    fn flag(&mut self, name: &'static str) -> bool {
        match self.get(name).as_deref() {
            Some("true") => true,
            None | Some("false") => false,
            Some(_) => {
                self.problems.push(format!("{name} must be true or false"));
                false
            }
        }
    }

    pub(super) fn chatter_life(&mut self) -> Duration {
        let life = Duration::from_secs(self.positive("CHATTER_TTL_SECONDS", 30 * 24 * 3600));
        if life > Chatters::LONGEST_LIFE {
            let most = Chatters::LONGEST_LIFE.as_secs();
            self.problems
                .push(format!("CHATTER_TTL_SECONDS must be at most {most} (ten years)"));
        }
        life
    }

    pub(super) fn url(&mut self, name: &'static str) -> Option<String> {
        let url = self.get(name);
        self.check_url(name, url)
    }

    fn check_url(&mut self, name: &str, url: Option<String>) -> Option<String> {
        let url = url?;
        if !url.starts_with("https://") && !url.starts_with("http://") {
            self.problems.push(format!("{name} must be a URL"));
        }
        Some(url)
    }

    /// The address of a service, by its own variable or the one for all of them; `None` is AWS's usual one.
    fn endpoint(&mut self, name: &'static str) -> Option<String> {
        let own = self.get(name).is_some();
        self.url(if own { name } else { "AWS_ENDPOINT_URL" })
    }

    /// The text of the file that a variable names.
    fn certificates(&mut self, name: &'static str) -> Option<String> {
        let text = std::fs::read_to_string(self.get(name)?).unwrap_or_default();
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            self.problems
                .push(format!("{name} must name a file of certificates (PEM)"));
        }
        Some(text)
    }

    pub(super) fn policy(&mut self) -> HandshakePolicy {
        let policy = HandshakePolicy {
            login_parameter: self.name_or("LOGIN_PARAMETER", &name::PARAMETER, "login"),
            chatter_parameter: self.name_or("CHATTER_PARAMETER", &name::PARAMETER, "chatter"),
            topic_parameter: self.name_or("TOPIC_PARAMETER", &name::PARAMETER, "topic"),
            cookies: None,
            origins: None,
            origin_secrets: self.origin_secrets(),
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

    fn origin_secrets(&mut self) -> Vec<OriginSecret> {
        let list = self.get("ORIGIN_SECRET").unwrap_or_default();
        let parts = list.split(',').filter(|_| !list.is_empty());
        let secrets: Option<Vec<OriginSecret>> = parts.map(OriginSecret::parse).collect();
        secrets.filter(|secrets| secrets.len() <= 2).unwrap_or_else(|| {
            // The value is not quoted: it may be a secret that is only a character too long.
            self.problems.push(
                "ORIGIN_SECRET must be one secret, or two and a comma, each of 20 to 128 letters and digits".to_owned(),
            );
            Vec::new()
        })
    }

    fn cookies(&mut self) -> Option<CookieNames> {
        let names = (
            self.name("LOGIN_COOKIE", &name::COOKIE),
            self.name("CHATTER_COOKIE", &name::COOKIE),
        );
        let cookies = match names {
            (None, None) => return None,
            (Some(login), Some(chatter)) if login != chatter => CookieNames { login, chatter },
            _ => {
                self.problems
                    .push("LOGIN_COOKIE and CHATTER_COOKIE must be set together, and differ".to_owned());
                return None;
            }
        };
        if self.get("ALLOWED_ORIGINS").is_none() {
            self.problems
                .push("ALLOWED_ORIGINS must be set where cookies are read".to_owned());
        }
        Some(cookies)
    }

    fn origins(&mut self) -> Option<Vec<String>> {
        let list = self.get("ALLOWED_ORIGINS")?;
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

    #[test]
    fn a_variable_is_that_of_this_process() {
        let path = variable("PATH").expect("every process that tests run in has one");
        assert!(path.contains('/'), "{path}");
        assert_eq!(variable("CHATTERBOX_HAS_NO_SUCH_VARIABLE"), None);
    }
}
