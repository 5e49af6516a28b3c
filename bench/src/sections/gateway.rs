//! The local API Gateway itself, compared with another emulator of AWS.

mod contender;

use super::row;
use crate::{
    Bench, Fallible,
    callback::CallbackEndpoint,
    chart::{Bar, Chart},
    report::{Section, Target, figure},
    statistics::{Samples, milliseconds},
};
use bench::connection_id;
use bytes::Bytes;
use contender::Contender;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use std::time::Instant;
use tokio::net::TcpStream;

const ABOUT: &str = "\
    The local gateway as a process of its own, with an empty function behind `$default`, compared with ministack and \
    the same program. The memory of a socket is what the idle sockets add to the gateway's process, for each of \
    them. *Event and back* is the time from a message on a socket to the function's answer on it, one message at a \
    time. *Messages/s* counts such answers with 16 sockets, each of which sends its next message after each answer. \
    The raw HTTP round trip is a request over a kept connection to a server that does nothing.";

const REPEATS: usize = 3;
const IDLE_SOCKETS: usize = 10_000;
/// Number of ministack's idle sockets: fewer, since it opens them slowly, and the memory of each does not depend on their
/// number.
const IDLE_SOCKETS_OF_MINISTACK: usize = 1_000;
const ROUND_TRIPS: usize = 500;

pub(crate) async fn measure(bench: &Bench) -> Fallible<Section> {
    let callback = CallbackEndpoint::start().await?;
    let mut own = contender::Figures::default();
    let mut theirs = contender::Figures::default();
    let mut round_trips = Samples::default();
    for _ in 0..bench.repeats(REPEATS) {
        let gateway = Contender::gateway().await?;
        round_trips.push(raw_round_trip(&callback).await?);
        own.add(&gateway, IDLE_SOCKETS).await?;
        gateway.stop().await;
        let ministack = Contender::ministack(bench).await?;
        theirs.add(&ministack, IDLE_SOCKETS_OF_MINISTACK).await?;
        ministack.stop().await;
    }
    let head = row([
        "gateway",
        "start-up, ms",
        "memory of a socket, KB",
        "event and back, p50, ms",
        "messages/s",
    ]);
    let table_row = |name: &str, figures: &contender::Figures| {
        let figures = [&figures.start_up, &figures.memory, &figures.event, &figures.rate].map(figure);
        std::iter::once(name.to_owned()).chain(figures).collect()
    };
    let raw = row(["one raw HTTP round trip", "", "", &figure(&round_trips), ""]);
    let two = round_trips.map(|one| one * 2.0);
    Ok(Section {
        title: "The local gateway",
        about: ABOUT,
        table: vec![head, table_row("ours", &own), table_row("ministack", &theirs), raw],
        targets: vec![
            Target::at_most(
                12.0,
                "KB",
                "memory of an idle socket, 10,000 of them",
                own.memory.clone(),
            ),
            Target::at_most(3.0, "×", "event and back ÷ two raw round trips", own.event.over(&two)),
            Target::at_least(1.0, "×", "messages/s ÷ ministack's", own.rate.over(&theirs.rate)),
            Target::at_least(
                1.0,
                "×",
                "ministack's start-up ÷ ours",
                theirs.start_up.over(&own.start_up),
            ),
        ],
        chart: Chart {
            title: "Messages a second, to an empty function and back",
            bars: vec![Bar::ours("ours", own.rate), Bar::baseline("ministack", theirs.rate)],
        },
    })
}

/// Median of many HTTP round trips, in milliseconds.
async fn raw_round_trip(callback: &CallbackEndpoint) -> Fallible<f64> {
    let stream = TcpStream::connect(&callback.address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut times = Samples::default();
    for _ in 0..ROUND_TRIPS {
        let path = format!("/dev/@connections/{}", connection_id(1).replace('=', "%3D"));
        let request = Request::post(path).header(HOST, &callback.address);
        let start = Instant::now();
        let response = sender
            .send_request(request.body(Full::new(Bytes::from_static(b"{}")))?)
            .await?;
        response.into_body().collect().await?;
        times.push(milliseconds(start.elapsed()));
        sender.ready().await?;
    }
    drop(sender);
    connection.await??;
    Ok(times.quantile(0.5))
}
