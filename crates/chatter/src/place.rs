//! Where a Chatterbox is: the running `chatter local`, a deployed stack, or what the environment says. The commands take
//! from it the tables, the functions and the addresses that they ask.

use crate::aws_api::{ApiError, AwsApi};
use chatterbox_core::{
    BackendSettings, Chatters, Connections, FromEnvironment, NotifySettings, Poster, Revocation, SettingsError, Tables,
    Updates,
    aws::{Aws, Endpoints},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Where to look. Without any of them it is the `chatter local` of this machine.
#[derive(Clone, Debug, clap::Args)]
pub struct PlaceArguments {
    /// The address of a running `chatter local`.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", global = true)]
    local: String,
    /// The name of a deployed stack, in the account and region of the environment or of ~/.aws.
    #[arg(long, value_name = "NAME", global = true, conflicts_with = "environment")]
    stack: Option<String>,
    /// Take tables and addresses from the variables that the functions read: CHATTERS_TABLE, CONNECTIONS_TABLE,
    /// UPDATES_TABLE, AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI, and NOTIFY_FUNCTION for notify's name.
    #[arg(long, global = true)]
    environment: bool,
}

/// A Chatterbox that was found.
#[derive(Clone, Debug)]
pub struct Place {
    /// What it is, for messages: "chatter local at …", "the stack …".
    pub name: String,
    /// The name of its stack, if it is deployed.
    pub stack: Option<String>,
    /// Its tables.
    pub tables: Tables,
    /// Where posts to sockets go.
    pub callback_url: String,
    /// Where browsers connect, if that is known.
    pub socket_url: Option<String>,
    /// The feed of what the gateway does, which `chatter local` has.
    pub activity_url: Option<String>,
    /// The name of the function notify.
    pub notify: String,
    /// The clients.
    pub aws: Aws,
    /// What no function asks: Lambda itself, queues, streams, logs and alarms.
    pub api: AwsApi,
}

/// What `chatter local` says of itself at `/chatter.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalPlace {
    /// The URL of the sockets.
    pub socket_url: String,
    /// The URL to which `/@connections/ID` is added.
    pub callback_url: String,
    /// The URL of DynamoDB.
    pub dynamodb_url: String,
    /// The name of the table of chatter IDs.
    pub chatters_table: String,
    /// The name of the table of connections.
    pub connections_table: String,
    /// The name of the table of updates.
    pub updates_table: String,
}

impl LocalPlace {
    /// The path at which it is served.
    pub const PATH: &str = "/chatter.json";
}

/// Why no Chatterbox was found.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// There is no `chatter local`.
    #[error(
        "no chatter local answers at {url}: {why}. Start one with `make run`, or name a deployed one with --stack NAME"
    )]
    NoLocal {
        /// The address that was asked.
        url: String,
        /// What came instead.
        why: String,
    },
    /// There is no such stack.
    #[error(
        "the function {function} cannot be looked at: {why}. --stack takes the name that the stack was deployed under, and AWS_REGION and AWS_PROFILE say where"
    )]
    NoStack {
        /// The function that was asked for.
        function: String,
        /// AWS's answer.
        why: ApiError,
    },
    /// Settings are missing or wrong.
    #[error("{0}")]
    Settings(#[from] SettingsError),
}

impl PlaceArguments {
    /// Looks for the Chatterbox.
    ///
    /// # Errors
    /// A sentence that says what was asked, and what to do.
    pub async fn find(&self) -> Result<Place, PlaceError> {
        match &self.stack {
            Some(stack) => of_stack(stack).await,
            None if self.environment => of_environment().await,
            None => of_local(&self.local).await,
        }
    }
}

impl Place {
    /// The table of chatter IDs.
    pub fn chatters(&self) -> Chatters {
        Chatters::new(self.aws.dynamodb(), &self.tables.chatters)
    }

    /// The table of connections.
    pub fn connections(&self) -> Connections {
        Connections::new(self.aws.dynamodb(), &self.tables.connections)
    }

    /// The table of updates.
    pub fn updates(&self) -> Updates {
        Updates::new(self.aws.dynamodb(), &self.tables.updates)
    }

    /// What posts to sockets, looks at them and closes them.
    pub fn poster(&self) -> Poster {
        self.aws.poster(&self.callback_url)
    }

    /// What revokes chatter IDs.
    pub fn revocation(&self) -> Revocation {
        Revocation {
            chatters: self.chatters(),
            connections: self.connections(),
            poster: self.poster(),
        }
    }
}

async fn of_local(url: &str) -> Result<Place, PlaceError> {
    let url = url.trim_end_matches('/');
    let no_local = |why: String| PlaceError::NoLocal {
        url: url.to_owned(),
        why,
    };
    let answer = reqwest::get(format!("{url}{}", LocalPlace::PATH)).await;
    let answer = answer.map_err(|error| no_local(root_cause(&error)))?;
    if !answer.status().is_success() {
        return Err(no_local(format!("the answer was {}", answer.status())));
    }
    let local = answer.json::<LocalPlace>().await;
    let local = local.map_err(|_| no_local("what answers there is no chatter local".to_owned()))?;
    let aws = Aws::local(Endpoints {
        dynamodb: Some(local.dynamodb_url),
        ..Endpoints::default()
    });
    Ok(Place {
        name: format!("chatter local at {url}"),
        stack: None,
        tables: Tables {
            chatters: local.chatters_table,
            connections: local.connections_table,
            updates: local.updates_table,
        },
        callback_url: local.callback_url,
        socket_url: Some(local.socket_url),
        activity_url: Some(format!("{url}/demo/activity")),
        notify: "notify".to_owned(),
        api: AwsApi::new(&aws, Some(url.to_owned())),
        aws,
    })
}

/// A stack's functions are named after it, and connect and notify know the tables and the callback URL.
async fn of_stack(stack: &str) -> Result<Place, PlaceError> {
    let aws = Aws::in_terminal(Endpoints::default()).await;
    let api = AwsApi::new(&aws, None);
    let notify = format!("{stack}-notify");
    let of_notify = variables(&api, &notify).await?;
    let of_connect = variables(&api, &format!("{stack}-connect")).await?;
    let lookup = |name: &str| {
        let found = [&of_notify, &of_connect]
            .into_iter()
            .find_map(|variables| variables[name].as_str());
        found.map(ToOwned::to_owned)
    };
    let place = Place::of(format!("the stack {stack}"), &lookup, notify, aws, api)?;
    Ok(Place {
        stack: Some(stack.to_owned()),
        ..place
    })
}

async fn of_environment() -> Result<Place, PlaceError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is what --environment asks for; core's settings read the values"
    )]
    let lookup = |name: &str| std::env::var(name).ok();
    let endpoints = BackendSettings::find_in(&lookup)?.endpoints;
    let aws = Aws::in_terminal(endpoints).await;
    let api = AwsApi::new(&aws, lookup("AWS_ENDPOINT_URL_LAMBDA"));
    let notify = lookup("NOTIFY_FUNCTION").unwrap_or_else(|| "notify".to_owned());
    Ok(Place::of(
        "what the environment says".to_owned(),
        &lookup,
        notify,
        aws,
        api,
    )?)
}

impl Place {
    /// The place by the variables that its functions have.
    fn of(
        name: String,
        lookup: &dyn Fn(&str) -> Option<String>,
        notify: String,
        aws: Aws,
        api: AwsApi,
    ) -> Result<Place, SettingsError> {
        let settings = (BackendSettings::find_in(lookup), NotifySettings::find_in(lookup));
        let (backend, of_notify) = match settings {
            (Ok(backend), Ok(of_notify)) => (backend, of_notify),
            (backend, of_notify) => {
                let errors = [backend.err(), of_notify.err()];
                return Err(SettingsError::of_all(errors.into_iter().flatten()));
            }
        };
        Ok(Place {
            name,
            stack: None,
            tables: Tables {
                chatters: backend.chatters_table,
                connections: backend.connections_table,
                updates: of_notify.updates_table,
            },
            socket_url: socket_url(&backend.callback_url),
            callback_url: backend.callback_url,
            activity_url: None,
            notify,
            aws,
            api,
        })
    }
}

/// API Gateway's own address of the sockets, by that of the posts: `wss` in place of `https`.
fn socket_url(callback_url: &str) -> Option<String> {
    let (scheme, rest) = callback_url.split_once("://")?;
    let scheme = match scheme {
        "https" => "wss",
        "http" => "ws",
        _ => return None,
    };
    Some(format!("{scheme}://{rest}"))
}

/// The variables of a deployed function, an object.
async fn variables(api: &AwsApi, function: &str) -> Result<Value, PlaceError> {
    let asked = api.function(function).await;
    let mut answer = asked.map_err(|why| PlaceError::NoStack {
        function: function.to_owned(),
        why,
    })?;
    Ok(answer["Environment"]["Variables"].take())
}

/// The innermost reason: the outer ones say only that a request failed.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_at_the_same_address_as_posts_by_another_scheme() {
        for (posts, sockets) in [
            (
                "https://a1b2.execute-api.eu-west-1.amazonaws.com/live",
                Some("wss://a1b2.execute-api.eu-west-1.amazonaws.com/live"),
            ),
            ("http://127.0.0.1:8080/dev", Some("ws://127.0.0.1:8080/dev")),
            ("a1b2", None),
            ("ftp://a", None),
        ] {
            assert_eq!(socket_url(posts).as_deref(), sockets);
        }
    }
}
