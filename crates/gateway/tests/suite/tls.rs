//! The gateway over TLS.

use std::sync::Arc;

use chatterbox_gateway::{Certificate, Config, Endpoint, Gateway, Route, Server};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::world::*;

/// Makes a TLS handshake with a name, trusting only these authorities.
async fn shake_hands(
    address: &str,
    name: &str,
    authorities: &[u8],
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        roots.add(authority.unwrap()).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = within(TcpStream::connect(address)).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    within(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}

pub(crate) async fn tls_client(address: &str, authorities: &[u8]) -> WebSocketStream<TlsStream<TcpStream>> {
    let stream = shake_hands(address, "127.0.0.1", authorities, &[]).await.unwrap();
    let url = format!("wss://{address}/dev");
    within(tokio_tungstenite::client_async(url, stream)).await.unwrap().0
}

/// A gateway over TLS, its address, and the authority to trust.
async fn tls_world() -> (Gateway, String, String) {
    tls_world_of(&[]).await
}

/// The same with a certificate for further names.
async fn tls_world_of(names: &[&str]) -> (Gateway, String, String) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let certificate = Certificate::new(&names).unwrap();
    let authority = certificate.authority().to_owned();
    let mut config = Config {
        endpoint: Some(Endpoint::https(address, "/nowhere")),
        ..Config::default()
    };
    config.functions.insert("f".into(), function());
    config.routes.insert("$default".into(), Route::two_way("f"));
    config.routes.insert("ping".into(), Route::mock("pong"));
    let gateway = Gateway::start(config).await.unwrap();
    let router = gateway.router();
    tokio::spawn(async move {
        let server = Server::default();
        server
            .serve_tls(listener, &certificate, router, std::future::pending())
            .await
    });
    (gateway, address.to_string(), authority)
}

#[tokio::test]
async fn each_name_of_this_machine_is_in_the_certificate_and_no_other() {
    let (_gateway, address, authority) = tls_world().await;
    let authority = authority.as_bytes();
    for name in ["127.0.0.1", "localhost", "::1"] {
        let stream = shake_hands(&address, name, authority, &["h2", "http/1.1"])
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]), "{name}");
    }
    for name in ["example.com", "127.0.0.2", "a.localhost"] {
        shake_hands(&address, name, authority, &[]).await.unwrap_err();
    }
    let stranger = Certificate::new(&[]).unwrap();
    shake_hands(&address, "localhost", stranger.authority().as_bytes(), &[])
        .await
        .unwrap_err();
    shake_hands(&address, "localhost", authority, &["h2"])
        .await
        .unwrap_err();
}

#[tokio::test]
async fn the_names_of_a_domain_and_of_tunnels_are_in_the_certificate_too() {
    let names = ["chat.example", "10.0.0.1", "localhost"];
    let (_gateway, address, authority) = tls_world_of(&names).await;
    for name in names.into_iter().chain(["127.0.0.1"]) {
        shake_hands(&address, name, authority.as_bytes(), &[]).await.unwrap();
    }
}

#[tokio::test]
async fn over_tls_the_domain_name_has_its_port_because_it_is_an_address_then() {
    let (_gateway, address, authority) = tls_world().await;
    let mut socket = tls_client(&address, authority.as_bytes()).await;
    socket.send(Message::text("who am I?")).await.unwrap();
    let event = within(socket.next()).await.unwrap().unwrap().into_text().unwrap();
    let event: serde_json::Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["requestContext"]["domainName"], address);
}

#[tokio::test]
async fn a_client_that_makes_no_tls_handshake_holds_up_no_other() {
    let (_gateway, address, authority) = tls_world().await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(within(TcpStream::connect(&address)).await.unwrap());
    }
    let mut plain = within(TcpStream::connect(&address)).await.unwrap();
    plain.write_all(b"GET /dev HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = within(plain.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "plain HTTP was answered");
    let mut socket = tls_client(&address, authority.as_bytes()).await;
    socket.send(Message::text(r#"{"action":"ping"}"#)).await.unwrap();
    assert_eq!(within(socket.next()).await.unwrap().unwrap(), Message::text("pong"));
}

#[tokio::test]
async fn a_socket_over_tls_ends_with_a_closing_handshake_and_a_close_notify() {
    let (gateway, address, authority) = tls_world().await;
    let mut socket = tls_client(&address, authority.as_bytes()).await;
    gateway.close_sockets();
    let Message::Close(Some(frame)) = within(socket.next()).await.unwrap().unwrap() else {
        panic!("no close frame")
    };
    assert_eq!(u16::from(frame.code), 1001);
    // The library has answered the close frame. An end without a `close_notify` would be an error.
    assert!(within(socket.next()).await.is_none());
    let mut rest = Vec::new();
    within(socket.get_mut().read_to_end(&mut rest)).await.unwrap();
}
