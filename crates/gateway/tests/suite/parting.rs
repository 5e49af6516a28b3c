//! The closing handshake (RFC 6455, sections 5.5.1, 7.1.1 and 7.1.4 to 7.1.7), as a strict client sees it.

use std::time::Duration;

use chatterbox_gateway::{Config, Route};

use crate::raw::*;
use crate::world::*;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
/// The first byte of the first frame of a message in several frames.
const FIRST: u8 = 0x01;
/// The first byte of a frame between the first and the last.
const MIDDLE: u8 = 0x00;

/// A world in which only the client's answer ends the closing handshake: the limit is longer than any test.
async fn patient(change: impl FnOnce(&mut Config)) -> World {
    world(|config| {
        config.limits.closing = Duration::from_secs(600);
        config.routes.insert("ping".into(), Route::mock("pong"));
        change(config);
    })
    .await
}

/// Asserts that the gateway's close frame comes, then nothing, whatever the client still sends; and that the gateway
/// hangs up in good order, and before the client does, when the client has answered.
async fn assert_is_clean(client: &mut Raw, code: u16, why: &str) {
    assert_eq!(client.see_close().await.0, code, "{why}");
    client.see_nothing().await;
    client.send(TEXT, br#"{"action":"ping"}"#).await;
    client.send(CLOSE, &goodbye(code, "")).await;
    assert_eq!(client.see().await, Seen::End, "{why}");
}

#[tokio::test]
async fn a_client_that_breaks_a_rule_is_closed_and_then_given_the_time_to_answer() {
    let world = patient(|_| {}).await;
    let too_large = masked(TEXT, &vec![b'x'; 32 * 1024 + 1]);
    let fragment = vec![b'x'; 32 * 1024];
    let mut too_long = masked(FIRST, &fragment);
    for _ in 0..4 {
        too_long.extend(masked(MIDDLE, &fragment));
    }
    let unmasked = b"\x81\x01x";
    for (frame, code, why) in [
        (&masked(BINARY, b"x")[..], 1003, "a binary message"),
        (&too_large, 1009, "a frame over 32 KB"),
        (&too_long, 1009, "a message over 128 KB"),
        (&masked(TEXT, b"\xff"), 1007, "a text that is not UTF-8"),
        (&masked(0xc1, b"x"), 1002, "a reserved bit"),
        (&masked(0x83, b"x"), 1002, "an unknown opcode"),
        (&masked(MIDDLE, b"x"), 1002, "a continuation of nothing"),
        (&masked(0x89, &[0; 126]), 1002, "a ping over 125 bytes"),
        (&masked(0x09, b""), 1002, "a ping in fragments"),
        (unmasked, 1002, "a frame without a mask"),
    ] {
        let mut client = Raw::open(&world, "/dev", "").await;
        client.send_bytes(frame).await;
        assert_is_clean(&mut client, code, why).await;
    }
}

#[tokio::test]
async fn a_socket_that_the_gateway_closes_is_given_the_time_to_answer() {
    let idle = patient(|config| config.limits.idle = Duration::from_millis(100)).await;
    assert_is_clean(&mut Raw::open(&idle, "/dev", "").await, 1001, "idle").await;
    let old = patient(|config| config.limits.life = Duration::from_millis(100)).await;
    assert_is_clean(&mut Raw::open(&old, "/dev", "").await, 1001, "too old").await;
    let moved = patient(|_| {}).await;
    let mut client = Raw::open(&moved, "/dev", "").await;
    moved.gateway.close_sockets();
    assert_is_clean(&mut client, 1001, "a fault").await;
}

#[tokio::test]
async fn a_deleted_connection_is_given_the_time_to_answer() {
    let world = patient(|_| {}).await;
    let mut client = Raw::open(&world, "/dev", "").await;
    client.send(TEXT, b"who am I?").await;
    let Seen::Frame(TEXT, event) = client.see().await else {
        panic!("no event")
    };
    let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
    let id = event["requestContext"]["connectionId"].as_str().unwrap();
    let request = world.http.delete(world.connections(id));
    assert_eq!(within(request.send()).await.unwrap().status(), 204);
    assert_is_clean(&mut client, 1000, "deleted").await;
}

#[tokio::test]
async fn a_gateway_that_stops_gives_its_sockets_the_time_to_answer() {
    let world = patient(|config| config.limits.stop = Duration::from_secs(600)).await;
    let mut client = Raw::open(&world, "/dev", "").await;
    let parted = async {
        assert_is_clean(&mut client, 1001, "stopped").await;
        drop(client);
    };
    within(async { tokio::join!(parted, world.gateway.stop()) }).await;
}

#[tokio::test]
async fn a_close_frame_in_the_middle_of_a_message_is_answered_whoever_sends_it_first() {
    let world = patient(|config| config.limits.idle = Duration::from_millis(500)).await;
    let mut first = Raw::open(&world, "/dev", "").await;
    first.send(FIRST, b"{").await;
    first.send(CLOSE, &goodbye(1000, "")).await;
    assert_eq!(first.see_close().await.0, 1000);
    assert_eq!(first.see().await, Seen::End);
    let mut second = Raw::open(&world, "/dev", "").await;
    second.send(FIRST, b"{").await;
    assert_is_clean(&mut second, 1001, "idle within a message").await;
}

/// The frame's length has been announced, so the client has to finish it before it can answer.
#[tokio::test]
async fn a_client_may_finish_the_frame_that_was_too_large_before_it_answers() {
    let world = patient(|_| {}).await;
    let mut client = Raw::open(&world, "/dev", "").await;
    let frame = masked(TEXT, &vec![b'x'; 256 * 1024]);
    client.send_bytes(&frame[..100]).await;
    assert_eq!(client.see_close().await.0, 1009);
    client.see_nothing().await;
    client.send_bytes(&frame[100..]).await;
    client.see_nothing().await;
    // The answer may come byte by byte.
    for byte in masked(CLOSE, &goodbye(1009, "")) {
        client.send_bytes(&[byte]).await;
    }
    assert_eq!(client.see().await, Seen::End);
}

#[tokio::test]
async fn a_clients_close_frame_is_returned_as_it_was_and_then_the_gateway_hangs_up_first() {
    let world = patient(|_| {}).await;
    let longest = "r".repeat(123);
    for (code, reason) in [
        (1000, ""),
        (1001, "leaving"),
        (1012, ""),
        (1014, ""),
        (1014, "ü"),
        (3000, "ü"),
        (4999, longest.as_str()),
    ] {
        let mut client = Raw::open(&world, "/dev", "").await;
        client.send(CLOSE, &goodbye(code, reason)).await;
        assert_eq!(client.see_close().await, (code, reason.to_owned()));
        assert_eq!(client.see().await, Seen::End);
    }
    let mut client = Raw::open(&world, "/dev", "").await;
    client.send(CLOSE, b"").await;
    assert_eq!(client.see().await, Seen::Frame(CLOSE, Vec::new()));
    assert_eq!(client.see().await, Seen::End);
    until(|| world.gateway.connections() == 0).await;
}

#[tokio::test]
async fn a_close_frame_that_breaks_the_protocol_is_answered_with_1002_and_the_end() {
    let world = patient(|_| {}).await;
    for payload in [
        b"x".to_vec(),
        goodbye(999, ""),
        goodbye(1005, ""),
        goodbye(1006, ""),
        goodbye(1015, ""),
        goodbye(2999, ""),
        goodbye(5000, ""),
    ] {
        let mut client = Raw::open(&world, "/dev", "").await;
        client.send(CLOSE, &payload).await;
        assert_eq!(client.see_close().await.0, 1002, "{payload:?}");
        assert_eq!(client.see().await, Seen::End, "{payload:?}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_its_half_still_gets_the_close_frame_and_a_clean_end() {
    use tokio::io::AsyncWriteExt;
    let world = patient(|_| {}).await;
    let mut polite = Raw::open(&world, "/dev", "").await;
    polite.send(CLOSE, &goodbye(1000, "")).await;
    polite.stream.shutdown().await.unwrap();
    assert_eq!(polite.see_close().await.0, 1000);
    assert_eq!(polite.see().await, Seen::End);
    let mut rude = Raw::open(&world, "/dev", "").await;
    rude.stream.shutdown().await.unwrap();
    assert_eq!(rude.see().await, Seen::End);
    until(|| world.gateway.connections() == 0).await;
}

#[tokio::test]
async fn a_client_that_never_answers_is_hung_up_on_after_the_limit() {
    let world = world(|config| {
        config.limits.closing = Duration::from_millis(500);
        config.limits.idle = Duration::from_millis(100);
    })
    .await;
    let mut silent = Raw::open(&world, "/dev", "").await;
    assert_eq!(silent.see_close().await.0, 1001);
    assert_eq!(silent.see().await, Seen::End);
    // So is a client that goes on sending messages.
    let mut deaf = Raw::open(&world, "/dev", "").await;
    let ends = async {
        while tokio::io::AsyncWriteExt::write_all(&mut deaf.stream, &masked(0x8a, b""))
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    };
    within(ends).await;
}
