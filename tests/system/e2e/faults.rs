//! Updates and connections under injected faults: posts, handshakes and tables that fail on purpose.

use chatterbox_gateway::Faults;
use chatterbox_page::timing::SYNC_EVERY;
use e2e::{LivePage, World, eventually};
use serde_json::{Value, json};
use std::time::Duration;

/// A system with fault injection, and no faults yet.
async fn faulty() -> World {
    World::with(|options| options.faults = Some(Faults::default())).await
}

#[tokio::test]
async fn no_recorded_update_is_lost_when_posts_are_refused_lost_late_or_doubled() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    let mut pages = Vec::new();
    for _ in 0..4 {
        pages.push(LivePage::open(&world, &session).await);
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
        page.until_it_shows("last").await;
        let bodies = ["news", "weather", "sports"].map(|topic| page.body(topic));
        assert_eq!(bodies, [39, 37, 38].map(Value::from));
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
    let (mut page, early) = tokio::join!(LivePage::open(&world, &session), async {
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
    assert_eq!(page.body("updates"), 4);
    let report = world.notify(&json!({"login": "friendless", "id": "last"})).await;
    assert_eq!(report["sent"], 1);
    page.until_it_shows("last").await;
    world.stop().await;
}

#[tokio::test]
async fn a_false_410_does_not_delete_a_young_row_and_loses_no_update() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    let mut page = LivePage::open(&world, &session).await;
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
    page.until_it_shows("last").await;
    assert_eq!(page.body("a"), "unheard");
    world.stop().await;
}

#[tokio::test]
async fn an_old_socket_whose_row_a_false_410_deleted_is_told_to_reconnect_at_its_next_sync() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    let mut page = LivePage::open(&world, &session).await;
    let id = world.rows_of("friendless").await.remove(0);
    // Overwrites the socket's row with one that is an hour old.
    world.put_row("friendless", &id, Duration::from_secs(3600)).await;
    world.inject(json!({"postsGone": 1}));
    let report = world.notify(&json!({"login": "friendless", "id": "unheard"})).await;
    assert_eq!(
        (&report["gone"], world.rows_of("friendless").await.len()),
        (&json!(1), 0)
    );
    world.inject(json!({}));
    page.time_passes(SYNC_EVERY).await;
    page.until_it_shows("unheard").await;
    assert_eq!(page.reconnects, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_dynamodb_that_throttles_delays_updates_and_loses_none() {
    let world = faulty().await;
    let session = world.log_in("friendless").await;
    let mut page = LivePage::open(&world, &session).await;
    let throttle = world.local.database().throttle().unwrap();
    throttle.set(0.3);
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
    page.until_it_shows("last").await;
    assert_eq!(page.body("updates"), "last");
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
    let mut page = LivePage::open(&world, &world.log_in("friendless").await).await;
    let report = world.notify(&json!({"login": "friendless", "id": "last"})).await;
    assert_eq!(report["sent"], 1);
    page.until_it_shows("last").await;
    assert_eq!(chaos(reqwest::Method::PUT).await["on"], true);
    assert_eq!(chaos(reqwest::Method::DELETE).await["on"], false);
    world.stop().await;
}
