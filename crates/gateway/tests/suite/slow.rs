//! Clients that are slow, or do not read.

use std::time::Duration;

use chatterbox_gateway::{Gateway, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::raw::*;
use crate::world::*;

fn impatient() -> Server {
    Server {
        head: Duration::from_millis(200),
        body: Duration::from_millis(200),
        stop: Duration::from_millis(200),
        ..Server::default()
    }
}

#[tokio::test]
async fn a_client_that_does_not_send_the_head_of_its_request_in_time_is_hung_up_on() {
    let world = world_served_by(impatient(), |_| {}).await;
    for beginning in ["", "GET /dev HTTP/1.1\r\nHost: localhost\r\nX-A"] {
        let mut stream = within(TcpStream::connect(world.address)).await.unwrap();
        within(stream.write_all(beginning.as_bytes())).await.unwrap();
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_answered_with_408_however_steadily_it_drips() {
    let world = world_served_by(impatient(), |_| {}).await;
    for path in [
        "/2015-03-31/functions/f/invocations",
        "/dev/@connections/TXzPWdnOjoECGjA%3D",
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
        let mut stream = within(TcpStream::connect(world.address)).await.unwrap();
        within(stream.write_all(head.as_bytes())).await.unwrap();
        let (read, mut write) = stream.split();
        let drip = async {
            while write.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            std::future::pending::<()>().await;
        };
        let mut answer = String::new();
        let mut read = read.take(20);
        tokio::select! {
            read = within(read.read_to_string(&mut answer)) => drop(read.unwrap()),
            () = drip => {}
        }
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[tokio::test]
async fn a_function_may_take_longer_than_a_body() {
    let world = world_served_by(impatient(), |_| {}).await;
    let answer = world
        .invoke(&serde_json::json!({"do": "slow", "milliseconds": 600}))
        .await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

#[tokio::test]
async fn a_server_stops_although_clients_hold_half_a_request() {
    let gateway = Gateway::start(Default::default()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = gateway.router();
    let server = Server {
        stop: Duration::from_millis(200),
        ..Server::default()
    };
    let serving = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        server.serve(listener, router, stopped).await
    });
    let mut clients = Vec::new();
    for half in [
        "POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
        "GET /dev HTTP/1.1\r\nHos",
    ] {
        let mut client = within(TcpStream::connect(address)).await.unwrap();
        within(client.write_all(half.as_bytes())).await.unwrap();
        clients.push(client);
    }
    // A whole request on a later connection: by then the halves have been read.
    Raw::request(address, "GET /dev HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    stop.send(()).unwrap();
    within(serving).await.unwrap().unwrap();
}

/// Pings, with a number each, until all are sent.
async fn ping(client: &mut Raw, pings: u32) {
    let mut batch = Vec::new();
    for number in 1..=pings {
        let mut payload = [0; 125];
        payload[..4].copy_from_slice(&number.to_be_bytes());
        batch.extend(masked(0x89, &payload));
        if batch.len() > 64 * 1024 || number == pings {
            client.send_bytes(&std::mem::take(&mut batch)).await;
        }
    }
}

#[tokio::test]
async fn a_client_that_pings_and_does_not_read_gets_few_pongs_and_the_newest() {
    let world = world(|_| {}).await;
    let socket = TcpSocket::new_v4().unwrap();
    // The system keeps little for it, so that the gateway has to.
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let stream = within(socket.connect(world.address)).await.unwrap();
    let mut client = Raw::open_on(stream, &world).await;
    let pings = 150_000;
    ping(&mut client, pings).await;
    let mut pongs = 0;
    loop {
        let Seen::Frame(0x8a, payload) = client.see().await else {
            panic!("no pong")
        };
        pongs += 1;
        if payload[..4] == pings.to_be_bytes() {
            break;
        }
    }
    assert!(pongs < pings / 2, "{pongs} pongs had been kept");
    // The socket works as before.
    client.send(0x81, b"who am I?").await;
    assert!(matches!(client.see().await, Seen::Frame(0x81, _)));
}

#[tokio::test]
async fn messages_reach_a_client_in_order_although_pongs_take_their_room() {
    let world = world(|_| {}).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let stream = within(socket.connect(world.address)).await.unwrap();
    let mut client = Raw::open_on(stream, &world).await;
    client.send(0x81, b"who am I?").await;
    let Seen::Frame(0x81, event) = client.see().await else {
        panic!("no answer")
    };
    let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
    let id = event["requestContext"]["connectionId"].as_str().unwrap().to_owned();
    ping(&mut client, 60_000).await;
    let texts: Vec<String> = (0..8).map(|number| format!("{number}").repeat(100_000)).collect();
    for text in &texts {
        assert_eq!(world.post(&id, text.clone()).await.status(), 200);
    }
    ping(&mut client, 60_000).await;
    let (mut heard, mut message) = (Vec::new(), Vec::new());
    while heard.len() < texts.len() {
        match client.see().await {
            Seen::Frame(0x8a, _) => {}
            Seen::Frame(first, payload) => {
                message.extend(payload);
                if first & 0x80 != 0 {
                    heard.push(String::from_utf8(std::mem::take(&mut message)).unwrap());
                }
            }
            end => panic!("{end:?}"),
        }
    }
    assert!(heard == texts);
}
