//! Cold start: the time from the start of a process to its first answer.

use super::row;
use crate::{
    Bench, Fallible,
    callback::CallbackEndpoint,
    chart::{Bar, Chart},
    contenders::{Services, node, ours, rust},
    database::Session,
    events,
    lambda::{Function, Program},
    report::{Section, Target, figure},
    statistics::{Samples, milliseconds},
    tls::Tls,
};
use bench::connection_id;
use serde_json::Value;

const ABOUT: &str = "\
    *Ready* is the time from the start of the process until the function asks for its first event. *Answered* is the \
    time until that event is answered, for which DynamoDB has to be reached. The column to compare is *answered*, \
    since Chatterbox's functions make their connections before they ask, and the others with the first event. \
    Processor time and memory are counted up to the answer. The hello-world is `lambda_runtime` and nothing else; \
    the Node handlers do the same work with the AWS SDK v3, bundled by esbuild. With TLS, DynamoDB and \
    `@connections` are behind a TLS endpoint on this machine.";

const REPEATS: usize = 11;

/// A program, and the figures measured of it.
struct Contender {
    program: Program,
    event: Value,
    ready: Samples,
    answered: Samples,
    cpu: Samples,
    memory: Samples,
}

impl Contender {
    fn new(program: Program, event: Value) -> Contender {
        Contender {
            program,
            event,
            ready: Samples::default(),
            answered: Samples::default(),
            cpu: Samples::default(),
            memory: Samples::default(),
        }
    }

    async fn measure(&mut self) -> Fallible<()> {
        let mut function = Function::start(&self.program).await?;
        let ready = function.ready().await?;
        let answer = function.invoke(&self.event).await;
        let (answered, usage) = (function.age(), function.usage()?);
        let (answer, _) = answer.map_err(|error| format!("{}: {error}", self.program.name))?;
        // notify's answer is a report, without a status.
        if answer["statusCode"].as_u64().is_some_and(|status| status != 200) {
            return Err(format!("{} answers {answer}", self.program.name).into());
        }
        self.ready.push(milliseconds(ready));
        self.answered.push(milliseconds(answered));
        self.cpu.push(milliseconds(usage.cpu));
        self.memory.push(usage.peak_mb);
        Ok(())
    }

    fn row(&self) -> Vec<String> {
        let figures = [&self.ready, &self.answered, &self.cpu, &self.memory].map(figure);
        std::iter::once(self.program.name.to_owned()).chain(figures).collect()
    }
}

pub(crate) async fn measure(bench: &Bench) -> Fallible<Section> {
    let callback = CallbackEndpoint::start().await?;
    let session = bench.database.log_in("cold").await?;
    let services = Services::of(bench, &callback.url());
    let dynamodb = Tls::start(&bench.database.url).await?;
    // No login has a socket, so nothing is posted: of `@connections` only the TLS handshake is measured.
    let secure = Services {
        dynamodb: dynamodb.url.clone(),
        callback: format!("{}/dev", dynamodb.url),
        more: dynamodb.trust().to_vec(),
    };
    let mut contenders = contenders(bench, &services, &secure, &session);
    for _ in 0..bench.repeats(REPEATS) {
        for contender in &mut contenders {
            contender.measure().await?;
        }
    }
    Ok(section(&contenders))
}

fn contenders(bench: &Bench, services: &Services, secure: &Services, session: &Session) -> Vec<Contender> {
    let connect = || events::connect(session, &connection_id(1));
    let notify = || events::notify(&session.login);
    let named = |name, program| Program { name, ..program };
    vec![
        Contender::new(rust(HELLO, "bench-hello", services), connect()),
        Contender::new(ours(CONNECT, services), connect()),
        Contender::new(ours("disconnect", services), events::disconnect(&connection_id(1))),
        Contender::new(
            ours("default", services),
            events::sync(&session.login, &connection_id(1)),
        ),
        Contender::new(ours(NOTIFY, services), notify()),
        Contender::new(node(bench, NODE_CONNECT, "connect.cjs", services), connect()),
        Contender::new(node(bench, NODE_NOTIFY, "notify-sequential.cjs", services), notify()),
        Contender::new(named("connect, TLS", ours("connect", secure)), connect()),
        Contender::new(named("notify, TLS", ours("notify", secure)), notify()),
        Contender::new(node(bench, "Node connect, TLS", "connect.cjs", secure), connect()),
    ]
}

const HELLO: &str = "hello-world";
const CONNECT: &str = "connect";
const NOTIFY: &str = "notify";
const NODE_CONNECT: &str = "Node connect";
const NODE_NOTIFY: &str = "Node notify";

fn section(contenders: &[Contender]) -> Section {
    let find = |name: &str| contenders.iter().find(|contender| contender.program.name == name);
    let ratio = |one: &str, other: &str, of: fn(&Contender) -> &Samples| match (find(one), find(other)) {
        (Some(one), Some(other)) => of(one).over(of(other)),
        _ => Samples::default(),
    };
    let head = row([
        "program",
        "ready, ms",
        "answered, ms",
        "processor, ms",
        "peak memory, MB",
    ]);
    let bar = |contender: &Contender| Bar {
        name: contender.program.name.to_owned(),
        samples: contender.answered.clone(),
        is_ours: !contender.program.name.contains("Node") && contender.program.name != HELLO,
    };
    Section {
        title: "Cold start",
        about: ABOUT,
        table: std::iter::once(head)
            .chain(contenders.iter().map(Contender::row))
            .collect(),
        targets: vec![
            Target::at_most(
                1.5,
                "×",
                "connect ÷ hello-world, answered",
                ratio(CONNECT, HELLO, |c| &c.answered),
            ),
            Target::at_most(
                1.5,
                "×",
                "notify ÷ hello-world, answered",
                ratio(NOTIFY, HELLO, |c| &c.answered),
            ),
            Target::at_least(
                80.0,
                "×",
                "Node ÷ connect, answered",
                ratio(NODE_CONNECT, CONNECT, |c| &c.answered),
            ),
            Target::at_least(
                80.0,
                "×",
                "Node ÷ notify, answered",
                ratio(NODE_NOTIFY, NOTIFY, |c| &c.answered),
            ),
        ],
        chart: Chart {
            title: "Cold start until the first answer, ms",
            bars: contenders.iter().map(bar).collect(),
        },
    }
}
