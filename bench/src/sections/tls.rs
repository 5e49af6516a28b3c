//! Posts over TLS, as at AWS: by HTTP/2 and by HTTP/1.1, over different numbers of connections.

use super::row;
use crate::{
    Bench, Fallible,
    callback::CallbackEndpoint,
    chart::{Bar, Chart},
    contenders::{Services, ours, rust},
    events,
    lambda::{Function, Program},
    report::{Section, Target, figure, number},
    statistics::{Samples, milliseconds},
};
use bench::{Manner, now};
use serde_json::{Value, json};

const ABOUT: &str = "\
    Posts over TLS, to the same endpoint. API Gateway offers HTTP/2 by ALPN, with 128 streams on a connection, and \
    the client takes it; in the rows with *HTTP/1.1* the endpoint offers nothing else. *4 × 16* means four \
    connections with 16 posts under way on each. The rows with *notify* are the whole function; all others are \
    Chatterbox's posts alone, without tables. The *first event* finds no connection and has to make them; the others \
    find them open. (notify makes its first connection when it starts, before connections are counted.) With *10 ms \
    each* the endpoint takes as long to answer as API Gateway does. Both ends share the machine, and with TLS the \
    endpoint is as busy as the sender: the figure to compare is processor time, which is the sender's alone.";

/// A way to post: the HTTP version, the number of connections, and the posts under way over each.
#[derive(Clone, Copy, Debug)]
struct Way {
    name: &'static str,
    is_http2: bool,
    connections: usize,
    streams: usize,
}

const fn http2(name: &'static str, connections: usize, streams: usize) -> Way {
    Way {
        name,
        is_http2: true,
        connections,
        streams,
    }
}

/// Chatterbox's way at an endpoint without HTTP/2.
const HTTP1: Way = Way {
    name: "HTTP/1.1, 64 connections",
    is_http2: false,
    connections: 1,
    streams: 64,
};
/// Chatterbox's way at API Gateway.
const HTTP2: Way = http2("HTTP/2, 1 × 64", 1, 64);

const HTTP2_4: Way = http2("HTTP/2, 4 × 16", 4, 16);

const FEW_WAYS: &[Way] = &[HTTP1, HTTP2, HTTP2_4];
/// All ways that are measured. The last has more posts under way than Chatterbox's 64.
const ALL_WAYS: &[Way] = &[
    HTTP1,
    HTTP2,
    http2("HTTP/2, 2 × 32", 2, 32),
    HTTP2_4,
    http2("HTTP/2, 1 × 128", 1, 128),
];

/// A program, and the figures measured of it.
struct Contender {
    name: &'static str,
    program: Program,
    event: Value,
    function: Option<Function>,
    rate: Samples,
    until_last: Samples,
    cpu: Samples,
    memory: Samples,
    connections: Samples,
}

impl Contender {
    fn new(name: &'static str, program: Program, event: Value) -> Contender {
        Contender {
            name,
            program,
            event,
            function: None,
            rate: Samples::default(),
            until_last: Samples::default(),
            cpu: Samples::default(),
            memory: Samples::default(),
            connections: Samples::default(),
        }
    }

    /// Measures one event, all of whose posts must be answered with 200. Some are repeated if a busy machine answers
    /// too late.
    async fn measure(&mut self, callback: &CallbackEndpoint, manner: &Manner, sockets: u64) -> Fallible<()> {
        let function = match &mut self.function {
            Some(function) => function,
            none => {
                let mut function = Function::start(&self.program).await?;
                function.ready().await?;
                none.insert(function)
            }
        };
        callback.behave(manner).await?;
        let before = function.usage()?;
        let start = now();
        function.invoke(&self.event).await?;
        let (seen, after) = (callback.posts().await?, function.usage()?);
        if seen.sent < sockets {
            return Err(format!("{}: {} of {sockets} posts were sent", self.name, seen.sent).into());
        }
        let posts = count(seen.sent);
        let cpu = milliseconds(after.cpu.saturating_sub(before.cpu)) * 1_000.0 / posts;
        self.rate.push((posts - 1.0) / (seen.last - seen.first) * 1_000.0);
        self.until_last.push(seen.last - start);
        self.cpu.push(cpu);
        self.memory.push(after.peak_mb);
        self.connections.push(count(seen.connections));
        Ok(())
    }

    fn row(&self, scene: &Scene) -> Vec<String> {
        // A few posts are answered at once, so they have no rate.
        let rate = if scene.sockets < 1_000 {
            String::new()
        } else {
            figure(&self.rate)
        };
        let figures = [&self.until_last, &self.cpu].map(figure);
        let most = [&self.memory, &self.connections].map(|samples| number(samples.spread().1));
        let names = [scene.name.to_owned(), self.name.to_owned(), rate];
        names.into_iter().chain(figures).chain(most).collect()
    }

    /// Discards the figures so far, in which the connections were opened.
    fn begin(&mut self) {
        (self.rate, self.until_last, self.cpu, self.memory) = Default::default();
    }
}

/// A scene: the number of sockets, the endpoint's delay, and the ways to post that are measured in it.
struct Scene {
    name: &'static str,
    sockets: u64,
    delay: u64,
    is_first: bool,
    ways: &'static [Way],
    repeats: usize,
}

const SCENES: [Scene; 4] = [
    Scene {
        name: "20 sockets, first event",
        sockets: 20,
        delay: 0,
        is_first: true,
        ways: FEW_WAYS,
        repeats: 9,
    },
    Scene {
        name: "20 sockets",
        sockets: 20,
        delay: 0,
        is_first: false,
        ways: FEW_WAYS,
        repeats: 15,
    },
    Scene {
        name: MANY,
        sockets: 10_000,
        delay: 0,
        is_first: false,
        ways: ALL_WAYS,
        repeats: 5,
    },
    Scene {
        name: "10,000 sockets, 10 ms each",
        sockets: 10_000,
        delay: 10,
        is_first: false,
        ways: ALL_WAYS,
        repeats: 3,
    },
];

const MANY: &str = "10,000 sockets";

pub(crate) async fn measure(bench: &Bench) -> Fallible<Section> {
    let callback = CallbackEndpoint::start().await?;
    let certificate = callback.certificate().await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("certificate.pem");
    std::fs::write(&path, &certificate)?;
    let trust = vec![("AWS_CA_BUNDLE", path.to_string_lossy().into_owned())];
    for sockets in [20, 10_000] {
        let login = login(sockets);
        bench
            .database
            .put_rows((0..sockets).map(|n| (login.clone(), n)))
            .await?;
    }
    let mut table = vec![row([
        "to",
        "over",
        "posts/s",
        "until the last, ms",
        "processor, µs/post",
        "peak memory, MB",
        "connections",
    ])];
    let (mut targets, mut bars) = (Vec::new(), Vec::new());
    for scene in &SCENES {
        let mut contenders = contenders(bench, &callback, &certificate, &trust, scene);
        run(bench, &callback, scene, &mut contenders).await?;
        table.extend(contenders.iter().map(|contender| contender.row(scene)));
        if scene.name == MANY {
            targets = targets_of(&contenders);
            bars = contenders.iter().map(bar).collect();
        }
    }
    Ok(Section {
        title: "Over TLS",
        about: ABOUT,
        table,
        targets,
        chart: Chart {
            title: "Processor's time of a post over TLS, 10,000 sockets, µs",
            bars,
        },
    })
}

fn contenders(
    bench: &Bench,
    callback: &CallbackEndpoint,
    certificate: &str,
    trust: &[(&'static str, String)],
    scene: &Scene,
) -> Vec<Contender> {
    let url = |is_http2| if is_http2 { &callback.http2 } else { &callback.http1 };
    let services = |is_http2| Services {
        more: trust.to_vec(),
        ..Services::of(bench, url(is_http2))
    };
    let alone = scene.ways.iter().map(|way| {
        let event = json!({
            "url": url(way.is_http2),
            "certificate": certificate,
            "sockets": scene.sockets,
            "connections": way.connections,
            "streams": way.streams,
            "body": "x".repeat(300),
        });
        let program = rust(way.name, "bench-posts", &services(way.is_http2));
        Contender::new(way.name, program, event)
    });
    let whole = [("notify, HTTP/1.1", false), ("notify, HTTP/2", true)].map(|(name, is_http2)| {
        let program = ours("notify", &services(is_http2));
        Contender::new(name, program, events::notify(&login(scene.sockets)))
    });
    alone.chain(whole).collect()
}

/// Measures all contenders in turn.
async fn run(bench: &Bench, callback: &CallbackEndpoint, scene: &Scene, contenders: &mut [Contender]) -> Fallible<()> {
    let manner = Manner {
        delay: scene.delay,
        ..Manner::default()
    };
    // The first event of a process, which opens the connections, is a measurement of its own or not counted.
    for repeat in 0..bench.repeats(scene.repeats) + usize::from(!scene.is_first) {
        for contender in &mut *contenders {
            contender.measure(callback, &manner, scene.sockets).await?;
            if scene.is_first {
                contender.function = None;
            } else if repeat == 0 {
                contender.begin();
            }
        }
    }
    Ok(())
}

fn targets_of(contenders: &[Contender]) -> Vec<Target> {
    let find = |name: &str| contenders.iter().find(|contender| contender.name == name);
    let ratio = |of: fn(&Contender) -> &Samples| match (find(HTTP2.name), find(HTTP1.name)) {
        (Some(http2), Some(http1)) => of(http2).over(of(http1)),
        _ => Samples::default(),
    };
    vec![
        Target::at_least(1.0, "×", "posts/s by HTTP/2 ÷ by HTTP/1.1", ratio(|c| &c.rate)),
        Target::at_most(
            1.0,
            "×",
            "processor of a post by HTTP/2 ÷ by HTTP/1.1",
            ratio(|c| &c.cpu),
        ),
    ]
}

fn bar(contender: &Contender) -> Bar {
    Bar {
        name: contender.name.to_owned(),
        samples: contender.cpu.clone(),
        is_ours: contender.name == HTTP2.name,
    }
}

/// Login that has this many rows.
fn login(sockets: u64) -> String {
    format!("secure-{sockets}")
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}
