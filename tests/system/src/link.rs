//! A way to the system that is at fault as networks and proxies are.

use reqwest::Url;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

/// What a link does to what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing, until it is cut.
    Plain,
    /// It writes another `Host` into requests, as a proxy does that passes on its own name.
    Host(&'static str),
    /// It passes on the answer to a handshake, and keeps what the server says after it.
    Keeps,
    /// It ends a connection on which nobody has said anything for this long.
    EndsSilent(Duration),
}

/// A TCP proxy before a port of this machine. It ends with the test.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    cuts: watch::Sender<u32>,
}

impl Link {
    /// A link to whoever listens at this URL's port.
    pub async fn to(url: &str, way: Way) -> Link {
        let port = Url::parse(url).unwrap().port().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, cuts) = (listener.local_addr().unwrap(), watch::Sender::new(0));
        let cut = cuts.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut cut = cut.subscribe();
                let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(async move {
                    tokio::select! {
                        () = carry(near, far, way) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Link { address, cuts }
    }

    /// A URL of the system, by way of this link.
    pub fn lead(&self, url: &str) -> String {
        let mut url = Url::parse(url).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.to_string()
    }

    /// Ends all connections, without a word to those who are connected.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn carry(mut near: TcpStream, mut far: TcpStream, way: Way) {
    let request = head(&mut near).await;
    let request = match way {
        Way::Host(name) => with_host(&request, name),
        _ => request,
    };
    if far.write_all(&request).await.is_err() {
        return;
    }
    let answer = head(&mut far).await;
    if near.write_all(&answer).await.is_err() {
        return;
    }
    let (mut said, mut heard) = ([0; 4096], [0; 4096]);
    let silence = match way {
        Way::EndsSilent(silence) => silence,
        _ => Duration::from_secs(600),
    };
    loop {
        let done = tokio::select! {
            bytes = near.read(&mut said) => match bytes {
                Ok(bytes) if bytes > 0 => far.write_all(&said[..bytes]).await.is_err(),
                _ => true,
            },
            bytes = far.read(&mut heard) => match bytes {
                Ok(bytes) if bytes > 0 => way != Way::Keeps && near.write_all(&heard[..bytes]).await.is_err(),
                _ => true,
            },
            () = sleep(silence) => true,
        };
        if done {
            return;
        }
    }
}

/// What comes first, up to the blank line after the headers. A request without an end is passed on as far as it came.
async fn head(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    let mut bytes = [0; 4096];
    let read = async {
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut bytes).await {
                Ok(count) if count > 0 => head.extend_from_slice(&bytes[..count]),
                _ => return,
            }
        }
    };
    let _ = timeout(Duration::from_secs(20), read).await;
    head
}

fn with_host(request: &[u8], name: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let is_host = |line: &&str| line.to_ascii_lowercase().starts_with("host:");
    let host = text.lines().find(is_host).unwrap_or_default();
    text.replacen(host, &format!("Host: {name}"), 1).into_bytes()
}
