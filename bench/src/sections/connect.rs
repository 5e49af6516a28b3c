//! Handshakes through the local gateway, by clients that each open one socket after the other.

use super::row;
use crate::{
    Bench, Fallible,
    chart::{Bar, Chart},
    contenders::{Services, node, ours},
    counting::{Counting, Used},
    database::Session,
    events,
    gateway::{Gateway, Routes},
    lambda::{Function, Program},
    report::{Section, Target, figure, number},
    sockets,
    statistics::{Samples, milliseconds},
};
use bench::connection_id;
use futures_util::future::try_join_all;
use std::time::{Duration, Instant};

const ABOUT: &str = "\
    Handshakes through the local gateway, by four clients that each open one socket after the other. The raw upgrade \
    has no function behind `$connect`. The Node handler makes the three calls that tutorials show: it reads the item \
    with the credentials, updates it, and writes the connection. Round trips and request units are those of one \
    handshake, as DynamoDB reports them. Processor time is that of the function's processes, for each handshake.";

const REPEATS: usize = 5;
const CLIENTS: usize = 4;
/// Time for which each contender is measured in a repeat.
const WINDOW: Duration = Duration::from_secs(2);

struct Contender {
    name: &'static str,
    gateway: Gateway,
    rate: Samples,
    p50: Samples,
    p99: Samples,
    cpu: Samples,
    used: Option<Used>,
}

impl Contender {
    async fn new(name: &'static str, function: Option<Program>, used: Option<Used>) -> Fallible<Contender> {
        let routes = Routes {
            routes: function.iter().map(|_| "$connect=connect").collect(),
            ..Routes::default()
        };
        let function = function.map(|program| Program {
            name: "connect",
            ..program
        });
        Ok(Contender {
            name,
            gateway: Gateway::start(&function.into_iter().collect::<Vec<_>>(), &routes).await?,
            rate: Samples::default(),
            p50: Samples::default(),
            p99: Samples::default(),
            cpu: Samples::default(),
            used,
        })
    }

    /// Opens sockets one after the other for the time of `window`.
    async fn measure(&mut self, session: &Session, window: Duration) -> Fallible<()> {
        let url = format!("{}?{}", self.gateway.socket_url, session.query());
        let (start, before) = (Instant::now(), self.gateway.process.usage_of_children()?);
        let clients = (0..CLIENTS).map(|_| open_until(&url, start + window));
        let times: Samples = try_join_all(clients).await?.into_iter().flatten().collect();
        let (elapsed, after) = (start.elapsed(), self.gateway.process.usage_of_children()?);
        let count = times.0.iter().map(|_| 1.0).sum::<f64>();
        self.rate.push(count / elapsed.as_secs_f64());
        self.p50.push(times.quantile(0.5));
        self.p99.push(times.quantile(0.99));
        self.cpu
            .push(milliseconds(after.cpu.saturating_sub(before.cpu)) / count);
        Ok(())
    }

    fn row(&self) -> Vec<String> {
        let used = self.used.unwrap_or_default();
        let used = [f64::from(used.round_trips), used.write_units, used.read_units].map(number);
        let [rate, p50, p99, cpu] = [&self.rate, &self.p50, &self.p99, &self.cpu].map(figure);
        let [trips, writes, reads] = used;
        vec![self.name.to_owned(), rate, p50, p99, cpu, trips, writes, reads]
    }
}

async fn open_until(url: &str, end: Instant) -> Fallible<Vec<f64>> {
    let mut times = Vec::new();
    while Instant::now() < end {
        let start = Instant::now();
        drop(sockets::open(url).await?);
        times.push(milliseconds(start.elapsed()));
    }
    Ok(times)
}

pub(crate) async fn measure(bench: &Bench) -> Fallible<Section> {
    let session = bench.database.log_in("connects").await?;
    let services = Services::of(bench, "http://127.0.0.1:9/dev");
    let counting = Counting::start(&bench.database.url).await?;
    let counted = services.with_dynamodb(&counting.url);
    let used_by_ours = used(&ours("connect", &counted), &counting, &session).await?;
    let used_by_node = used(&node(bench, "connect", "connect.cjs", &counted), &counting, &session).await?;
    let mut contenders = [
        Contender::new("raw upgrade", None, None).await?,
        Contender::new("Chatterbox", Some(ours("connect", &services)), Some(used_by_ours)).await?,
        Contender::new(
            "Node",
            Some(node(bench, "connect", "connect.cjs", &services)),
            Some(used_by_node),
        )
        .await?,
    ];
    // A first round that is not counted, so that no repeat includes a cold start.
    for contender in &mut contenders {
        contender.measure(&session, Duration::from_millis(500)).await?;
        (contender.rate, contender.p50, contender.p99, contender.cpu) = Default::default();
    }
    for _ in 0..bench.repeats(REPEATS) {
        for contender in &mut contenders {
            contender.measure(&session, WINDOW).await?;
        }
    }
    Ok(section(&contenders, used_by_ours))
}

/// Requests and capacity of one `$connect`, without those of the function's start.
async fn used(program: &Program, counting: &Counting, session: &Session) -> Fallible<Used> {
    let mut function = Function::start(program).await?;
    function.ready().await?;
    function.invoke(&events::connect(session, &connection_id(1))).await?;
    counting.take();
    let (answer, _) = function.invoke(&events::connect(session, &connection_id(2))).await?;
    if answer["statusCode"] != 200 {
        return Err(format!("{} answers {answer}", program.name).into());
    }
    Ok(counting.take())
}

fn section(contenders: &[Contender; 3], used: Used) -> Section {
    let [_, own, node] = contenders;
    let head = row([
        "$connect",
        "handshakes/s",
        "p50, ms",
        "p99, ms",
        "processor, ms",
        "round trips",
        "write units",
        "read units",
    ]);
    let bar = |contender: &Contender| Bar {
        name: contender.name.to_owned(),
        samples: contender.rate.clone(),
        is_ours: contender.name == own.name,
    };
    Section {
        title: "Connecting",
        about: ABOUT,
        table: std::iter::once(head)
            .chain(contenders.iter().map(Contender::row))
            .collect(),
        targets: vec![
            Target::at_most(
                1.0,
                "",
                "round trips of a connect",
                Samples(vec![f64::from(used.round_trips)]),
            ),
            Target::at_most(5.0, "", "write units of a connect", Samples(vec![used.write_units])),
            Target::at_least(5.0, "×", "handshakes/s ÷ Node's", own.rate.over(&node.rate)),
            Target::at_most(0.2, "×", "processor ÷ Node's", own.cpu.over(&node.cpu)),
        ],
        chart: Chart {
            title: "Handshakes a second",
            bars: contenders.iter().map(bar).collect(),
        },
    }
}
