//! Chatterbox on a laptop: the gateway, an embedded DynamoDB and the demo page in this process, and the five functions
//! as its children. The functions are the programs that run in AWS; environment variables tell them where everything
//! is.
//!
//! `functions` has the functions and their routes, `database`, `engine` and `data_file` the tables, `streams` what brings
//! their changes to functions, `demo` the page and its backend, `chaos` and `table_throttle` what `--chaos` breaks.

mod chaos;
mod data_file;
mod database;
mod demo;
mod engine;
mod functions;
mod lock;
mod streams;
mod table_throttle;

use crate::place::LocalPlace;
use chaos::Chaos;
use chatterbox_core::{
    BackendSettings, Chatters, ConnectSettings, Connections, DefaultSettings, FromEnvironment, Function,
    NotifySettings, Revocation, SettingsError, StoreError, Tables, Updates, aws::Aws, schema,
};
use chatterbox_gateway::{Access, Config, ConfigError, Faults, Gateway, Limits, Server, Throttle};
pub use database::Database;
use std::{collections::BTreeMap, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
pub use table_throttle::TableThrottle;
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// The options of a local system.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port of the page, the sockets, `@connections` and the functions; 0 takes any free one.
    pub port: u16,
    /// Port of DynamoDB; 0 takes any free one.
    pub dynamodb_port: u16,
    /// The file that keeps the tables. `None` keeps them in memory.
    pub data: Option<PathBuf>,
    /// Further names of this machine by which both ports may be called: of tunnels and containers.
    pub allowed_hosts: Vec<String>,
    /// The folder with the programs `connect`, `disconnect`, `default`, `notify` and `revoke`.
    pub functions: PathBuf,
    /// Settings of the functions, beside those that the local system sets itself.
    pub environment: BTreeMap<String, String>,
    /// The timeout of notify. The other functions have what they have when they are deployed.
    pub notify_timeout: Duration,
    /// API Gateway's limits.
    pub limits: Limits,
    /// The throttles of the routes, by their keys. A route that is not among them has none.
    pub throttles: BTreeMap<&'static str, Throttle>,
    /// Faults to inject from the start. With `None` there can be none: no fault API, and no [`TableThrottle`] before
    /// DynamoDB.
    pub faults: Option<Faults>,
    /// Break something every few seconds, in an order that this seed decides. It replaces `faults`.
    pub chaos: Option<u64>,
}

impl Options {
    /// The documented ports, tables in memory, the functions beside this program, AWS's limits, the throttles of a
    /// deployment, and Chatterbox's own
    /// settings as this process finds them in its environment.
    pub fn from_env() -> Options {
        let own_folder = std::env::current_exe()
            .ok()
            .and_then(|path| Some(path.parent()?.to_owned()));
        Options {
            port: 8080,
            dynamodb_port: 8000,
            data: None,
            allowed_hosts: Vec::new(),
            functions: own_folder.unwrap_or_default(),
            environment: functions::settings_from_env(),
            notify_timeout: Function::Notify.time_limit(),
            limits: Limits::default(),
            throttles: functions::THROTTLES.into(),
            faults: None,
            chaos: None,
        }
    }
}

/// Why the local system did not start.
#[derive(Debug, Error)]
pub enum LocalError {
    /// A port cannot be listened on.
    #[error("port {port} ({what}): {error}; another can be chosen with {flag}")]
    Port {
        /// The port.
        port: u16,
        /// Who is to listen on it.
        what: &'static str,
        /// The flag that chooses another.
        flag: &'static str,
        /// The operating system's error.
        error: io::Error,
    },
    /// The tables cannot be opened.
    #[error("the tables in {}: {reason}", file.display())]
    Data {
        /// The file that was to keep them.
        file: PathBuf,
        /// The reason, as a sentence.
        reason: String,
    },
    /// A function is missing, or a setting of the gateway cannot work.
    #[error("{0}; `cargo build --workspace --bins` builds the functions")]
    Gateway(#[from] ConfigError),
    /// A setting of Chatterbox is wrong.
    #[error("{0}")]
    Settings(#[from] SettingsError),
    /// The tables cannot be created.
    #[error("the tables: {0}")]
    Tables(#[from] StoreError),
}

/// A running local system. Dropping it ends its processes at once; [`Local::stop`] does so in good order.
#[derive(Debug)]
pub struct Local {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    database: Arc<Database>,
    server: JoinHandle<io::Result<()>>,
    /// The readers of the tables' streams. Dropping it ends them.
    streams: JoinSet<()>,
    chaos: Option<JoinHandle<()>>,
    aws: Aws,
    revocation: Revocation,
}

/// What the local system itself needs of Chatterbox's settings.
struct Settings {
    tables: Tables,
    /// Pages of other machines that may open sockets, by their origins.
    origins: Vec<String>,
    /// Those of the demo's backend.
    backend: BackendSettings,
}

impl Settings {
    /// Reads all settings, those of the functions too, so that what is wrong with them is said before anything starts.
    fn read(environment: &BTreeMap<String, String>) -> Result<Settings, SettingsError> {
        let lookup = |name: &str| environment.get(name).cloned();
        let settings = (
            ConnectSettings::find_in(&lookup),
            DefaultSettings::find_in(&lookup),
            NotifySettings::find_in(&lookup),
            BackendSettings::find_in(&lookup),
        );
        match settings {
            (Ok(connect), Ok(_), Ok(notify), Ok(backend)) => Ok(Settings {
                tables: Tables {
                    chatters: connect.chatters_table,
                    connections: connect.connections_table,
                    updates: notify.updates_table,
                },
                origins: connect.policy.origins.unwrap_or_default(),
                backend,
            }),
            (connect, default, notify, backend) => {
                let errors = [connect.err(), default.err(), notify.err(), backend.err()];
                Err(SettingsError::of_all(errors.into_iter().flatten()))
            }
        }
    }
}

/// Revokes chatter IDs of this system, as the site's backend does.
fn revocation(aws: &Aws, tables: &Tables, callback_url: &str) -> Revocation {
    Revocation {
        chatters: Chatters::new(aws.dynamodb(), &tables.chatters),
        connections: Connections::new(aws.dynamodb(), &tables.connections),
        poster: aws.poster(callback_url),
    }
}

/// The stage: the path of the sockets.
const STAGE: &str = "dev";

impl Local {
    /// Starts everything, and returns when all of it is ready.
    ///
    /// # Errors
    /// A [`LocalError`] that says what to do about it; nothing is left running then.
    pub async fn start(options: Options) -> Result<Local, LocalError> {
        let (listener, address) = bind(options.port, "the page and the sockets", "--port").await?;
        let (dynamodb_listener, dynamodb_address) = bind(options.dynamodb_port, "DynamoDB", "--dynamodb-port").await?;
        let callback_url = format!("http://{address}/{STAGE}");
        let dynamodb_url = database::url(dynamodb_address);
        let environment = functions::environment(&dynamodb_url, &callback_url, &options.environment);
        let Settings {
            tables,
            origins,
            backend,
        } = Settings::read(&environment)?;
        let faults = options.faults.or_else(|| options.chaos.map(|_| Faults::default()));
        let server = Server {
            access: Access {
                hosts: options.allowed_hosts,
                origins,
            },
            ..Server::default()
        };
        let database = Database::start(
            dynamodb_listener,
            server.clone(),
            options.data.as_deref(),
            &tables,
            faults.is_some(),
        );
        let database = Arc::new(database.await?);
        let config = Config {
            stage: STAGE.to_owned(),
            functions: functions::functions(&options.functions, &environment, options.notify_timeout),
            route_selection: functions::route_selection(),
            routes: functions::routes(&options.throttles),
            limits: options.limits,
            faults,
            ..Config::default()
        };
        let gateway = Arc::new(Gateway::start(config).await?);
        let aws = Aws::local(backend.endpoints);
        schema::create_tables(&aws.dynamodb(), &tables).await?;
        schema::create(&aws.dynamodb(), &schema::OUTBOX).await?;
        let revocation = revocation(&aws, &tables, &backend.callback_url);
        let system = watch::Sender::new(demo::System {
            chaos: options.chaos.is_some(),
            has_chaos: options.chaos.is_some(),
            fault: None,
            tables: database.table_id(&tables.chatters).unwrap_or_default().into(),
        });
        let site = demo::Site::new(revocation.clone(), backend.chatter_life, system.subscribe(), address);
        let demo = demo::Demo {
            feed: demo::Feed::start(&gateway, system.subscribe()),
            contents: demo::Contents {
                gateway: Arc::clone(&gateway),
                chatters: revocation.chatters.clone(),
                connections: revocation.connections.clone(),
                updates: Updates::new(aws.dynamodb(), &tables.updates),
                system: system.subscribe(),
            },
            experiments: demo::Experiments {
                gateway: Arc::clone(&gateway),
                connections: revocation.connections.clone(),
                chatters: revocation.chatters.clone(),
                site: site.clone(),
            },
            faults: demo::SingleFaults {
                gateway: Arc::clone(&gateway),
                system: system.clone(),
            },
            site,
        };
        let place = LocalPlace {
            socket_url: format!("ws://{address}/{STAGE}"),
            callback_url: backend.callback_url,
            dynamodb_url,
            chatters_table: tables.chatters.clone(),
            connections_table: tables.connections.clone(),
            updates_table: tables.updates.clone(),
        };
        let mut router = demo::router(gateway.router(), place, demo);
        let chaos = options
            .chaos
            .map(|seed| Chaos::new(Arc::clone(&gateway), Arc::clone(&database), system, seed));
        if let Some(chaos) = &chaos {
            router = router.merge(chaos.router());
        }
        let server = tokio::spawn(async move { server.serve(listener, router, std::future::pending()).await });
        let streams = streams::start(&database, &gateway, &tables);
        Ok(Local {
            address,
            streams,
            gateway,
            database,
            server,
            chaos: chaos.map(|chaos| tokio::spawn(chaos.run())),
            aws,
            revocation,
        })
    }

    /// The URL of the demo page.
    pub fn page_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The URL of the sockets.
    pub fn socket_url(&self) -> String {
        format!("ws://{}/{STAGE}", self.address)
    }

    /// The URL of the Lambda Invoke API, up to the function's name.
    pub fn functions_url(&self) -> String {
        format!("http://{}/2015-03-31/functions", self.address)
    }

    /// The URL of DynamoDB.
    pub fn dynamodb_url(&self) -> String {
        self.database.url()
    }

    /// The gateway, for its feeds.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The embedded DynamoDB.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// AWS clients of this system.
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Issues and revokes chatter IDs of this system, as the site's backend does in AWS.
    pub fn revocation(&self) -> &Revocation {
        &self.revocation
    }

    /// Closes the sockets, lets their `$disconnect` run, ends the functions' processes and then DynamoDB.
    pub async fn stop(mut self) {
        if let Some(chaos) = self.chaos.take() {
            chaos.abort();
            let _ = chaos.await;
        }
        self.gateway.stop().await;
        self.streams.shutdown().await;
        self.server.abort();
        self.database.end().await;
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // Both tasks own the gateway, which would live on with them.
        self.server.abort();
        if let Some(chaos) = &self.chaos {
            chaos.abort();
        }
    }
}

/// A listener on a port of this machine, and its address.
async fn bind(port: u16, what: &'static str, flag: &'static str) -> Result<(TcpListener, SocketAddr), LocalError> {
    let bound = async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|error| LocalError::Port {
        port,
        what,
        flag,
        error,
    })
}
