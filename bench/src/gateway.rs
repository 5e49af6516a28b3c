//! The local API Gateway as a separate process, with one of the compared programs as its function, or none.

use crate::{
    Fallible,
    lambda::Program,
    process::{Process, command, program},
};
use std::time::{Duration, Instant};

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// URL for sockets.
    pub(crate) socket_url: String,
    /// URL of the Lambda Invoke API, up to the function's name.
    pub(crate) functions_url: String,
    /// Time from its start until it was ready.
    pub(crate) start_up: Duration,
    /// Its process. The functions' processes are its children.
    pub(crate) process: Process,
}

/// Options of a gateway besides its functions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    /// `KEY=FUNCTION`.
    pub(crate) routes: Vec<&'static str>,
    /// Keys whose functions' answers go to the sender.
    pub(crate) two_way: Vec<&'static str>,
    /// The port; 0 is any free one.
    pub(crate) port: u16,
}

/// The mock route that answers pings.
pub(crate) const PING: &str = r#"{"action":"ping"}"#;

impl Gateway {
    /// Starts it with these functions, without AWS's limits on rates. All functions
    /// share one environment.
    pub(crate) async fn start(functions: &[Program], routes: &Routes) -> Fallible<Gateway> {
        let mut command = command(program("gateway"));
        command.args(["--port", &routes.port.to_string()]);
        command.args(["--connects-per-second", "none", "--requests-per-second", "none"]);
        command.args(["--function-timeout", "120", "--integration-timeout", "29"]);
        command.args(["--mock", r#"ping={"type":"pong"}"#]);
        for Program {
            name,
            command: program,
            arguments,
            ..
        } in functions
        {
            let words = std::iter::once(program).chain(arguments);
            let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
            command.args(["--function", &format!("{name}={}", words.join(" "))]);
        }
        for (name, value) in functions.iter().flat_map(|function| &function.environment) {
            if !name.starts_with("AWS_LAMBDA_") && !name.starts_with('_') {
                command.args(["--env", &format!("{name}={value}")]);
            }
        }
        for route in &routes.routes {
            command.args(["--route", route]);
        }
        for key in &routes.two_way {
            command.args(["--two-way", key]);
        }
        let start = Instant::now();
        let (process, words) = Process::start_and_hear(&mut command).await?;
        let start_up = start.elapsed();
        let [_, socket_url, _, functions_url] = &words[..] else {
            return Err(format!("the gateway says {words:?}").into());
        };
        Ok(Gateway {
            socket_url: socket_url.clone(),
            functions_url: functions_url.clone(),
            start_up,
            process,
        })
    }
}
