//! Pushes: which sockets get an update, which version and `prev` they are told, and which rows are deleted.

use e2e::{World, eventually, set};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_update_reaches_all_sockets_of_its_login_and_no_others() {
    let world = World::start().await;
    let (friendless, other) = (world.log_in("friendless").await, world.log_in("other").await);
    let (mut one, mut two) = (world.connect(&friendless).await, world.connect(&friendless).await);
    let mut others = world.connect(&other).await;
    let event = json!({"users": ["friendless"], "topics": ["updates"], "body": {"message": "Updated your plays"},
        "id": "nightly-1", "at": "2026-01-31T09:00:00Z"});
    let report = world.notify(&event).await;
    assert_eq!(
        report,
        json!({"logins": {"friendless": 1}, "sent": 2, "gone": 0, "early": 0, "deferred": 0, "no_room": 0, "surplus": 0,
            "failed": 0})
    );
    let push = one.hear().await;
    let epoch = push["epoch"].as_str().unwrap();
    let expected = json!({"type": "stats-updated", "login": "friendless", "topic": "updates", "topics": ["updates"], "epoch": epoch,
        "version": 1, "prev": 0, "id": "nightly-1", "at": "2026-01-31T09:00:00Z", "body": {"message": "Updated your plays"}});
    assert_eq!(push, expected);
    assert_eq!(two.hear().await, expected);
    others.is_quiet().await;
    world.stop().await;
}

#[tokio::test]
async fn a_socket_that_names_topics_gets_their_updates_only() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let (mut all, mut plays) = (
        world.connect(&session).await,
        world.connect_to(&session, "plays,wins").await,
    );
    for topic in ["badges", "plays", "badges", "wins"] {
        world.notify(&json!({"login": "friendless", "topic": topic})).await;
    }
    for (topic, version, prev) in [("badges", 1, 0), ("plays", 2, 1), ("badges", 3, 2), ("wins", 4, 3)] {
        let push = all.hear().await;
        assert_eq!(
            (&push["topic"], &push["version"], &push["prev"]),
            (&json!(topic), &json!(version), &json!(prev))
        );
    }
    // For this socket `prev` of version 4 is 2, since version 3 is of a topic that it does not listen to.
    for (topic, version, prev) in [("plays", 2, 0), ("wins", 4, 2)] {
        let push = plays.hear().await;
        assert_eq!(
            (&push["topic"], &push["version"], &push["prev"]),
            (&json!(topic), &json!(version), &json!(prev))
        );
    }
    plays.is_quiet().await;
    world.stop().await;
}

#[tokio::test]
async fn an_update_on_two_topics_reaches_a_socket_that_listens_to_the_second_only() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let (mut all, mut second) = (
        world.connect(&session).await,
        world.connect_to(&session, "badges").await,
    );
    let report = world
        .notify(&json!({"login": "friendless", "topics": ["plays", "badges"]}))
        .await;
    assert_eq!(
        (&report["logins"]["friendless"], &report["sent"]),
        (&json!(1), &json!(2))
    );
    let (to_all, to_second) = (all.hear().await, second.hear().await);
    assert_eq!((&to_all["topic"], &to_all["version"]), (&json!("plays"), &json!(1)));
    assert_eq!(
        (&to_second["topic"], &to_second["version"]),
        (&json!("badges"), &json!(1))
    );
    world.stop().await;
}

#[tokio::test]
async fn the_row_of_a_dead_socket_is_deleted_by_the_next_notify_after_a_minute() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let dying = world.connect(&session).await;
    // Its $disconnect fails while DynamoDB is down, so its row stays.
    world.local.database().stop().await;
    drop(dying);
    eventually(true, async || {
        world.has_printed(&["disconnect:", "DynamoDB failed; the row stays"])
    })
    .await;
    world.local.database().restart().await.unwrap();
    let mut alive = world.connect(&session).await;
    let report = world.notify(&json!({"login": "friendless"})).await;
    assert_eq!(
        (&report["sent"], &report["early"]),
        (&json!(1), &json!(1)),
        "a 410 for a row younger than a minute counts as early"
    );
    assert_eq!(world.rows_of("friendless").await.len(), 2);

    world.age_rows("friendless", 2 * MINUTE).await;
    let report = world.notify(&json!({"login": "friendless"})).await;
    assert_eq!((&report["sent"], &report["gone"]), (&json!(1), &json!(1)));
    assert_eq!(world.rows_of("friendless").await.len(), 1);
    assert_eq!(
        (
            alive.hear().await["version"].clone(),
            alive.hear().await["version"].clone()
        ),
        (json!(1), json!(2))
    );
    world.stop().await;
}

#[tokio::test]
async fn a_row_younger_than_a_minute_that_answers_410_is_kept() {
    let world = World::start().await;
    world.put_row("friendless", "AAAAAAAAAAAAAAA=", MINUTE / 2).await;
    let report = world.notify(&json!({"login": "friendless"})).await;
    assert_eq!((&report["gone"], &report["early"]), (&json!(0), &json!(1)));
    assert_eq!(world.rows_of("friendless").await, ["AAAAAAAAAAAAAAA="]);
    world.stop().await;
}

#[tokio::test]
async fn an_update_during_the_handshake_is_in_the_first_syncs_reply() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    for round in 1..=10_u64 {
        let event = json!({"login": "friendless", "id": round.to_string()});
        let (report, mut socket) = tokio::join!(world.notify(&event), world.connect(&session));
        assert_eq!(report["gone"], 0, "the row of a live socket was deleted");
        let reply = socket.sync("friendless", &Value::Null).await;
        assert_eq!(reply["updates"][0]["id"], round.to_string());
        assert_eq!(reply["cursor"]["version"], round);
        socket.close().await;
    }
    world.stop().await;
}

#[tokio::test]
async fn the_same_id_twice_is_recorded_once_and_posted_twice() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let first = world
        .notify(&json!({"login": "friendless", "id": "x", "body": "first"}))
        .await;
    let again = world
        .notify(&json!({"login": "friendless", "id": "x", "body": "changed"}))
        .await;
    assert_eq!(
        (&first["logins"]["friendless"], &again["logins"]["friendless"]),
        (&json!(1), &json!("repeat"))
    );
    let (push, repeat) = (socket.hear().await, socket.hear().await);
    assert_eq!(push, repeat, "a repeat carries the stored update");
    let log = world.items("updates").await;
    assert_eq!(log[0]["version"].as_n().unwrap(), "1");
    world.stop().await;
}

#[tokio::test]
async fn a_retry_older_than_the_newest_of_its_topic_changes_nothing() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    world
        .notify(&json!({"login": "friendless", "id": "new", "at": 1_763_900_002_000_i64}))
        .await;
    let before = world.items("updates").await;
    let report = world
        .notify(&json!({"login": "friendless", "id": "old", "at": 1_763_900_001_000_i64}))
        .await;
    assert_eq!(
        (&report["logins"]["friendless"], &report["sent"]),
        (&json!("stale"), &json!(0))
    );
    assert_eq!(world.items("updates").await, before);
    assert_eq!(socket.hear().await["id"], "new");
    socket.is_quiet().await;
    world.stop().await;
}

#[tokio::test]
async fn a_login_without_sockets_is_recorded_for_later() {
    let world = World::start().await;
    let report = world
        .notify(&json!({"logins": ["away", "gone"], "body": {"n": 1}}))
        .await;
    assert_eq!(report["logins"], json!({"away": 1, "gone": 1}));
    let session = world.log_in("away").await;
    let reply = world.connect(&session).await.sync("away", &Value::Null).await;
    assert_eq!(reply["updates"][0]["body"], json!({"n": 1}));
    world.stop().await;
}

#[tokio::test]
async fn a_login_with_a_thousand_sockets_is_notified_in_one_invocation() {
    let world = World::with(|options| {
        options.limits.connects_per_second = None;
        // At the trace level a thousand handshakes print more than the feeds hold.
        set(
            options,
            &[("MAX_CONNECTIONS_PER_LOGIN", "2000"), ("AWS_LAMBDA_LOG_LEVEL", "info")],
        );
    })
    .await;
    let session = world.log_in("friendless").await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.extend(futures_util::future::join_all((0..50).map(|_| world.connect(&session))).await);
    }
    let report = world
        .notify(&json!({"login": "friendless", "body": {"message": "to all of you"}}))
        .await;
    assert_eq!((&report["sent"], &report["failed"]), (&json!(1_000), &json!(0)));
    for socket in &mut sockets {
        assert_eq!(socket.hear().await["version"], 1);
    }
    world.stop().await;
}

#[tokio::test]
async fn the_oldest_socket_beyond_the_cap_is_replaced() {
    let world = World::with_settings(&[("MAX_CONNECTIONS_PER_LOGIN", "2")]).await;
    let session = world.log_in("friendless").await;
    let mut oldest = world.connect(&session).await;
    let (mut middle, mut newest) = (world.connect(&session).await, world.connect(&session).await);
    let report = world.notify(&json!({"login": "friendless"})).await;
    assert_eq!(report["sent"], 3);
    assert_eq!(oldest.hear().await["type"], "stats-updated");
    assert_eq!(
        oldest.hear().await,
        json!({"type": "closing", "reason": "replaced", "retry": false})
    );
    assert_eq!(oldest.end().await.map(|(code, _)| code), Some(1000));
    for socket in [&mut middle, &mut newest] {
        assert_eq!(socket.hear().await["version"], 1);
        socket.is_quiet().await;
    }
    assert_eq!(world.rows_of("friendless").await.len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn four_thousand_rows_of_a_login_cost_the_others_of_its_event_nothing_and_go_in_time() {
    // The lines of thousands of calls are more than the feeds hold.
    let world = World::with_settings(&[("AWS_LAMBDA_LOG_LEVEL", "info")]).await;
    let (crowd, other) = (world.log_in("crowd").await, world.log_in("other").await);
    let (mut of_crowd, mut of_other) = (world.connect(&crowd).await, world.connect(&other).await);
    world.put_rows("crowd", 4_000, 2 * MINUTE).await;
    // By a queue, where a failed record would come again for both.
    let event = json!({"logins": ["crowd", "other"], "id": "x"}).to_string();
    assert_eq!(world.notify_by_queue(&[&event]).await, Vec::<String>::new());
    assert_eq!(
        (of_crowd.hear().await["id"].clone(), of_other.hear().await["id"].clone()),
        (json!("x"), json!("x"))
    );
    let report = world.notify(&json!({"logins": ["crowd", "other"], "id": "y"})).await;
    // The newest twenty: nineteen of them are rows by hand.
    assert_eq!(
        (&report["logins"], &report["sent"], &report["gone"], &report["failed"]),
        (&json!({"crowd": 2, "other": 2}), &json!(2), &json!(19), &json!(0)),
    );
    let left = world.rows_of("crowd").await.len();
    assert_eq!(report["surplus"], left - 1, "what there was no time for is told");
    assert!(left < 4_000 - 2 * 19, "{left}");
    // Update by update they go.
    world.notify(&json!({"login": "crowd"})).await;
    assert!(world.rows_of("crowd").await.len() < left);
    assert_eq!(
        (of_crowd.hear().await["id"].clone(), of_other.hear().await["id"].clone()),
        (json!("y"), json!("y"))
    );
    world.stop().await;
}

#[tokio::test]
async fn sockets_beyond_the_cap_that_are_older_than_a_minute_are_closed_without_the_update() {
    let world = World::with_settings(&[("MAX_CONNECTIONS_PER_LOGIN", "2")]).await;
    let session = world.log_in("friendless").await;
    let (first, second) = (world.connect(&session).await, world.connect(&session).await);
    world.age_rows("friendless", 2 * MINUTE).await;
    let (mut third, mut fourth) = (world.connect(&session).await, world.connect(&session).await);
    let report = world.notify(&json!({"login": "friendless"})).await;
    assert_eq!((&report["sent"], &report["surplus"]), (&json!(2), &json!(0)));
    for mut socket in [first, second] {
        assert_eq!(
            socket.hear().await,
            json!({"type": "closing", "reason": "replaced", "retry": false})
        );
        assert_eq!(socket.end().await.map(|(code, _)| code), Some(1000));
    }
    for socket in [&mut third, &mut fourth] {
        assert_eq!(socket.hear().await["version"], 1);
        socket.is_quiet().await;
    }
    assert_eq!(world.rows_of("friendless").await.len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_socket_that_newer_rows_of_dead_ones_push_out_is_closed_so_that_it_comes_back_at_once() {
    let world = World::with_settings(&[("MAX_CONNECTIONS_PER_LOGIN", "2")]).await;
    let session = world.log_in("friendless").await;
    let open = world.connect(&session).await;
    world.age_rows("friendless", 3 * MINUTE).await;
    world.put_rows("friendless", 2, 2 * MINUTE).await;
    let report = world.notify(&json!({"login": "friendless", "id": "x"})).await;
    assert_eq!(
        (&report["sent"], &report["gone"], &report["surplus"]),
        (&json!(0), &json!(2), &json!(0))
    );
    // A page that is told nothing connects again, and asks.
    assert_eq!(open.end().await.map(|(code, _)| code), Some(1000));
    assert_eq!(world.rows_of("friendless").await, Vec::<String>::new());
    let reply = world.connect(&session).await.sync("friendless", &Value::Null).await;
    assert_eq!(reply["updates"][0]["id"], "x");
    world.stop().await;
}

#[tokio::test]
async fn a_login_without_room_for_a_topic_spoils_the_update_for_nobody() {
    let world = World::start().await;
    let (full, other) = (world.log_in("full").await, world.log_in("other").await);
    let known: Vec<String> = (0..16).map(|n| format!("t{n}")).collect();
    world
        .notify(&json!({"login": "full", "topics": known, "at": 1_763_900_001_000_i64}))
        .await;
    let (mut of_full, mut of_other) = (world.connect(&full).await, world.connect(&other).await);
    // Through a queue, where a failed record would come again for both.
    let event = json!({"logins": ["full", "other"], "topics": ["t0", "new"], "id": "x", "at": 1_763_900_002_000_i64})
        .to_string();
    assert_eq!(world.notify_by_queue(&[&event]).await, Vec::<String>::new());
    assert_eq!(of_full.hear().await["topics"], json!(["t0"]));
    assert_eq!(of_other.hear().await["topics"], json!(["t0", "new"]));
    let report = world
        .notify(&json!({"logins": ["full", "other"], "topic": "newer"}))
        .await;
    assert_eq!(
        (&report["logins"], &report["no_room"]),
        (&json!({"full": "no room", "other": 2}), &json!(1))
    );
    assert_eq!(of_other.hear().await["topics"], json!(["newer"]));
    of_full.is_quiet().await;
    e2e::eventually(true, async || {
        world.has_printed(&["notify:", "a login has as many topics as it may have"])
            && world.has_printed(&["notify:", r#""message":"notified""#, r#""no_room":1"#])
    })
    .await;
    world.stop().await;
}
