//! A function's own connections, to DynamoDB and to the gateway, that break while Lambda keeps the function frozen
//! between two events.

use e2e::{World, eventually, set};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::{fs, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// How the connections of a frozen function end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By FIN.
    Closed,
    /// By RST.
    Reset,
    /// Without a packet: only the function's next byte is answered, by RST.
    Forgotten,
}

/// A TCP proxy whose connections a test can end.
struct Proxy {
    address: SocketAddr,
    /// How all open connections are to end now.
    end: watch::Sender<Option<End>>,
    /// Number of open connections.
    open: watch::Sender<usize>,
}

impl Proxy {
    async fn start(upstream: SocketAddr) -> Arc<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Arc::new(Proxy {
            address: listener.local_addr().unwrap(),
            end: watch::Sender::new(None),
            open: watch::Sender::new(0),
        });
        let shared = Arc::clone(&proxy);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { shared.carry(client, upstream).await });
            }
        });
        proxy
    }

    async fn carry(&self, mut client: TcpStream, upstream: SocketAddr) {
        self.open.send_modify(|open| *open += 1);
        let mut end = self.end.subscribe();
        let mut server = TcpStream::connect(upstream).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => {}
            end = end.changed() => end.unwrap(),
        }
        let end = *end.borrow();
        if end == Some(End::Closed) {
            client.shutdown().await.unwrap();
        }
        self.open.send_modify(|open| *open -= 1);
        if end == Some(End::Forgotten) {
            let _ = client.read(&mut [0]).await;
        }
        if end != Some(End::Closed) {
            let _ = client.set_zero_linger();
        }
    }

    /// Ends all open connections, and returns their number.
    async fn end_all(&self, end: End) -> usize {
        let open = *self.open.borrow();
        self.end.send_replace(Some(end));
        let mut left = self.open.subscribe();
        left.wait_for(|open| *open == 0).await.unwrap();
        open
    }
}

/// Processes of this function that have this text in their environment.
fn processes(function: &str, environment: &str) -> Vec<Pid> {
    let of = |pid: &str| -> Option<Pid> {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        let all = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let is_ours = String::from_utf8_lossy(&all).contains(environment);
        let number = (name.trim() == function && is_ours).then(|| pid.parse().ok())?;
        Pid::from_raw(number?)
    };
    let entries = fs::read_dir("/proc").unwrap();
    entries
        .filter_map(|entry| of(entry.unwrap().file_name().to_str()?))
        .collect()
}

/// Whether the process has unread bytes from a TCP connection that is open at both ends. (The end of a connection also
/// makes it readable, but then its state is another.)
fn has_unread(process: Pid) -> bool {
    let folder = format!("/proc/{}/fd", process.as_raw_nonzero());
    let files = fs::read_dir(folder).unwrap();
    let inodes: Vec<String> = files
        .filter_map(|file| fs::read_link(file.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    // sl, local, remote, state (01 is established), queues (sending:receiving), timer, retransmits, uid, timeout, inode
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).any(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields[3] == "01" && !fields[4].ends_with(":00000000") && inodes.iter().any(|inode| inode == fields[9])
    })
}

/// A free port below the ephemeral ports (from 32768 on), so that no other test is given it.
async fn free_port() -> u16 {
    loop {
        let port = 20_000 + u16::try_from(uuid::Uuid::new_v4().as_u128() % 10_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return port;
        }
    }
}

/// Freezes notify while it has many connections, ends those, and resumes notify when its next event is there. That
/// event names one login, so that it needs only one connection to DynamoDB, and one to the gateway, at a time.
async fn notify_survives(end: End) {
    let [port, dynamodb_port] = [free_port().await, free_port().await];
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let (gateway, dynamodb) = (Proxy::start(at(port)).await, Proxy::start(at(dynamodb_port)).await);
    let dynamodb_url = format!("http://{}", dynamodb.address);
    let world = World::with(|options| {
        (options.port, options.dynamodb_port) = (port, dynamodb_port);
        let callback_url = format!("http://{}/dev", gateway.address);
        set(
            options,
            &[
                ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb_url),
                ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", &callback_url),
            ],
        );
    })
    .await;
    let logins: Vec<_> = (0..16).map(|n| format!("friend-{n}")).collect();
    let mut sockets = Vec::new();
    for login in &logins {
        sockets.push(world.connect(&world.log_in(login).await).await);
    }
    let before = world.notify(&json!({"logins": logins, "id": "before"})).await;
    assert_eq!(before["sent"], 16);
    let [notify] = processes("notify", &dynamodb_url)[..] else {
        panic!("notify is not one process")
    };
    kill_process(notify, Signal::STOP).unwrap();
    // There are more dead connections than a call has tries.
    assert!(gateway.end_all(end).await > 5);
    assert!(dynamodb.end_all(end).await > 5);
    let single = json!({"login": logins[0], "id": "single"});
    let (single, ()) = tokio::join!(world.notify(&single), async {
        // When notify resumes, its event has arrived as well as the ends of its connections.
        eventually(true, async || has_unread(notify)).await;
        kill_process(notify, Signal::CONT).unwrap();
    });
    assert_eq!((&single["sent"], &single["failed"]), (&json!(1), &json!(0)), "{single}");
    let after = world.notify(&json!({"logins": logins, "id": "after"})).await;
    assert_eq!((&after["sent"], &after["failed"]), (&json!(16), &json!(0)), "{after}");
    for (n, socket) in sockets.iter_mut().enumerate() {
        for id in ["before", "single", "after"] {
            if n == 0 || id != "single" {
                assert_eq!(socket.hear().await["id"], id);
            }
        }
        socket.is_quiet().await;
    }
    world.stop().await;
}

#[tokio::test]
async fn the_next_event_succeeds_after_all_connections_were_closed_while_notify_was_frozen() {
    notify_survives(End::Closed).await;
}

#[tokio::test]
async fn the_next_event_succeeds_after_all_connections_were_reset_while_notify_was_frozen() {
    notify_survives(End::Reset).await;
}

#[tokio::test]
async fn the_next_event_succeeds_after_all_connections_were_lost_silently_while_notify_was_frozen() {
    notify_survives(End::Forgotten).await;
}
