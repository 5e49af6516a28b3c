//! The Lambda Runtime API for one process of one function, which measures the function's times.

use crate::{
    Fallible,
    process::{Process, Usage, command},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};

/// Longest time of a function for one event, and until it asks for its first.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program to be run as a function.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Name in tables and charts.
    pub(crate) name: &'static str,
    /// The program, or `node`.
    pub(crate) command: PathBuf,
    /// The program's arguments.
    pub(crate) arguments: Vec<PathBuf>,
    /// Environment variables besides those that Lambda sets.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// A function with one process.
#[derive(Debug)]
pub(crate) struct Function {
    process: Process,
    started: Instant,
    host: Arc<Host>,
    asked: mpsc::UnboundedReceiver<Instant>,
    answers: mpsc::UnboundedReceiver<(Instant, bool, Bytes)>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Host {
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    more_events: mpsc::UnboundedSender<Bytes>,
    asked: mpsc::UnboundedSender<Instant>,
    answers: mpsc::UnboundedSender<(Instant, bool, Bytes)>,
}

impl Function {
    /// Starts the process, and does not wait until it asks for an event.
    pub(crate) async fn start(program: &Program) -> Fallible<Function> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (more_events, events) = mpsc::unbounded_channel();
        let (to_asked, asked) = mpsc::unbounded_channel();
        let (to_answers, answers) = mpsc::unbounded_channel();
        let host = Arc::new(Host {
            events: Mutex::new(events),
            more_events,
            asked: to_asked,
            answers: to_answers,
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answer))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::clone(&host));
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        let mut command = command(&program.command);
        command
            .args(&program.arguments)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .envs(lambda_environment())
            .envs(program.environment.iter().map(|(name, value)| (name, value)));
        let started = Instant::now();
        Ok(Function {
            process: Process::start(&mut command)?,
            started,
            host,
            asked,
            answers,
            server,
        })
    }

    /// Waits until the function asks for its first event. Returns the time from its start until then.
    pub(crate) async fn ready(&mut self) -> Fallible<Duration> {
        let asked = timeout(PATIENCE, self.asked.recv()).await;
        let asked = asked
            .ok()
            .flatten()
            .ok_or("a function did not ask for its first event in time")?;
        Ok(asked - self.started)
    }

    /// Has the function serve an event. Returns its answer, and the time that it took.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Fallible<(Value, Duration)> {
        let start = Instant::now();
        self.host.more_events.send(event.to_string().into())?;
        let answer = timeout(PATIENCE, self.answers.recv()).await;
        let (at, is_error, body) = answer.ok().flatten().ok_or("a function did not answer in time")?;
        if is_error {
            return Err(format!("a function failed: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok((serde_json::from_slice(&body)?, at - start))
    }

    /// Time since the process was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Processor time and memory of the process.
    pub(crate) fn usage(&self) -> Fallible<Usage> {
        self.process.usage()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Environment variables that Lambda sets for every function.
pub(crate) fn lambda_environment() -> [(&'static str, &'static str); 9] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("_HANDLER", "bootstrap"),
    ]
}

async fn next(State(host): State<Arc<Host>>) -> Response {
    let _ = host.asked.send(Instant::now());
    let Some(event) = host.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now() + PATIENCE;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("lambda-runtime-aws-request-id", uuid::Uuid::new_v4().to_string()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench".to_owned(),
        ),
    ];
    (headers, event).into_response()
}

async fn answer(State(host): State<Arc<Host>>, Path((_, kind)): Path<(String, String)>, body: Bytes) -> StatusCode {
    let _ = host.answers.send((Instant::now(), kind == "error", body));
    StatusCode::ACCEPTED
}

async fn init_error(State(host): State<Arc<Host>>, body: Bytes) -> StatusCode {
    let _ = host.answers.send((Instant::now(), true, body));
    StatusCode::ACCEPTED
}
