//! The ends of sockets: close codes, times, and what `$disconnect` is told.

use std::time::{Duration, Instant};

use chatterbox_gateway::{Config, Route};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::world::*;

/// A world whose function for `$disconnect` prints its events.
async fn closing_world(change: impl FnOnce(&mut Config)) -> World {
    world(|config| {
        config.functions.insert("f".into(), printer());
        config.routes.clear();
        config.routes.insert("$disconnect".into(), Route::lambda("f"));
        config.routes.insert("ping".into(), Route::mock("pong"));
        change(config);
    })
    .await
}

/// The code and the reason in the event of the next socket that ends.
async fn disconnect(lines: &mut tokio::sync::broadcast::Receiver<chatterbox_gateway::Line>) -> (u64, String) {
    let event = next_event(lines, "DISCONNECT").await;
    let context = &event["requestContext"];
    let reason = context["disconnectReason"].as_str().unwrap().to_owned();
    (context["disconnectStatusCode"].as_u64().unwrap(), reason)
}

fn frame(bytes: usize, opcode: Data, is_final: bool) -> Message {
    Message::Frame(Frame::message(
        Bytes::from(vec![b'x'; bytes]),
        OpCode::Data(opcode),
        is_final,
    ))
}

#[tokio::test]
async fn disconnect_is_told_the_clients_code_and_reason() {
    let world = closing_world(|_| {}).await;
    let mut lines = world.gateway.lines();
    for code in [4001_u16, 1014] {
        let mut client = world.client().await;
        let goodbye = CloseFrame {
            code: code.into(),
            reason: "had enough".into(),
        };
        within(client.socket.close(Some(goodbye))).await.unwrap();
        assert_eq!(disconnect(&mut lines).await, (code.into(), "had enough".into()));
        // The gateway returns the client's close frame.
        assert_eq!(client.ended().await, (code, "had enough".into()));
    }
}

#[tokio::test]
async fn an_end_without_a_close_frame_is_a_1006() {
    let world = closing_world(|_| {}).await;
    let mut lines = world.gateway.lines();
    drop(world.client().await);
    assert_eq!(disconnect(&mut lines).await.0, 1006);
    until(|| world.gateway.connections() == 0).await;
}

#[tokio::test]
async fn a_binary_frame_closes_its_sender_with_1003() {
    let world = closing_world(|_| {}).await;
    let mut lines = world.gateway.lines();
    let (mut sender, mut other) = (world.client().await, world.client().await);
    sender.socket.send(Message::binary("x")).await.unwrap();
    assert_eq!(sender.ended().await.0, 1003);
    assert_eq!(disconnect(&mut lines).await.0, 1003);
    other.say(r#"{"action":"ping"}"#).await;
    assert_eq!(other.hear().await, "pong");
}

#[tokio::test]
async fn a_frame_over_32_kb_closes_its_sender_with_1009() {
    let world = closing_world(|_| {}).await;
    let mut lines = world.gateway.lines();
    let mut client = world.client().await;
    client
        .socket
        .send(frame(32 * 1024 + 1, Data::Text, true))
        .await
        .unwrap();
    assert_eq!(client.ended().await.0, 1009);
    assert_eq!(disconnect(&mut lines).await.0, 1009);
}

/// If the gateway hung up while the client still sends, the client would see a reset, perhaps instead of the close
/// frame.
#[tokio::test]
async fn the_sender_of_a_frame_that_is_far_too_large_can_send_it_all_and_is_told_why_it_is_closed() {
    let world = closing_world(|_| {}).await;
    let mut client = world.client().await;
    within(client.socket.send(frame(16 * 1024 * 1024, Data::Text, true)))
        .await
        .unwrap();
    assert_eq!(client.ended().await.0, 1009);
}

#[tokio::test]
async fn a_message_of_128_kb_in_small_frames_passes_and_a_larger_one_is_closed_with_1009() {
    let world = closing_world(|config| {
        config.routes.insert("$default".into(), Route::mock("taken"));
    })
    .await;
    let mut client = world.client().await;
    for (index, is_final) in [false, false, false, true].into_iter().enumerate() {
        let opcode = if index == 0 { Data::Text } else { Data::Continue };
        client.socket.send(frame(32 * 1024, opcode, is_final)).await.unwrap();
    }
    assert_eq!(client.hear().await, "taken");
    for index in 0..5 {
        let opcode = if index == 0 { Data::Text } else { Data::Continue };
        client.socket.feed(frame(27 * 1024, opcode, index == 4)).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    assert_eq!(client.ended().await.0, 1009);
}

#[tokio::test]
async fn an_idle_socket_is_closed_with_1001() {
    let world = closing_world(|config| config.limits.idle = Duration::from_millis(200)).await;
    let mut lines = world.gateway.lines();
    let mut client = world.client().await;
    assert_eq!(client.ended().await, (1001, "Going away".into()));
    assert_eq!(disconnect(&mut lines).await, (1001, "Going away".into()));
}

#[tokio::test]
async fn messages_in_either_direction_keep_a_socket_open_and_pings_do_not() {
    let idle = Duration::from_millis(1500);
    let world = world(|config| {
        config.limits.idle = idle;
        config.routes.insert("ping".into(), Route::mock("pong"));
    })
    .await;
    let mut activity = world.gateway.activity();
    let mut listener = world.client().await;
    let id = next_of(&mut activity, "handshake").await["connectionId"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut talker = world.client().await;
    let mut pinger = world.client().await;
    let mut ticks = tokio::time::interval(idle / 10);
    let start = Instant::now();
    while start.elapsed() < idle * 2 {
        ticks.tick().await;
        talker.say(r#"{"action":"ping"}"#).await;
        assert_eq!(talker.hear().await, "pong");
        assert_eq!(world.post(&id, "news").await.status(), 200);
        assert_eq!(listener.hear().await, "news");
        // It fails once the socket is closed, and the end of this test checks when that was.
        let _ = pinger.socket.send(Message::Ping("x".into())).await;
    }
    assert_eq!(world.gateway.connections(), 2, "pings have kept a socket open");
}

#[tokio::test]
async fn a_socket_that_is_never_idle_is_closed_at_the_end_of_its_life() {
    let world = closing_world(|config| config.limits.life = Duration::from_millis(300)).await;
    let mut client = world.client().await;
    assert_eq!(client.ended().await, (1001, "Going away".into()));
}

#[tokio::test]
async fn every_open_socket_is_disconnected_once() {
    let world = closing_world(|_| {}).await;
    let (mut activity, mut lines) = (world.gateway.activity(), world.gateway.lines());
    let clients = futures_util::future::join_all((0..20).map(|_| world.client())).await;
    drop(clients);
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let event = next_event(&mut lines, "DISCONNECT").await;
        assert!(
            ids.insert(event["requestContext"]["connectionId"].to_string()),
            "told twice"
        );
    }
    for _ in 0..20 {
        next_of(&mut activity, "disconnect").await;
    }
    assert_eq!(world.gateway.connections(), 0);
}

#[tokio::test]
async fn stop_closes_sockets_with_1001_runs_disconnect_and_leaves_no_process() {
    let world = closing_world(|_| {}).await;
    world.invoke(&serde_json::json!({})).await;
    let process_ids = world.gateway.process_ids("f");
    let (mut lines, mut activity) = (world.gateway.lines(), world.gateway.activity());
    let mut client = world.client().await;
    let (ended, ()) = tokio::join!(client.ended(), world.gateway.stop());
    assert_eq!(ended, (1001, "Going away".into()));
    // All of it has happened when `stop` returns.
    let mut disconnects = 0;
    while let Ok(line) = lines.try_recv() {
        disconnects += usize::from(line.text.contains("\"DISCONNECT\""));
    }
    assert_eq!(disconnects, 1);
    assert!(!all_of(&mut activity, "process-exit").is_empty());
    assert!(!process_ids.is_empty() && !process_ids.into_iter().any(is_alive));
}

#[tokio::test]
async fn a_gateway_that_is_dropped_leaves_no_process() {
    let world = closing_world(|_| {}).await;
    world.invoke(&serde_json::json!({})).await;
    let process_ids = world.gateway.process_ids("f");
    assert!(!process_ids.is_empty() && process_ids.iter().copied().all(is_alive));
    drop(world);
    until(|| !process_ids.iter().copied().any(is_alive)).await;
}
