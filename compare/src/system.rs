//! The two systems, on free ports of this machine.

use crate::{Result, rows};
use chatter::local::{Local, Options};
use chatterbox_core::{
    Login,
    aws::{Aws, Endpoints},
};
use chatterbox_gateway::{Config, Endpoint, Function, Gateway, Route, Server};
use std::{collections::BTreeMap, future::pending, path::Path, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What tutorials show.
    Tutorial,
    /// What this repository has.
    Chatterbox,
}

/// A running system.
pub(crate) enum System {
    Tutorial(Tutorial),
    Chatterbox(Box<Local>),
}

/// A running tutorial. Its servers end with it.
pub(crate) struct Tutorial {
    gateway: Gateway,
    address: std::net::SocketAddr,
    dynamodb_url: String,
    _servers: JoinSet<()>,
}

/// How long the functions that serve sockets may take, and the one that posts. They are those of Chatterbox in AWS; Lambda's
/// own 3 s would be to the tutorial's disadvantage.
const TIMEOUT: Duration = Duration::from_secs(10);
const POSTING_TIMEOUT: Duration = Duration::from_secs(60);

impl System {
    /// Starts one, with the functions' programs that are in this folder.
    pub(crate) async fn start(side: Side, programs: &Path) -> Result<System> {
        Ok(match side {
            Side::Tutorial => System::Tutorial(Tutorial::start(programs).await?),
            Side::Chatterbox => {
                let options = Options {
                    port: 0,
                    dynamodb_port: 0,
                    functions: programs.to_owned(),
                    environment: BTreeMap::new(),
                    notify_timeout: POSTING_TIMEOUT,
                    throttles: Default::default(),
                    ..Options::from_env()
                };
                System::Chatterbox(Box::new(Local::start(options).await?))
            }
        })
    }

    pub(crate) fn gateway(&self) -> &Gateway {
        match self {
            System::Tutorial(tutorial) => &tutorial.gateway,
            System::Chatterbox(local) => local.gateway(),
        }
    }

    /// The URL of the sockets.
    pub(crate) fn socket_url(&self) -> String {
        match self {
            System::Tutorial(tutorial) => format!("ws://{}/dev", tutorial.address),
            System::Chatterbox(local) => local.socket_url(),
        }
    }

    /// Where the pipeline sends its events.
    pub(crate) fn invocations_url(&self) -> String {
        match self {
            System::Tutorial(Tutorial { address, .. }) => {
                format!("http://{address}/2015-03-31/functions/tutorial-send/invocations")
            }
            System::Chatterbox(local) => format!("{}/notify/invocations", local.functions_url()),
        }
    }

    pub(crate) fn tables(&self) -> aws_sdk_dynamodb::Client {
        match self {
            System::Tutorial(tutorial) => dynamodb(&tutorial.dynamodb_url),
            System::Chatterbox(local) => local.aws().dynamodb(),
        }
    }

    /// The site logs a user in: the query with which the user's page opens a socket, but for the login.
    pub(crate) async fn log_in(&self, login: &str) -> Result<String> {
        Ok(match self {
            // Whoever says that this is their login is believed.
            System::Tutorial(_) => String::new(),
            System::Chatterbox(local) => {
                let login = Login::parse(login).ok_or("no login")?;
                let issued = local.revocation().chatters.issue(&login, Duration::from_secs(3_600));
                format!("&chatter={}", issued.await?.reveal())
            }
        })
    }

    /// Closes the sockets and ends the processes.
    pub(crate) async fn stop(self) {
        match self {
            System::Tutorial(tutorial) => tutorial.gateway.stop().await,
            System::Chatterbox(local) => local.stop().await,
        }
    }
}

impl Tutorial {
    async fn start(programs: &Path) -> Result<Tutorial> {
        let mut servers = JoinSet::new();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let dynamodb_url = format!("http://{}/", listener.local_addr()?);
        let engine = dynoxide::Database::memory()?;
        servers.spawn(async {
            let _ = dynoxide::server::serve_with_shutdown(listener, engine, pending::<()>()).await;
        });
        rows::create_table_of_tutorial(&dynamodb(&dynamodb_url)).await?;

        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let names = ["tutorial-connect", "tutorial-disconnect", "tutorial-send"];
        let function = |name: &str| Function {
            environment: BTreeMap::from([("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), dynamodb_url.clone())]),
            timeout: if name == "tutorial-send" {
                POSTING_TIMEOUT
            } else {
                TIMEOUT
            },
            ..Function::new(programs.join(name))
        };
        let gateway = Gateway::start(Config {
            endpoint: Some(Endpoint::http(address)),
            functions: names.map(|name| (name.to_owned(), function(name))).into(),
            routes: BTreeMap::from([
                ("$connect".to_owned(), Route::lambda("tutorial-connect")),
                ("$disconnect".to_owned(), Route::lambda("tutorial-disconnect")),
            ]),
            ..Config::default()
        });
        let gateway = gateway.await?;
        let router = gateway.router();
        servers.spawn(async move {
            let _ = Server::default().serve(listener, router, pending()).await;
        });
        Ok(Tutorial {
            gateway,
            address,
            dynamodb_url,
            _servers: servers,
        })
    }
}

fn dynamodb(url: &str) -> aws_sdk_dynamodb::Client {
    let endpoints = Endpoints {
        dynamodb: Some(url.to_owned()),
        ..Endpoints::default()
    };
    Aws::local(endpoints).dynamodb()
}
