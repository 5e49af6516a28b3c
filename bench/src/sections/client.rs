//! The browser client: its size, and the cost of an idle page.

use super::row;
use crate::{
    Bench, Fallible,
    chart::{Bar, Chart},
    process::{Process, command},
    report::{Section, Target, figure, number},
    statistics::Samples,
};
use serde::Deserialize;
use std::time::Duration;

const ABOUT: &str = "\
    A thousand idle clients in one Node process, connected to `chatter local`, compared with a thousand bare sockets \
    of the same library (`ws`): the processor time of the whole process while nothing happens, and its memory. \
    Heartbeats and periodic syncs are not included, since each comes only once in some minutes. The size is that of \
    the client in `web` as its package has it, minified.";

const CLIENTS: usize = 1_000;
const REPEATS: usize = 2;
const IDLE_SECONDS: u64 = 15;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Idle {
    cpu_ms: f64,
    rss_kb: f64,
}

#[derive(Deserialize)]
struct Size {
    source: f64,
    minified: f64,
    gzipped: f64,
    limit: f64,
}

#[derive(Default)]
struct Contender {
    name: &'static str,
    kind: &'static str,
    cpu: Samples,
    memory: Samples,
}

pub(crate) async fn measure(bench: &Bench) -> Fallible<Section> {
    let size: Size = serde_json::from_str(&script(bench, "node/size.mjs", &[]).await?)?;
    let session = bench.database.log_in("idle").await?;
    let count = CLIENTS.to_string();
    let seconds = IDLE_SECONDS.to_string();
    let contender = |name, kind| Contender {
        name,
        kind,
        ..Contender::default()
    };
    let mut contenders = [contender("a bare socket", "socket"), contender("a client", "client")];
    for _ in 0..bench.repeats(REPEATS) {
        for contender in &mut contenders {
            let url = &bench.database.socket_url;
            let arguments = [
                contender.kind,
                url,
                &session.login,
                &session.chatter_id,
                &count,
                &seconds,
            ];
            let idle: Idle = serde_json::from_str(&script(bench, "node/idle.mjs", &arguments).await?)?;
            let clients = f64::from(u32::try_from(CLIENTS)?);
            // Processor time of a client in a minute, in microseconds.
            contender
                .cpu
                .push(idle.cpu_ms * 1_000.0 / clients * 60.0 / f64::from(u32::try_from(IDLE_SECONDS)?));
            contender.memory.push(idle.rss_kb / clients);
        }
    }
    Ok(section(&contenders, &size))
}

async fn script(bench: &Bench, name: &str, arguments: &[&str]) -> Fallible<String> {
    let mut command = command("node");
    command.arg(bench.file(name)).args(arguments);
    Process::output(&mut command, PATIENCE).await
}

fn section(contenders: &[Contender; 2], size: &Size) -> Section {
    let head = row(["waiting", "processor, µs/minute", "memory, KB"]);
    let rows = contenders.iter().map(|contender| {
        let [cpu, memory] = [&contender.cpu, &contender.memory].map(figure);
        vec![contender.name.to_owned(), cpu, memory]
    });
    let [source, minified, gzipped] = [size.source, size.minified, size.gzipped].map(number);
    let sizes = format!("source {source}, minified {minified}, gzipped {gzipped}");
    let sizes = vec!["size of the client, bytes".to_owned(), sizes];
    let [bare, client] = contenders;
    Section {
        title: "The client",
        about: ABOUT,
        table: std::iter::once(head).chain(rows).chain([sizes]).collect(),
        targets: vec![Target::at_most(
            size.limit,
            "bytes",
            "minified and gzipped",
            Samples(vec![size.gzipped]),
        )],
        chart: Chart {
            title: "Memory of one idle client in Node, KB",
            bars: vec![
                Bar::baseline(bare.name, bare.memory.clone()),
                Bar::ours(client.name, client.memory.clone()),
            ],
        },
    }
}
