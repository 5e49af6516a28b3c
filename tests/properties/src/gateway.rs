//! The local gateway, over its wire: HTTP at its port, frames on its sockets, and the Runtime API of its functions.
//!
//! One gateway serves all inputs, in a thread of its own. An input must make nothing in it panic, and must leave it serving.

use chatterbox_gateway::{Config, Function, Gateway, Route, Server};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream},
    panic,
    path::PathBuf,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

const THREAD: &str = "gateway";
const OPENING: &str = "GET /dev HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// The longest wait for anything, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Bytes at the gateway's port.
pub(crate) fn http(input: &[u8]) {
    let answer = exchange(world().address, input);
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1."),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    still_serves();
}

/// Bytes on an open socket.
pub(crate) fn frames(input: &[u8]) {
    let answer = exchange(world().address, &[OPENING.as_bytes(), input].concat());
    assert!(
        answer.starts_with(b"HTTP/1.1 101 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    still_serves();
}

/// Bytes at the port to which a function's process speaks.
pub(crate) fn runtime_api(input: &[u8]) {
    let answer = exchange(runtime_address(), input);
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1."),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    still_serves();
}

/// Sends bytes and their end, and returns what comes back until the other side hangs up. What does not hang up by itself,
/// such as a request that waits for the next event, is left after a moment of silence.
fn exchange(address: SocketAddr, input: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the gateway listens");
    // It may hang up before it has read everything.
    let _ = stream.write_all(input);
    let _ = stream.shutdown(Shutdown::Write);
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .expect("a time limit");
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert!(
            matches!(
                error.kind(),
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionReset
            ),
            "{error}"
        ),
    }
    answer
}

fn still_serves() {
    let mut stream = TcpStream::connect_timeout(&world().address, PATIENCE).expect("the gateway listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream
        .write_all(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("the gateway reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the gateway answers");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert_eq!(PANICS.load(SeqCst), 0, "something in the gateway has panicked");
}

struct World {
    address: SocketAddr,
    /// The file into which a process of the function `f` writes the address of its Runtime API.
    file: PathBuf,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().name() == Some(THREAD) {
                PANICS.fetch_add(1, SeqCst);
            }
            before(info);
        }));
        let folder = tempfile::tempdir().expect("a folder").keep();
        let file = folder.join("address");
        let (send, receive) = std::sync::mpsc::channel();
        let script = format!(
            "echo \"$AWS_LAMBDA_RUNTIME_API\" > {0}.new; mv {0}.new {0}; exec sleep 600",
            file.display()
        );
        let serve = async move {
            let mut config = Config::default();
            let function = Function {
                arguments: vec!["-c".to_owned(), script],
                timeout: Duration::from_secs(900),
                max_processes: 1,
                ..Function::new("sh")
            };
            config.functions.insert("f".into(), function);
            // Messages of sockets are answered by the gateway itself, so that no process is in the way of many thousands.
            config.routes.insert("nothing".into(), Route::lambda("f"));
            let gateway = Gateway::start(config).await.expect("it can work");
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            let _ = send.send(listener.local_addr().expect("an address"));
            let server = Server::default();
            let served = server.serve(listener, gateway.router(), std::future::pending());
            served.await.expect("it serves");
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let named = thread::Builder::new().name(THREAD.to_owned());
        named.spawn(move || runtime.block_on(serve)).expect("a thread");
        World {
            address: receive.recv().expect("it starts"),
            file,
        }
    })
}

/// The address of a Runtime API whose process lives. An input may end the process, and the next one starts another.
fn runtime_address() -> SocketAddr {
    static CURRENT: Mutex<Option<SocketAddr>> = Mutex::new(None);
    let mut current = CURRENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(address) = current.filter(|address| TcpStream::connect(address).is_ok()) {
        return address;
    }
    let World { address, file } = world();
    let _ = std::fs::remove_file(file);
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < PATIENCE, "no process starts");
        exchange(
            *address,
            b"POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: localhost\r\nX-Amz-Invocation-Type: Event\r\nContent-Length: 2\r\n\r\n{}",
        );
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if let Ok(address) = text.trim().parse() {
            return *current.insert(address);
        }
    }
}
