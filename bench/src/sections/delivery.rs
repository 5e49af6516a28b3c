//! Delivery: one update to many sockets, measured at the browsers' end.

use super::row;
use crate::{
    Bench, Fallible,
    chart::{Bar, Chart},
    contenders::{Services, node, ours, rust},
    events,
    gateway::{Gateway, Routes},
    lambda::Program,
    report::{Section, Target, figure},
    sockets,
    statistics::{Samples, milliseconds},
};
use std::time::{Duration, Instant};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet, time::timeout};

const ABOUT: &str = "\
    One event to each notify in turn, for a login with 10,000 sockets at the local gateway, opened through \
    `$connect`. Measured is the time until half of the sockets, and until all of them, have received the update. \
    Gateway and browsers share the machine's cores with the function.";

const SOCKETS: usize = 10_000;
const OPENING_AT_ONCE: usize = 8;
const REPEATS: usize = 3;
/// Longest time until the last socket has the update.
const PATIENCE: Duration = Duration::from_secs(60);

struct Contender {
    name: &'static str,
    function: &'static str,
    middle: Samples,
    last: Samples,
}

pub(crate) async fn measure(bench: &Bench) -> Fallible<Section> {
    let gateway = start(bench).await?;
    let session = bench.database.log_in("everybody").await?;
    let url = format!("{}?{}", gateway.socket_url, session.query());
    let opened = sockets::open_many(&url, SOCKETS, OPENING_AT_ONCE).await?;
    let (heard, mut hearing) = mpsc::unbounded_channel();
    let mut listeners = JoinSet::new();
    for mut socket in opened {
        let heard = heard.clone();
        listeners.spawn(async move {
            loop {
                match sockets::hear_some_time(&mut socket).await {
                    Ok(_) if heard.send(Instant::now()).is_ok() => {}
                    _ => return,
                }
            }
        });
    }
    let mut contenders = [
        ("Chatterbox", "notify"),
        ("plain SDK loop", "plain"),
        ("Node, unbounded", "unbounded"),
    ]
    .map(|(name, function)| Contender {
        name,
        function,
        middle: Samples::default(),
        last: Samples::default(),
    });
    let http = reqwest::Client::new();
    for _ in 0..bench.repeats(REPEATS) {
        for contender in &mut contenders {
            let url = format!("{}/{}/invocations", gateway.functions_url, contender.function);
            let start = Instant::now();
            let invocation = http.post(url).body(events::notify(&session.login).to_string()).send();
            let invocation = tokio::spawn(invocation);
            let times = hear_all(&mut hearing, start)
                .await
                .map_err(|error| format!("{}: {error}", contender.name))?;
            invocation.await??.error_for_status()?;
            contender.middle.push(times.quantile(0.5));
            contender.last.push(times.quantile(1.0));
        }
    }
    listeners.shutdown().await;
    gateway.process.stop().await;
    Ok(section(&contenders))
}

/// Starts a gateway with every contender's notify. Its port is chosen first, since the functions' environment has its
/// URL.
async fn start(bench: &Bench) -> Fallible<Gateway> {
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let services = Services::of(bench, &format!("http://127.0.0.1:{port}/dev"));
    let named = |name, program| Program { name, ..program };
    let functions = [
        ours("connect", &services),
        ours("notify", &services),
        rust("plain", "bench-plain", &services),
        named("unbounded", node(bench, "unbounded", "notify-unbounded.cjs", &services)),
    ];
    let routes = Routes {
        routes: vec!["$connect=connect"],
        port,
        ..Routes::default()
    };
    Gateway::start(&functions, &routes).await
}

/// Time from `start` until each socket had the update.
async fn hear_all(hearing: &mut mpsc::UnboundedReceiver<Instant>, start: Instant) -> Fallible<Samples> {
    let mut times = Samples::default();
    let all = async {
        while times.0.len() < SOCKETS {
            let Some(at) = hearing.recv().await else { break };
            times.push(milliseconds(at - start));
        }
    };
    let in_time = timeout(PATIENCE, all).await.is_ok();
    if !in_time {
        return Err(format!("only {} of {SOCKETS} sockets got the update", times.0.len()).into());
    }
    Ok(times)
}

fn section(contenders: &[Contender; 3]) -> Section {
    let [own, plain, node] = contenders;
    let head = row(["program", "half of them, ms", "all of them, ms"]);
    let rows = contenders.iter().map(|Contender { name, middle, last, .. }| {
        let [middle, last] = [middle, last].map(figure);
        vec![(*name).to_owned(), middle, last]
    });
    let bar = |contender: &Contender| Bar {
        name: contender.name.to_owned(),
        samples: contender.last.clone(),
        is_ours: contender.name == own.name,
    };
    Section {
        title: "Delivery to 10,000 sockets",
        about: ABOUT,
        table: std::iter::once(head).chain(rows).collect(),
        targets: vec![
            Target::at_least(
                1.0,
                "×",
                "the plain loop ÷ ours, all of them",
                plain.last.over(&own.last),
            ),
            Target::at_least(
                1.0,
                "×",
                "Node unbounded ÷ ours, all of them",
                node.last.over(&own.last),
            ),
        ],
        chart: Chart {
            title: "Time until all of 10,000 sockets have it, ms",
            bars: contenders.iter().map(bar).collect(),
        },
    }
}
