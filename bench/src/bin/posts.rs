//! Chatterbox's posts alone, without tables, over the number of connections that the event names:
//! `{"url": "https://localhost:1/dev", "certificate": "…", "sockets": 10000, "connections": 2, "streams": 32, "body": "…"}`.
//!
//! Over HTTP/2 there are `connections` connections with `streams` posts under way on each. Over HTTP/1.1 each post under way
//! has a connection of its own. Connections are kept for the next event.

use bench::connection_id;
use chatterbox_core::{
    ConnectionId, Payload, Posted, Poster,
    aws::{Aws, Endpoints},
};
use futures_util::{StreamExt, future::join_all, stream};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{cell::RefCell, ops::Range};

#[derive(Deserialize)]
struct Event {
    url: String,
    certificate: String,
    sockets: u64,
    connections: usize,
    streams: usize,
    body: String,
}

/// Part of a connection's streams, since one poster has at most 64 posts under way.
struct Lane {
    poster: Poster,
    streams: usize,
}

const MOST: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let lanes = RefCell::new(Vec::new());
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
        // Never contended: there is one event at a time.
        let mut own = lanes.take();
        if own.is_empty() {
            own = open(&event.payload);
        }
        let sent = post_all(&event.payload, &own).await;
        lanes.replace(own);
        Ok::<Value, Error>(json!({"sent": sent}))
    }))
    .await
}

fn open(event: &Event) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for _ in 0..event.connections {
        let aws = Aws::local(Endpoints {
            ca_bundle: Some(event.certificate.clone()),
            ..Endpoints::default()
        });
        for lane in (0..event.streams).step_by(MOST) {
            lanes.push(Lane {
                poster: aws.poster(&event.url),
                streams: MOST.min(event.streams - lane),
            });
        }
    }
    lanes
}

async fn post_all(event: &Event, lanes: &[Lane]) -> usize {
    let left = RefCell::new(0..event.sockets);
    let message = Payload::new(event.body.clone());
    let posts = lanes.iter().map(|lane| post_some(lane, &left, &message));
    join_all(posts).await.into_iter().sum()
}

async fn post_some(lane: &Lane, left: &RefCell<Range<u64>>, message: &Payload) -> usize {
    let sockets = std::iter::from_fn(|| left.borrow_mut().next());
    let posts = stream::iter(sockets).map(|socket| async move {
        let id = ConnectionId::new(connection_id(socket));
        lane.poster.post(&id, message).await == Posted::Sent
    });
    posts
        .buffer_unordered(lane.streams)
        .filter(|is_sent| std::future::ready(*is_sent))
        .count()
        .await
}
