//! Settings: what each function reads from its environment when it starts, and no more. Everything that is missing or wrong
//! is named in one error.

use super::{
    environment::{Environment, FromEnvironment, Variables},
    metrics::MetricsSettings,
};
use crate::{Function, HandshakePolicy, aws::Endpoints};
use std::time::Duration;

/// The variable that holds the address of the WebSocket API that notify and revoke post to; every AWS SDK knows it by this
/// name. It is never derived from an event: behind a custom domain or CloudFront that would be a name that serves no
/// `@connections`.
pub const CALLBACK_URL: &str = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI";

const MAX_CONNECTIONS: &str = "MAX_CONNECTIONS_PER_LOGIN";

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
    /// The most sockets that notify leaves a login (`MAX_CONNECTIONS_PER_LOGIN`, 20 unless set); with five times as many, another
    /// one is refused.
    pub max_connections_per_login: usize,
    /// What it tells CloudWatch.
    pub metrics: MetricsSettings,
    /// The handshakes in five minutes that somebody should look at (`FLOOD_HANDSHAKES`, 37,500 unless set).
    pub flood_handshakes: u32,
}

impl FromEnvironment for ConnectSettings {
    fn read(environment: &mut Environment<'_>) -> ConnectSettings {
        ConnectSettings {
            chatters_table: environment.required("CHATTERS_TABLE"),
            connections_table: environment.required("CONNECTIONS_TABLE"),
            endpoints: environment.endpoints(),
            policy: environment.policy(),
            max_connections_per_login: environment.positive(MAX_CONNECTIONS, 20),
            metrics: environment.metrics(),
            // Half of what the throttle of `$connect` lets in, unless that is set: infra/lib/throttles.ts.
            flood_handshakes: environment.positive("FLOOD_HANDSHAKES", 37_500),
        }
    }
}

/// Settings of `$disconnect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisconnectSettings {
    /// The table of connections (`CONNECTIONS_TABLE`).
    pub connections_table: String,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// What it tells CloudWatch.
    pub metrics: MetricsSettings,
}

impl FromEnvironment for DisconnectSettings {
    fn read(environment: &mut Environment<'_>) -> DisconnectSettings {
        DisconnectSettings {
            connections_table: environment.required("CONNECTIONS_TABLE"),
            endpoints: environment.endpoints(),
            metrics: environment.metrics(),
        }
    }
}

/// Settings of `$default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultSettings {
    /// The table of connections (`CONNECTIONS_TABLE`).
    pub connections_table: String,
    /// The table of updates (`UPDATES_TABLE`).
    pub updates_table: String,
    /// The table of chatter IDs (`CHATTERS_TABLE`), if a sync is to be refused once its chatter ID is no longer good
    /// (`CHECK_CHATTER_ON_SYNC`, `true` or `false`, `false` unless set).
    pub chatters_table: Option<String>,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// What it tells CloudWatch.
    pub metrics: MetricsSettings,
}

impl FromEnvironment for DefaultSettings {
    fn read(environment: &mut Environment<'_>) -> DefaultSettings {
        DefaultSettings {
            chatters_table: environment.chatters_to_check(),
            connections_table: environment.required("CONNECTIONS_TABLE"),
            updates_table: environment.required("UPDATES_TABLE"),
            endpoints: environment.endpoints(),
            metrics: environment.metrics(),
        }
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
    /// What it tells CloudWatch.
    pub metrics: MetricsSettings,
}

impl FromEnvironment for NotifySettings {
    fn read(environment: &mut Environment<'_>) -> NotifySettings {
        NotifySettings {
            connections_table: environment.required("CONNECTIONS_TABLE"),
            updates_table: environment.required("UPDATES_TABLE"),
            endpoints: environment.endpoints(),
            callback_url: environment.required_url(CALLBACK_URL),
            max_connections_per_login: environment.positive(MAX_CONNECTIONS, 20),
            defer_queue_url: environment.url("DEFER_QUEUE_URL"),
            metrics: environment.metrics(),
        }
    }
}

/// Settings of revoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeSettings {
    /// The table of chatter IDs (`CHATTERS_TABLE`).
    pub chatters_table: String,
    /// The table of connections (`CONNECTIONS_TABLE`).
    pub connections_table: String,
    /// Addresses of AWS's services that are not the usual ones.
    pub endpoints: Endpoints,
    /// The WebSocket API whose sockets it closes ([`CALLBACK_URL`]).
    pub callback_url: String,
    /// What it tells CloudWatch.
    pub metrics: MetricsSettings,
}

impl FromEnvironment for RevokeSettings {
    fn read(environment: &mut Environment<'_>) -> RevokeSettings {
        RevokeSettings {
            chatters_table: environment.required("CHATTERS_TABLE"),
            connections_table: environment.required("CONNECTIONS_TABLE"),
            endpoints: environment.endpoints(),
            callback_url: environment.required_url(CALLBACK_URL),
            metrics: environment.metrics(),
        }
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
    /// The life of a new chatter ID (`CHATTER_TTL_SECONDS`, 30 days unless set), at most
    /// [`Chatters::LONGEST_LIFE`](crate::Chatters::LONGEST_LIFE).
    pub chatter_life: Duration,
}

impl FromEnvironment for BackendSettings {
    fn read(environment: &mut Environment<'_>) -> BackendSettings {
        BackendSettings {
            chatters_table: environment.required("CHATTERS_TABLE"),
            connections_table: environment.required("CONNECTIONS_TABLE"),
            endpoints: environment.endpoints(),
            callback_url: environment.required_url(CALLBACK_URL),
            chatter_life: environment.chatter_life(),
        }
    }
}

/// The names of the variables that a function reads.
pub fn variables(function: Function) -> Variables {
    match function {
        Function::Connect => ConnectSettings::variables(),
        Function::Disconnect => DisconnectSettings::variables(),
        Function::Default => DefaultSettings::variables(),
        Function::Notify => NotifySettings::variables(),
        Function::Revoke => RevokeSettings::variables(),
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

#[cfg(test)]
mod tests;
