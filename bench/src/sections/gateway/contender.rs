//! The two compared gateways, each with an empty function.

use crate::{
    Bench, Fallible,
    gateway::{Gateway, Routes},
    lambda::Program,
    process::{Process, command, program},
    sockets,
    statistics::{Samples, milliseconds},
};
use futures_util::future::try_join_all;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running gateway.
pub(super) struct Contender {
    socket_url: String,
    start_up: f64,
    id: i32,
    process: Process,
    _folder: Option<TempDir>,
}

/// The figures measured of one gateway.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) start_up: Samples,
    pub(super) memory: Samples,
    pub(super) event: Samples,
    pub(super) rate: Samples,
}

const OPENING_AT_ONCE: usize = 64;
const QUESTIONS: usize = 200;
const ASKING_AT_ONCE: usize = 16;
const WINDOW: Duration = Duration::from_secs(2);
const QUESTION: &str = r#"{"action":"hello"}"#;

impl Contender {
    /// Starts Chatterbox's local gateway.
    pub(super) async fn gateway() -> Fallible<Contender> {
        let hello = Program {
            name: "hello",
            command: program("bench-hello"),
            arguments: Vec::new(),
            environment: Vec::new(),
        };
        let routes = Routes {
            routes: vec!["$default=hello"],
            two_way: vec!["$default"],
            ..Routes::default()
        };
        let gateway = Gateway::start(&[hello], &routes).await?;
        Ok(Contender {
            socket_url: gateway.socket_url,
            start_up: milliseconds(gateway.start_up),
            id: gateway.process.id(),
            process: gateway.process,
            _folder: None,
        })
    }

    /// Starts ministack.
    pub(super) async fn ministack(bench: &Bench) -> Fallible<Contender> {
        let folder = tempfile::tempdir()?;
        let mut command = command(bench.root.join(".tools/venv-infra/bin/python"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
            .arg(bench.file("ministack.py"))
            .arg(program("bench-hello"))
            .arg(folder.path());
        let (process, words) = Process::start_and_hear(&mut command).await?;
        let [socket_url, id, start_up] = &words[..] else {
            return Err(format!("ministack.py printed {words:?} instead of a URL, a process ID and a time").into());
        };
        Ok(Contender {
            socket_url: socket_url.clone(),
            start_up: start_up.parse()?,
            id: id.parse()?,
            process,
            _folder: Some(folder),
        })
    }

    /// Stops the gateway and its child processes.
    pub(super) async fn stop(self) {
        self.process.stop().await;
    }

    /// Memory of one idle socket, in KB, measured with `count` of them.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    async fn memory_of_a_socket(&self, count: usize) -> Fallible<f64> {
        let before = Process::usage_of(self.id)?.memory_mb;
        let open = sockets::open_many(&self.socket_url, count, OPENING_AT_ONCE).await?;
        let after = Process::usage_of(self.id)?.memory_mb;
        Ok((after - before) * 1024.0 / open.len() as f64)
    }

    /// Median time from a message to the function's answer, one message after the other, in milliseconds.
    async fn event_and_back(&self) -> Fallible<f64> {
        let mut socket = sockets::open(&self.socket_url).await?;
        let mut times = Samples::default();
        for _ in 0..QUESTIONS {
            let (_, time) = sockets::ask(&mut socket, QUESTION).await?;
            times.push(milliseconds(time));
        }
        Ok(times.quantile(0.5))
    }

    /// Answers a second to several sockets, each of which sends its next message after each answer.
    async fn messages_a_second(&self) -> Fallible<f64> {
        let (start, end) = (Instant::now(), Instant::now() + WINDOW);
        let asking = (0..ASKING_AT_ONCE).map(async |_| {
            let mut socket = sockets::open(&self.socket_url).await?;
            let mut answers = 0.0;
            while Instant::now() < end {
                sockets::ask(&mut socket, QUESTION).await?;
                answers += 1.0;
            }
            Fallible::Ok(answers)
        });
        let answers: f64 = try_join_all(asking).await?.into_iter().sum();
        Ok(answers / start.elapsed().as_secs_f64())
    }
}

impl Figures {
    /// Adds one measurement.
    pub(super) async fn add(&mut self, contender: &Contender, idle_sockets: usize) -> Fallible<()> {
        self.start_up.push(contender.start_up);
        // Memory is measured first, before the other measurements increase it.
        self.memory.push(contender.memory_of_a_socket(idle_sockets).await?);
        self.event.push(contender.event_and_back().await?);
        self.rate.push(contender.messages_a_second().await?);
        Ok(())
    }
}
