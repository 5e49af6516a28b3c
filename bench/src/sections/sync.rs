//! Syncs of a page that was away.

use super::row;
use crate::{
    Bench, Fallible,
    callback::CallbackEndpoint,
    chart::{Bar, Chart},
    contenders::{Services, ours, rust},
    counting::{Counting, Used},
    events,
    gateway::{Gateway, PING, Routes},
    lambda::Function,
    report::{Section, Target, figure, number},
    sockets,
    statistics::{Samples, milliseconds},
};
use bench::connection_id;

const ABOUT: &str = "\
    A page sends one `sync` after another on an open socket at the local gateway, and receives what it has missed, \
    which is one update. For comparison, a `ping` is answered by the gateway itself, and *an empty function* does \
    nothing: the rest of a sync's time is that of `default` and DynamoDB. Round trips and request units are as \
    DynamoDB reports them.";

const REPEATS: usize = 5;
/// Number of syncs in a repeat.
const QUESTIONS: usize = 200;

struct Contender {
    name: &'static str,
    question: String,
    answer: &'static str,
    p50: Samples,
    p99: Samples,
}

pub(crate) async fn measure(bench: &Bench) -> Fallible<Section> {
    let callback = CallbackEndpoint::start().await?;
    let services = Services::of(bench, &callback.url());
    let session = bench.database.log_in("away").await?;
    let mut notify = Function::start(&ours("notify", &services)).await?;
    notify.invoke(&events::notify(&session.login)).await?;
    let used = used(bench, &services, &session.login).await?;
    let functions = [
        ours("connect", &services),
        ours("default", &services),
        rust("hello", "bench-hello", &services),
    ];
    let routes = Routes {
        routes: vec!["$connect=connect", "$default=default", "hello=hello"],
        two_way: vec!["$default", "hello"],
        ..Routes::default()
    };
    let gateway = Gateway::start(&functions, &routes).await?;
    let mut socket = sockets::open(&format!("{}?{}", gateway.socket_url, session.query())).await?;
    let contender = |name, question: &str, answer| Contender {
        name,
        question: question.to_owned(),
        answer,
        p50: Samples::default(),
        p99: Samples::default(),
    };
    let mut contenders = [
        contender("ping", PING, "pong"),
        contender("an empty function", r#"{"action":"hello"}"#, "world"),
        contender("sync", &events::sync_message(&session.login, 1), r#""updates":[{"#),
    ];
    for repeat in 0..=bench.repeats(REPEATS) {
        for contender in &mut contenders {
            let mut times = Samples::default();
            for _ in 0..QUESTIONS {
                let (answer, time) = sockets::ask(&mut socket, &contender.question).await?;
                if !answer.contains(contender.answer) {
                    return Err(format!("{} is answered with {answer}", contender.name).into());
                }
                times.push(milliseconds(time));
            }
            // The first sync includes the cold start.
            if repeat > 0 {
                contender.p50.push(times.quantile(0.5));
                contender.p99.push(times.quantile(0.99));
            }
        }
    }
    gateway.process.stop().await;
    Ok(section(&contenders, used))
}

/// Requests and capacity of one sync, without those of the function's start.
async fn used(bench: &Bench, services: &Services, login: &str) -> Fallible<Used> {
    bench.database.put_rows([(login.to_owned(), 1)].into_iter()).await?;
    let counting = Counting::start(&bench.database.url).await?;
    let mut function = Function::start(&ours("default", &services.with_dynamodb(&counting.url))).await?;
    function.ready().await?;
    let event = events::sync(login, &connection_id(1));
    function.invoke(&event).await?;
    counting.take();
    function.invoke(&event).await?;
    Ok(counting.take())
}

fn section(contenders: &[Contender; 3], used: Used) -> Section {
    let [.., sync] = contenders;
    let head = row(["question", "p50, ms", "p99, ms", "round trips", "read units"]);
    let rows = contenders.iter().map(|contender| {
        let mut cells = vec![
            contender.name.to_owned(),
            figure(&contender.p50),
            figure(&contender.p99),
        ];
        if contender.name == sync.name {
            cells.extend([f64::from(used.round_trips), used.read_units].map(number));
        }
        cells
    });
    let bars = contenders.iter().map(|contender| Bar {
        name: contender.name.to_owned(),
        samples: contender.p50.clone(),
        is_ours: contender.name == sync.name,
    });
    Section {
        title: "Syncing",
        about: ABOUT,
        table: std::iter::once(head).chain(rows).collect(),
        targets: vec![
            Target::at_most(
                2.0,
                "",
                "round trips of a sync",
                Samples(vec![f64::from(used.round_trips)]),
            ),
            Target::at_most(2.0, "", "read units of a sync", Samples(vec![used.read_units])),
        ],
        chart: Chart {
            title: "Time from a message to its answer, p50, ms",
            bars: bars.collect(),
        },
    }
}
