//! What stands for AWS: it takes posts and calls of DynamoDB over TCP, TLS and HTTP/1.1 or HTTP/2, counts them, and its
//! connections break as a test says.

use crate::{
    faulty_connection::{Fault, FaultyConnection},
    serving::{Answer, http1, http2},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::duplex,
    net::{TcpListener, TcpStream},
    sync::{Barrier, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// What the endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1 without TLS, as on the laptop.
    Plain,
    /// HTTP/1.1 over TLS, as DynamoDB.
    Http1,
    /// HTTP/2 over TLS, chosen by ALPN, as API Gateway.
    Http2,
}

/// The endpoint. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    /// What a client has to trust.
    pub(crate) certificate: Option<String>,
    pub(crate) state: Arc<State>,
    listening: JoinHandle<()>,
}

/// What is known of the requests and the connections.
#[derive(Debug, Default)]
pub(crate) struct State {
    connections: Mutex<Vec<Arc<FaultyConnection>>>,
    /// How many connections the client has not ended.
    open: watch::Sender<usize>,
    /// The faults of connections to come.
    next: Mutex<VecDeque<Fault>>,
    /// How often each name was asked for.
    asked: watch::Sender<HashMap<String, usize>>,
    /// What names of a crowd wait for: that all of it is there.
    crowd: Mutex<Option<Arc<Barrier>>>,
    /// How names are answered the next time.
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    /// Names that wait until they are taken out.
    held: watch::Sender<HashSet<String>>,
    /// What each connection has after its first answer.
    wear: Mutex<Option<Fault>>,
}

impl Endpoint {
    pub(crate) async fn start(protocol: Protocol) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (url, certificate, tls) = match protocol {
            Protocol::Plain => (format!("http://{address}"), None, None),
            Protocol::Http1 | Protocol::Http2 => {
                let (certificate, acceptor) = tls(protocol);
                (format!("https://{address}"), Some(certificate), Some(acceptor))
            }
        };
        let shared = Arc::clone(&state);
        let listening = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(accept(stream, Arc::clone(&shared), tls.clone(), protocol));
            }
        });
        Endpoint {
            url,
            certificate,
            state,
            listening,
        }
    }

    /// From now on all connections that are open have this fault; later ones have none.
    pub(crate) fn break_connections(&self, fault: Fault) {
        self.break_some(fault, |_| true);
    }

    /// The next connections have these faults from their first byte on.
    pub(crate) fn break_next(&self, faults: &[Fault]) {
        self.state.next.lock().unwrap().extend(faults);
    }

    /// Breaks those connections that `which` chooses by their number, in the order in which they were opened.
    pub(crate) fn break_some(&self, fault: Fault, which: impl Fn(usize) -> bool) {
        let connections = self.state.connections.lock().unwrap();
        let connections = connections.iter().enumerate().filter(|(n, _)| which(*n));
        connections.for_each(|(_, connection)| connection.fail(fault));
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.lock().unwrap().len()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl State {
    /// How often this was asked for.
    pub(crate) fn asked(&self, name: &str) -> usize {
        self.asked.borrow().get(name).copied().unwrap_or(0)
    }

    /// Waits until the client has no more than so many connections.
    pub(crate) async fn wait_for_open(&self, most: usize) {
        let mut open = self.open.subscribe();
        let is_there = open.wait_for(|open| *open <= most);
        let is_there = timeout(Duration::from_secs(20), is_there).await;
        is_there.expect("connections are left open").unwrap();
    }

    /// Waits until this was asked for so often.
    pub(crate) async fn wait_for(&self, name: &str, times: usize) {
        let mut asked = self.asked.subscribe();
        let is_there = |asked: &HashMap<String, usize>| asked.get(name).is_some_and(|count| *count >= times);
        asked.wait_for(is_there).await.unwrap();
    }

    /// Names that begin with `crowd` are answered when there are so many of them at once.
    pub(crate) fn expect_crowd(&self, size: usize) {
        *self.crowd.lock().unwrap() = Some(Arc::new(Barrier::new(size)));
    }

    /// The next requests with this name are answered so.
    pub(crate) fn will_answer(&self, name: &str, answers: &[Answer]) {
        let mut all = self.answers.lock().unwrap();
        all.insert(name.to_owned(), answers.iter().copied().collect());
    }

    /// This waits for its answer until [`State::let_go`].
    pub(crate) fn hold(&self, name: &str) {
        self.held.send_modify(|held| held.extend([name.to_owned()]));
    }

    pub(crate) fn let_go(&self, name: &str) {
        self.held.send_modify(|held| held.retain(|other| other != name));
    }

    /// From now on each connection is good for one answer, and then has this fault.
    pub(crate) fn wears_out(&self, fault: Fault) {
        *self.wear.lock().unwrap() = Some(fault);
    }

    /// This connection is about to answer.
    pub(crate) fn wear_out(&self, connection: &FaultyConnection) {
        if let Some(fault) = *self.wear.lock().unwrap() {
            connection.fail(fault);
        }
    }

    /// Counts a request that was read to its end, and says how it is answered, when it is time.
    pub(crate) async fn answer(&self, name: &str) -> Answer {
        self.asked
            .send_modify(|asked| *asked.entry(name.to_owned()).or_default() += 1);
        let mut held = self.held.subscribe();
        held.wait_for(|held| !held.contains(name)).await.unwrap();
        let crowd = self.crowd.lock().unwrap().clone();
        if let Some(crowd) = crowd.filter(|_| name.starts_with("crowd")) {
            crowd.wait().await;
        }
        let mut answers = self.answers.lock().unwrap();
        let next = answers.get_mut(name).and_then(VecDeque::pop_front);
        next.unwrap_or(Answer::Status(200))
    }
}

async fn accept(stream: TcpStream, state: Arc<State>, tls: Option<TlsAcceptor>, protocol: Protocol) {
    stream.set_nodelay(true).unwrap();
    let connection = Arc::new(FaultyConnection::default());
    if let Some(fault) = state.next.lock().unwrap().pop_front() {
        connection.fail(fault);
    }
    state.connections.lock().unwrap().push(Arc::clone(&connection));
    let (wire, server) = duplex(65_536);
    let serve = async {
        match tls {
            None => drop(http1(server, &state, &connection).await),
            Some(tls) => {
                let Ok(stream) = tls.accept(server).await else {
                    return;
                };
                match protocol {
                    Protocol::Http2 => drop(http2(stream, Arc::clone(&state), &connection).await),
                    Protocol::Plain | Protocol::Http1 => drop(http1(stream, &state, &connection).await),
                }
            }
        }
    };
    state.open.send_modify(|open| *open += 1);
    let carry = async {
        connection.carry(stream, wire).await;
        state.open.send_modify(|open| *open -= 1);
    };
    tokio::join!(serve, carry);
}

/// A certificate and what serves with it. API Gateway offers both protocols, DynamoDB one.
fn tls(protocol: Protocol) -> (String, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = match protocol {
        Protocol::Http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Protocol::Plain | Protocol::Http1 => vec![b"http/1.1".to_vec()],
    };
    (cert.pem(), TlsAcceptor::from(Arc::new(config)))
}
