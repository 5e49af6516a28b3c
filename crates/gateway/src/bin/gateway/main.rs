//! The command `gateway`: an API on a port of this machine, with the functions and routes that its flags or a file name.

mod certificate;
mod file;
mod handler;
mod manual;
mod options;
mod running;
mod setup;
mod template;
mod watch;

use std::io::{stderr, stdout};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use chatterbox_gateway::{Interrupts, Printer, raise_open_files};
use clap::{CommandFactory, Parser};
use options::Options;
use running::Running;
use watch::{Change, Watch};

/// How long the last lines may take to be read before the program ends without them.
const LAST_LINES: Duration = Duration::from_secs(1);

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let terminal = Printer::new("gateway", stderr());
    let code = match run(options, &terminal).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.print(format!("gateway: {error}"));
            ExitCode::FAILURE
        }
    };
    terminal.finish(LAST_LINES);
    code
}

async fn run(options: Options, terminal: &Printer) -> Result<(), Error> {
    if options.manual.is_asked_for() {
        return Ok(options.manual.print(Options::command(), stdout())?);
    }
    let interrupts = Interrupts::listen()?;
    if let Some(few) = raise_open_files() {
        terminal.print(format!("gateway: {few}"));
    }
    let setup = options.setup()?;
    let port = setup.port;
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(|error| format!("port {port}: {error}"))?;
    listener.set_nonblocking(true)?;
    let mut watch = Watch::new(options.file().as_deref(), &setup.config);
    let mut running = Running::start(setup, &listener, options.verbose, terminal).await?;
    Printer::new("gateway", stdout()).print(running.ready(listener.local_addr()?));
    loop {
        let change = tokio::select! {
            () = interrupts.first() => break,
            ended = &mut running.serving => return Ok(ended??),
            change = watch.next(), if options.watch => change,
        };
        match change {
            Change::Function(name) => {
                running.gateway.renew(&name);
                terminal.print(format!(
                    "gateway: function {name} has changed: its next event starts it anew"
                ));
            }
            Change::Description => match options.setup() {
                Ok(setup) => {
                    watch = Watch::new(options.file().as_deref(), &setup.config);
                    running.stop().await;
                    running = Running::start(setup, &listener, options.verbose, terminal).await?;
                    terminal.print("gateway: the description has changed, and is taken up");
                }
                Err(error) => terminal.print(format!("gateway: {error}\ngateway: so it goes on as before")),
            },
        }
    }
    running.stop().await;
    Ok(())
}
