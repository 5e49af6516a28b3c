//! What comes after connections broke.

use crate::{
    client::{Call, Clients},
    endpoint::Protocol,
    faulty_connection::Fault,
};

const PROTOCOLS: [Protocol; 3] = [Protocol::Plain, Protocol::Http1, Protocol::Http2];

/// More connections than there are tries: as many as notify opens when it serves many logins at once. For SQS there is too
/// little time to open as many.
fn many(call: Call) -> usize {
    match call {
        Call::Post | Call::Read => 32,
        Call::Send => 4,
    }
}

/// Opens many connections, breaks all of them, and makes single calls, one after the other: each succeeds, and is served
/// once, and at most two new connections are opened for all of them.
async fn single_calls_after(fault: Fault, protocols: &[Protocol]) {
    let mut wrong = Vec::new();
    for (protocol, call) in protocols
        .iter()
        .flat_map(|protocol| Call::ALL.map(|call| (*protocol, call)))
    {
        let clients = Clients::start(protocol).await;
        clients.crowd(call, many(call)).await;
        let before = clients.endpoint.connections();
        clients.endpoint.break_connections(fault);
        for name in (0..12).map(|n| format!("after-{n}")) {
            let result = clients
                .call(call, &name)
                .await
                .map_err(|error| error.chars().take(90).collect());
            let seen: (Result<(), String>, usize) = (result, clients.endpoint.state.asked(&name));
            if seen != (Ok(()), 1) {
                wrong.push(format!("{protocol:?}, {call:?}: {name}: {seen:?}"));
            }
        }
        let opened = clients.endpoint.connections() - before;
        if opened > 2 {
            wrong.push(format!("{protocol:?}, {call:?}: {opened} new connections"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn single_calls_succeed_after_all_connections_were_reset() {
    single_calls_after(Fault::Reset, &PROTOCOLS).await;
}

#[tokio::test]
async fn single_calls_succeed_after_all_connections_fell_silent() {
    single_calls_after(Fault::Silence, &PROTOCOLS).await;
}

#[tokio::test]
async fn single_calls_succeed_after_all_connections_were_closed() {
    single_calls_after(Fault::HangUp, &PROTOCOLS).await;
}

#[tokio::test]
async fn single_calls_succeed_after_all_connections_were_closed_without_our_knowing() {
    single_calls_after(Fault::HangUpLate, &PROTOCOLS).await;
}

#[tokio::test]
async fn single_calls_succeed_after_goaway() {
    single_calls_after(Fault::GoAway, &[Protocol::Http2]).await;
}
