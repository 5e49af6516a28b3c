//! notify: one update to many sockets, measured at the endpoint that receives the posts.

mod faults;
mod logins;

use super::row;
use crate::{
    Bench, Fallible,
    callback::CallbackEndpoint,
    chart::{Bar, Chart},
    contenders::{Services, node, ours, rust},
    counting::{Counting, Used},
    events,
    lambda::{Function, Program},
    report::{Section, Target, figure, number},
    statistics::{Samples, milliseconds},
};
use bench::{Manner, now};
use serde_json::{Value, json};

const ABOUT: &str = "\
    One event to `notify`, whose posts of about 300 bytes go to an endpoint in a process of its own, which answers \
    faster than any of these programs can send. *Posts/s* is counted at the endpoint, from the first post to the \
    last. *Until the last* is the time from the event to the last post; it includes recording the update and reading \
    the rows. Processor time is all of the function's, divided by the number of posts. The ceiling posts with a bare \
    HTTP client over 64 connections, without tables and signatures; the plain SDK loop is the Rust SDK with its \
    defaults, 64 posts at a time. With one silent socket, which never answers, *until the last* is the time of the \
    last of the other posts. Round trips and request units are those of an update to one socket, as DynamoDB reports \
    them.";

/// Numbers of sockets of one login, each with its number of repeats.
const SIZES: [(u64, usize); 4] = [(10, 7), (100, 7), (1_000, 5), (10_000, 3)];

/// A program, and the figures measured of it for one number of sockets.
struct Contender {
    name: &'static str,
    function: Function,
    event: Value,
    rate: Samples,
    until_last: Samples,
    cpu: Samples,
    memory: Samples,
}

impl Contender {
    async fn new(program: &Program, event: Value) -> Fallible<Contender> {
        let mut function = Function::start(program).await?;
        function.ready().await?;
        Ok(Contender {
            name: program.name,
            function,
            event,
            rate: Samples::default(),
            until_last: Samples::default(),
            cpu: Samples::default(),
            memory: Samples::default(),
        })
    }

    /// Measures one event, of whose posts at least `least` must be answered with 200.
    async fn measure(&mut self, callback: &CallbackEndpoint, manner: &Manner, least: u64) -> Fallible<()> {
        callback.behave(manner).await?;
        let (start, before) = (now(), self.function.usage()?);
        let answer = self.function.invoke(&self.event).await;
        let (answer, _) = answer.map_err(|error| format!("{}: {error}", self.name))?;
        let (after, seen) = (self.function.usage()?, callback.posts().await?);
        if seen.sent < least {
            return Err(format!(
                "{}: {} posts instead of {least}; it says {answer}",
                self.name, seen.sent
            )
            .into());
        }
        let posts = count(seen.sent);
        self.rate.push((posts - 1.0) / (seen.last - seen.first) * 1_000.0);
        self.until_last.push(seen.last - start);
        self.cpu
            .push(milliseconds(after.cpu.saturating_sub(before.cpu)) * 1_000.0 / posts);
        self.memory.push(after.peak_mb);
        Ok(())
    }

    fn row(&self, scene: &str) -> Vec<String> {
        let figures = [&self.rate, &self.until_last, &self.cpu].map(figure);
        let most = number(self.memory.spread().1);
        let names = [scene.to_owned(), self.name.to_owned()];
        names.into_iter().chain(figures).chain([most]).collect()
    }

    /// Discards the figures so far, which are those of the warm-up.
    fn begin(&mut self) {
        (self.rate, self.until_last, self.cpu, self.memory) = Default::default();
    }
}

pub(crate) async fn measure(bench: &Bench) -> Fallible<Section> {
    let callback = CallbackEndpoint::start().await?;
    let services = Services::of(bench, &callback.url());
    let mut table = vec![row([
        "to",
        "program",
        "posts/s",
        "until the last, ms",
        "processor, µs/post",
        "peak memory, MB",
    ])];
    let (mut targets, mut bars) = (Vec::new(), Vec::new());
    for (sockets, repeats) in SIZES {
        let login = format!("crowd-{sockets}");
        bench
            .database
            .put_rows((0..sockets).map(|n| (login.clone(), n)))
            .await?;
        let contenders = crowd(bench, &callback, &services, sockets, repeats).await?;
        let scene = format!("{} sockets", number(count(sockets)));
        table.extend(contenders.iter().map(|contender| contender.row(&scene)));
        targets.extend(targets_of(sockets, &contenders));
        if sockets == 10_000 {
            bars = contenders.iter().map(bar).collect();
        }
    }
    let most = SIZES[SIZES.len() - 1].0;
    let (rows, target) = faults::measure(bench, &callback, &services, most).await?;
    table.extend(rows);
    targets.push(target);
    table.extend(logins::measure(bench, &callback, &services).await?);
    let used = used(bench, &services).await?;
    targets.extend([
        Target::at_most(
            2.0,
            "",
            "round trips of an update before its post",
            one(f64::from(used.round_trips)),
        ),
        Target::at_most(1.0, "", "write units of an update to one socket", one(used.write_units)),
        Target::at_most(1.0, "", "read units of an update to one socket", one(used.read_units)),
    ]);
    Ok(Section {
        title: "Notifying",
        about: ABOUT,
        table,
        targets,
        chart: Chart {
            title: "Posts a second, one login with 10,000 sockets",
            bars,
        },
    })
}

const CEILING: &str = "ceiling";
const OURS: &str = "Chatterbox";
const PLAIN: &str = "plain SDK loop";
const SEQUENTIAL: &str = "Node, sequential";
const UNBOUNDED: &str = "Node, unbounded";

fn named(name: &'static str, program: Program) -> Program {
    Program { name, ..program }
}

/// Measures all contenders in turn, each with an update for one login.
async fn crowd(
    bench: &Bench,
    callback: &CallbackEndpoint,
    services: &Services,
    sockets: u64,
    repeats: usize,
) -> Fallible<[Contender; 5]> {
    let event = || events::notify(&format!("crowd-{sockets}"));
    let raw = json!({"address": callback.address, "sockets": sockets, "connections": 64.min(sockets), "body": "x".repeat(300)});
    let mut contenders = [
        Contender::new(&rust(CEILING, "bench-raw", services), raw).await?,
        Contender::new(&named(OURS, ours("notify", services)), event()).await?,
        Contender::new(&rust(PLAIN, "bench-plain", services), event()).await?,
        Contender::new(&node(bench, SEQUENTIAL, "notify-sequential.cjs", services), event()).await?,
        Contender::new(&node(bench, UNBOUNDED, "notify-unbounded.cjs", services), event()).await?,
    ];
    // Where an event is served quickly, the first is a warm-up, for the sake of just-in-time compilers.
    let is_quick = sockets < 10_000;
    for repeat in 0..bench.repeats(repeats) + usize::from(is_quick) {
        for contender in &mut contenders {
            contender.measure(callback, &Manner::default(), sockets).await?;
            if is_quick && repeat == 0 {
                contender.begin();
            }
        }
    }
    Ok(contenders)
}

fn targets_of(sockets: u64, [ceiling, own, plain, sequential, _]: &[Contender; 5]) -> Vec<Target> {
    let most = one(own.memory.spread().1);
    match sockets {
        1_000 => vec![Target::at_most(32.0, "MB", "peak memory at 1,000 sockets", most)],
        10_000 => vec![
            Target::at_most(64.0, "MB", "peak memory at 10,000 sockets", most),
            Target::at_least(
                0.5,
                "×",
                "posts/s ÷ the ceiling's, 10,000 sockets",
                own.rate.over(&ceiling.rate),
            ),
            Target::at_least(3.0, "×", "posts/s ÷ the plain loop's", own.rate.over(&plain.rate)),
            Target::at_least(
                20.0,
                "×",
                "posts/s ÷ sequential Node's",
                own.rate.over(&sequential.rate),
            ),
        ],
        _ => Vec::new(),
    }
}

/// Requests and capacity of one update to a login with one socket.
async fn used(bench: &Bench, services: &Services) -> Fallible<Used> {
    bench.database.put_rows([("single".to_owned(), 1)].into_iter()).await?;
    let counting = Counting::start(&bench.database.url).await?;
    let mut function = Function::start(&ours("notify", &services.with_dynamodb(&counting.url))).await?;
    function.ready().await?;
    function.invoke(&events::notify("single")).await?;
    counting.take();
    let (report, _) = function.invoke(&events::notify("single")).await?;
    if report["sent"] != 1 {
        return Err(format!("an update to one socket: {report}").into());
    }
    Ok(counting.take())
}

fn bar(contender: &Contender) -> Bar {
    Bar {
        name: contender.name.to_owned(),
        samples: contender.rate.clone(),
        is_ours: contender.name == OURS,
    }
}

fn one(figure: f64) -> Samples {
    Samples(vec![figure])
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}
