//! One API that is served.

use std::future::pending;

use axum::Router;
use chatterbox_gateway::{Certificate, Config, Endpoint, Function, Gateway, Printer, Server};
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::certificate;
use crate::setup::Setup;

type Error = Box<dyn std::error::Error>;

/// An API that is served on a port, with its functions.
pub(crate) struct Running {
    pub(crate) gateway: Gateway,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
    stage: String,
    is_tls: bool,
}

impl Running {
    /// Starts an API on a port. The listener itself stays free for another API, which can take the place of this one.
    pub(crate) async fn start(
        setup: Setup,
        listener: &std::net::TcpListener,
        is_verbose: bool,
        terminal: &Printer,
    ) -> Result<Running, Error> {
        let address = listener.local_addr()?;
        let (certificate, endpoint) = match &setup.tls {
            None => (None, Endpoint::http(address)),
            Some(file) => {
                let (certificate, file) = certificate::made(file, &names(&setup))?;
                (Some(certificate), Endpoint::https(address, file))
            }
        };
        let mut config = setup.config;
        config.endpoint = Some(endpoint);
        if let Some(host) = &setup.host_in_aws {
            replace(&mut config, host, &address.to_string(), setup.tls.is_some());
        }
        let (stage, folders) = (config.stage.clone(), folders(&config)?);
        let server = Server {
            access: setup.access,
            ..Server::default()
        };
        let listener = TcpListener::from_std(listener.try_clone()?)?;
        let gateway = Gateway::start(config).await?;
        print_feeds(&gateway, is_verbose, terminal);
        for line in setup
            .notices
            .into_iter()
            .map(|notice| format!("gateway: {notice}"))
            .chain(folders)
        {
            terminal.print(line);
        }
        Ok(Running {
            is_tls: certificate.is_some(),
            serving: tokio::spawn(serve(server, listener, certificate, gateway.router())),
            gateway,
            stage,
        })
    }

    /// The line that says that it is ready, and where.
    pub(crate) fn ready(&self, address: std::net::SocketAddr) -> String {
        let (http, ws) = if self.is_tls { ("https", "wss") } else { ("http", "ws") };
        let stage = &self.stage;
        format!(
            "ready {ws}://{address}/{stage} {http}://{address}/{stage}/@connections \
             {http}://{address}/2015-03-31/functions"
        )
    }

    /// Closes its sockets, lets `$disconnect` run, and ends its processes.
    pub(crate) async fn stop(self) {
        self.gateway.stop().await;
        self.serving.abort();
    }
}

/// The names, beside this machine's own, by which clients may call it.
fn names(setup: &Setup) -> Vec<String> {
    let domain = setup.config.domain.iter().map(|domain| domain.name.clone());
    domain.chain(setup.access.hosts.iter().cloned()).collect()
}

async fn serve(
    server: Server,
    listener: TcpListener,
    certificate: Option<Certificate>,
    router: Router,
) -> std::io::Result<()> {
    match certificate {
        None => server.serve(listener, router, pending()).await,
        Some(certificate) => server.serve_tls(listener, &certificate, router, pending()).await,
    }
}

/// Puts the gateway's address where functions' variables have the API's address in AWS.
fn replace(config: &mut Config, host: &str, address: &str, is_tls: bool) {
    let schemes = if is_tls {
        [("https", "https"), ("wss", "wss")]
    } else {
        [("https", "http"), ("wss", "ws")]
    };
    for value in config
        .functions
        .values_mut()
        .flat_map(|function| function.environment.values_mut())
    {
        for (theirs, ours) in schemes {
            *value = value.replace(&format!("{theirs}://{host}"), &format!("{ours}://{address}"));
        }
    }
}

/// One line for each function: the folder in which it runs.
fn folders(config: &Config) -> std::io::Result<Vec<String>> {
    let folder = |(name, function): (&String, &Function)| {
        let folder = function.working_folder()?;
        Ok(format!("gateway: function {name} runs in {}", folder.display()))
    };
    config.functions.iter().map(folder).collect()
}

fn print_feeds(gateway: &Gateway, is_verbose: bool, terminal: &Printer) {
    tokio::spawn(print(terminal.clone(), gateway.lines(), |line| {
        format!("{}: {}", line.function, line.text)
    }));
    if is_verbose {
        tokio::spawn(print(terminal.clone(), gateway.reasons(), |reason| {
            format!("gateway: {}: {}", reason.function, reason.text)
        }));
        tokio::spawn(print(terminal.clone(), gateway.activity(), |activity| {
            serde_json::to_string(&activity).unwrap_or_default()
        }));
    }
}

/// Writes a feed to the terminal, one line for each entry.
async fn print<T: Clone>(terminal: Printer, mut feed: Receiver<T>, line: impl Fn(T) -> String) {
    loop {
        terminal.print(match feed.recv().await {
            Ok(entry) => line(entry),
            Err(RecvError::Lagged(missed)) => format!("gateway: {missed} lines were printed too fast and are missing"),
            Err(RecvError::Closed) => return,
        });
    }
}
