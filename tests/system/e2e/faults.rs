//! Updates and connections under injected faults: posts, handshakes and tables that fail on purpose.

use chatterbox_gateway::Faults;
use e2e::{Session, Socket, World, eventually};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// A system with fault injection, and no faults yet.
async fn faulty() -> World {
    World::with(|options| options.faults = Some(Faults::default())).await
}

/// A minimal page: its cursor moves with the pushes, and a gap makes it sync.
struct Page {
    session: Session,
    socket: Socket,
    cursor: Value,
    /// The newest update shown, by topic.
    shown: BTreeMap<String, Value>,
    syncs: usize,
}

impl Page {
    async fn open(world: &World, session: &Session) -> Page {
        let mut page = Page {
            session: session.clone(),
            socket: world.connect(session).await,
            cursor: Value::Null,
            shown: BTreeMap::new(),
            syncs: 0,
        };
        page.sync().await;
        page
    }

    /// Syncs, and shows the reply's updates as well as the pushes that arrive meanwhile.
    async fn sync(&mut self) {
        self.syncs += 1;
        let sync = json!({"action": "sync", "login": self.session.login, "cursor": self.cursor, "n": self.syncs});
        self.socket.say(sync.to_string()).await;
        let reply = loop {
            let message = self.socket.hear().await;
            if message["type"] == "sync" && message["n"] == self.syncs {
                break message;
            }
            self.show(&message);
        };
        for update in reply["updates"].as_array().unwrap() {
            self.show(update);
        }
        self.cursor = reply["cursor"].clone();
    }

    fn show(&mut self, update: &Value) {
        let topic = update["topic"].as_str().unwrap().to_owned();
        let version = |update: &Value| update["version"].as_u64().unwrap();
        if self
            .shown
            .get(&topic)
            .is_none_or(|shown| version(shown) < version(update))
        {
            self.shown.insert(topic, update.clone());
        }
    }

    /// Receives pushes until the page shows the update with this id.
    async fn hear_until(&mut self, id: &str) {
        while !self.shown.values().any(|update| update["id"] == id) {
            let push = self.socket.hear_a("stats-updated").await;
            self.show(&push);
            let at = self.cursor["version"].as_u64().unwrap_or_default();
            if push["prev"].as_u64().unwrap() > at {
                self.sync().await;
            } else if push["version"].as_u64().unwrap() > at {
                self.cursor = json!({"epoch": push["epoch"], "version": push["version"]});
            }
        }
    }
}

#[tokio::test]
async fn no_recorded_update_is_lost_when_posts_are_refused_lost_late_or_doubled() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    let mut pages = Vec::new();
    for _ in 0..4 {
        pages.push(Page::open(&world, &session).await);
    }
    world.inject(
        json!({"seed": 1, "postsThrottled": 0.2, "postsFailed": 0.15, "postsDenied": 0.1, "postsLost": 0.25,
               "postsDelayed": 0.1, "postDelayMs": 200}),
    );
    for n in 0..40 {
        let topic = ["news", "weather", "sports"][n % 3];
        let report = world
            .notify(&json!({"login": "friendless", "topic": topic, "id": format!("{n}"), "body": n}))
            .await;
        assert_eq!(report["logins"]["friendless"], n + 1);
    }
    world.inject(json!({}));
    world
        .notify(&json!({"login": "friendless", "id": "last", "body": "last"}))
        .await;
    let mut syncs = 0;
    for page in &mut pages {
        page.hear_until("last").await;
        let body = |topic: &str| page.shown[topic]["body"].clone();
        assert_eq!(["news", "weather", "sports"].map(body), [39, 37, 38].map(Value::from));
        syncs += page.syncs;
    }
    assert!(syncs > 4, "no page had a gap, so the test tested nothing");
    world.stop().await;
}

#[tokio::test]
async fn answers_of_410_while_a_socket_opens_do_not_delete_its_row() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    world.inject(json!({"connectsStretched": 1, "connectStretchMs": 2_000}));
    let (mut page, early) = tokio::join!(Page::open(&world, &session), async {
        eventually(1, async || world.rows_of("friendless").await.len()).await;
        let mut early = 0;
        for n in 0..5 {
            let report = world.notify(&json!({"login": "friendless", "body": n})).await;
            assert_eq!(report["gone"], 0);
            early += report["early"].as_u64().unwrap();
        }
        early
    });
    assert!(early > 0, "the socket was open before the first post");
    assert_eq!(page.shown["updates"]["body"], 4);
    let report = world.notify(&json!({"login": "friendless", "id": "last"})).await;
    assert_eq!(report["sent"], 1);
    page.hear_until("last").await;
    world.stop().await;
}

#[tokio::test]
async fn a_false_410_does_not_delete_a_young_row_and_loses_no_update() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    let mut page = Page::open(&world, &session).await;
    world.inject(json!({"postsGone": 1}));
    let report = world
        .notify(&json!({"login": "friendless", "topic": "a", "body": "unheard"}))
        .await;
    assert_eq!(
        (&report["early"], &report["gone"], &report["sent"]),
        (&json!(1), &json!(0), &json!(0))
    );
    world.inject(json!({}));
    world
        .notify(&json!({"login": "friendless", "topic": "b", "id": "last"}))
        .await;
    page.hear_until("last").await;
    assert_eq!(page.shown["a"]["body"], "unheard");
    world.stop().await;
}

#[tokio::test]
async fn an_old_socket_whose_row_a_false_410_deleted_is_told_to_reconnect_at_its_next_sync() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    let mut page = Page::open(&world, &session).await;
    let id = world.rows_of("friendless").await.remove(0);
    // Overwrites the socket's row with one that is an hour old.
    world.put_row("friendless", &id, Duration::from_secs(3600)).await;
    world.inject(json!({"postsGone": 1}));
    let report = world.notify(&json!({"login": "friendless", "body": "unheard"})).await;
    assert_eq!(
        (&report["gone"], world.rows_of("friendless").await.len()),
        (&json!(1), 0)
    );
    world.inject(json!({}));
    let sync = json!({"action": "sync", "login": "friendless", "cursor": page.cursor, "n": 99});
    page.socket.say(sync.to_string()).await;
    assert_eq!(page.socket.hear_a("error").await["code"], "unknown-connection");
    assert_eq!(Page::open(&world, &session).await.shown["updates"]["body"], "unheard");
    world.stop().await;
}

#[tokio::test]
async fn a_dynamodb_that_throttles_delays_updates_and_loses_none() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    let throttle = world.local.database().throttle().unwrap();
    throttle.set(0.3);
    let mut page = Page::open(&world, &session).await;
    for n in 1..=20 {
        let event = json!({"login": "friendless", "id": format!("{n}"), "body": n});
        // Invokes again until it succeeds, as the event's source would.
        let mut tries = 0;
        while world.invoke("notify", &event).await.1 {
            tries += 1;
            assert!(tries < 20, "notify did not succeed in 20 tries");
        }
    }
    assert!(throttle.throttled() > 0);
    throttle.set(0.0);
    let report = world
        .notify(&json!({"login": "friendless", "id": "last", "body": "last"}))
        .await;
    assert_eq!(report["logins"]["friendless"], 21);
    page.hear_until("last").await;
    assert_eq!(page.shown["updates"]["body"], "last");
    world.stop().await;
}

#[tokio::test]
async fn chaos_mode_injects_faults_until_it_is_turned_off_and_then_updates_arrive_as_usual() {
    let world = World::with(|options| options.chaos = Some(1)).await;
    let chaos = async |method: reqwest::Method| -> Value {
        let url = format!("{}demo/chaos", world.local.page_url());
        let request = reqwest::Client::new().request(method, url);
        request.send().await.unwrap().json().await.unwrap()
    };
    let episodes = |chaos: &Value| {
        let injected = chaos["injected"].as_object().unwrap();
        injected.keys().filter(|note| note.starts_with("chaos: ")).count()
    };
    eventually(true, async || episodes(&chaos(reqwest::Method::GET).await) >= 2).await;
    assert_eq!(chaos(reqwest::Method::DELETE).await["on"], false);
    assert_eq!(world.local.gateway().faults(), Faults::default());
    let mut page = Page::open(&world, &world.log_in("friendless").await).await;
    let report = world.notify(&json!({"login": "friendless", "id": "last"})).await;
    assert_eq!(report["sent"], 1);
    page.hear_until("last").await;
    assert_eq!(chaos(reqwest::Method::PUT).await["on"], true);
    assert_eq!(chaos(reqwest::Method::DELETE).await["on"], false);
    world.stop().await;
}
