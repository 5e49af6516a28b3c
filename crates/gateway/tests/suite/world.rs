//! The harness: a gateway on a port of its own, with a function that does what its events ask for, and clients.

use std::net::SocketAddr;
use std::time::Duration;

use chatterbox_gateway::{ActivityEntry, Config, Function, Gateway, Line, Route, Server};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::Receiver;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The longest wait for a condition. It is long because the machine may be busy; a condition that holds ends the wait.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
pub(crate) const BOOTSTRAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bootstrap.mjs");

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) address: SocketAddr,
    pub(crate) http: reqwest::Client,
}

/// The function of the tests. Its timeout is long, since a process may have to start on a busy machine.
pub(crate) fn function() -> Function {
    Function {
        arguments: vec![BOOTSTRAP.into()],
        timeout: Duration::from_secs(20),
        ..Function::new("node")
    }
}

/// Changes the function `f`.
pub(crate) fn change(config: &mut Config, change: impl FnOnce(&mut Function)) {
    change(config.functions.get_mut("f").unwrap());
}

/// A function that prints each event it is given.
pub(crate) fn printer() -> Function {
    let mut function = function();
    function.environment.insert("PRINT_EVENTS".into(), "1".into());
    function
}

/// The function `f` behind a two-way `$default`; no other route.
pub(crate) async fn world(change: impl FnOnce(&mut Config)) -> World {
    world_served_by(Server::default(), change).await
}

/// The same world on a port with other rules.
pub(crate) async fn world_served_by(server: Server, change: impl FnOnce(&mut Config)) -> World {
    let mut config = Config::default();
    config.functions.insert("f".into(), function());
    config.routes.insert("$default".into(), Route::two_way("f"));
    change(&mut config);
    let gateway = Gateway::start(config).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = gateway.router();
    tokio::spawn(async move { server.serve(listener, router, std::future::pending()).await });
    World {
        gateway,
        address,
        http: reqwest::Client::new(),
    }
}

/// A world in which the function also answers `$connect`.
pub(crate) async fn world_with_connect(change: impl FnOnce(&mut Config)) -> World {
    world(|config| {
        config.routes.insert("$connect".into(), Route::lambda("f"));
        change(config);
    })
    .await
}

impl World {
    pub(crate) fn request(&self, query: &str) -> Request {
        format!("ws://{}/dev{query}", self.address)
            .into_client_request()
            .unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_with(self.request("")).await.0
    }

    pub(crate) async fn client_with(&self, request: Request) -> (Client, Response) {
        let (socket, response) = within(connect_async(request)).await.unwrap();
        (Client { socket }, response)
    }

    /// The status and body with which a handshake is refused.
    pub(crate) async fn refusal(&self, request: Request) -> (u16, String) {
        match within(connect_async(request)).await {
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                (response.status().as_u16(), String::from_utf8(body).unwrap())
            }
            other => panic!("the handshake was not refused: {other:?}"),
        }
    }

    /// A client and its connection id, which the echoed event holds.
    pub(crate) async fn client_and_id(&self) -> (Client, String) {
        let mut client = self.client().await;
        let id = client.id().await;
        (client, id)
    }

    pub(crate) fn connections(&self, id: &str) -> String {
        format!("http://{}/dev/@connections/{}", self.address, id.replace('=', "%3D"))
    }

    pub(crate) async fn post(&self, id: &str, body: impl Into<reqwest::Body>) -> reqwest::Response {
        within(self.http.post(self.connections(id)).body(body).send())
            .await
            .unwrap()
    }

    pub(crate) fn invocations(&self, function: &str) -> String {
        format!("http://{}/2015-03-31/functions/{function}/invocations", self.address)
    }

    /// The answer of the function `f` to its invoker.
    pub(crate) async fn invoke(&self, event: &Value) -> Value {
        let response = within(self.http.post(self.invocations("f")).body(event.to_string()).send())
            .await
            .unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    /// The body of its proxy response, which is JSON here.
    pub(crate) async fn invoke_for_body(&self, event: &Value) -> Value {
        serde_json::from_str(self.invoke(event).await["body"].as_str().unwrap()).unwrap()
    }
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// A client of the gateway at this URL.
    pub(crate) async fn of(url: &str) -> Client {
        let (socket, _) = within(connect_async(url)).await.unwrap();
        Client { socket }
    }

    pub(crate) async fn say(&mut self, text: impl ToString) {
        within(self.socket.send(Message::text(text.to_string()))).await.unwrap();
    }

    /// The next text.
    pub(crate) async fn hear(&mut self) -> String {
        match within(self.socket.next()).await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("no text but {other:?}"),
        }
    }

    pub(crate) async fn hear_json(&mut self) -> Value {
        serde_json::from_str(&self.hear().await).unwrap()
    }

    /// Sends a text, and returns the next one.
    pub(crate) async fn ask_text(&mut self, text: impl ToString) -> String {
        self.say(text).await;
        self.hear().await
    }

    /// Sends a text, and returns the next one as JSON.
    pub(crate) async fn ask(&mut self, text: impl ToString) -> Value {
        serde_json::from_str(&self.ask_text(text).await).unwrap()
    }

    pub(crate) async fn id(&mut self) -> String {
        let event = self.ask("who am I?").await;
        event["requestContext"]["connectionId"].as_str().unwrap().to_owned()
    }

    /// The code and reason of the gateway's close frame, which the client answers before it hangs up.
    pub(crate) async fn ended(&mut self) -> (u16, String) {
        match within(self.socket.next()).await {
            Some(Ok(Message::Close(Some(frame)))) => {
                while let Some(Ok(_)) = within(self.socket.next()).await {}
                (frame.code.into(), frame.reason.to_string())
            }
            other => panic!("no close frame but {other:?}"),
        }
    }
}

/// Waits for a future that has to end in time.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .expect("it did not happen in time")
}

/// The next entry of a kind in the activity feed, as its readers get it: JSON.
pub(crate) async fn next_of(activity: &mut Receiver<ActivityEntry>, kind: &str) -> Value {
    within(async {
        loop {
            let entry = serde_json::to_value(activity.recv().await.unwrap()).unwrap();
            if entry["kind"] == kind {
                return entry;
            }
        }
    })
    .await
}

/// The entries of a kind that are in the activity feed already.
pub(crate) fn all_of(activity: &mut Receiver<ActivityEntry>, kind: &str) -> Vec<Value> {
    let entries = std::iter::from_fn(|| activity.try_recv().ok());
    let entries = entries.map(|entry| serde_json::to_value(entry).unwrap());
    entries.filter(|entry| entry["kind"] == kind).collect()
}

/// The next event of one type that a [`printer`] was given.
pub(crate) async fn next_event(lines: &mut Receiver<Line>, event_type: &str) -> Value {
    within(async {
        loop {
            let event: Value = serde_json::from_str(&lines.recv().await.unwrap().text).unwrap();
            if event["requestContext"]["eventType"] == event_type {
                return event;
            }
        }
    })
    .await
}

/// Whether a process with this id exists.
pub(crate) fn is_alive(process_id: u32) -> bool {
    let id = rustix::process::Pid::from_raw(process_id.try_into().unwrap()).unwrap();
    rustix::process::test_kill_process(id).is_ok()
}

/// Waits until a condition holds. It is checked every few milliseconds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    within(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A new folder that no other test uses.
pub(crate) fn temporary_folder() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("gateway-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    folder
}

pub(crate) fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
