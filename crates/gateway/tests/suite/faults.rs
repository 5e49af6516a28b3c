//! Faults on purpose, and the API that sets them.

use std::time::{Duration, Instant};

use chatterbox_gateway::{Faults, Route};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::world::*;

/// A world with the API for faults, and none so far.
async fn faulty() -> World {
    world(|config| config.faults = Some(Faults::default())).await
}

/// A world with an open socket, and with these faults from then on.
async fn socket_with(faults: Faults) -> (World, Client, String) {
    let world = faulty().await;
    let (client, id) = world.client_and_id().await;
    world.gateway.set_faults(faults).unwrap();
    (world, client, id)
}

impl World {
    async fn fault_api(&self, request: reqwest::Method, path: &str, body: &str) -> (u16, Value) {
        let url = format!("http://{}/_gateway/{path}", self.address);
        let response = within(self.http.request(request, url).body(body.to_owned()).send())
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    async fn posted(&self, id: &str, text: &'static str) -> u16 {
        self.post(id, text).await.status().as_u16()
    }

    fn injected(&self, note: &str) -> u64 {
        self.gateway.injected().get(note).copied().unwrap_or_default()
    }
}

#[tokio::test]
async fn handshakes_are_refused_with_429_or_500_and_connect_does_not_run() {
    let world = world_with_connect(|_| {}).await;
    for (faults, status) in [
        (
            Faults {
                connects_throttled: 1.0,
                ..Faults::default()
            },
            429,
        ),
        (
            Faults {
                connects_failed: 1.0,
                ..Faults::default()
            },
            500,
        ),
    ] {
        world.gateway.set_faults(faults).unwrap();
        assert_eq!(world.refusal(world.request("")).await.0, status);
    }
    assert!(world.gateway.process_ids("f").is_empty());
    assert_eq!(
        (world.injected("connect throttled"), world.injected("connect failed")),
        (1, 1)
    );
    world.gateway.set_faults(Faults::default()).unwrap();
    world.client().await;
}

#[tokio::test]
async fn a_stretched_connect_has_returned_long_before_its_socket_opens() {
    let world = world_with_connect(|config| {
        config.faults = Some(Faults {
            connects_stretched: 1.0,
            connect_stretch_ms: 500,
            ..Faults::default()
        });
    })
    .await;
    let mut activity = world.gateway.activity();
    let (mut client, early) = tokio::join!(world.client(), async {
        let fault = next_of(&mut activity, "fault").await;
        assert_eq!(fault["note"], "connect stretched");
        world.posted(fault["connectionId"].as_str().unwrap(), "too early").await
    });
    assert_eq!(early, 410);
    let id = client.id().await;
    assert_eq!(world.posted(&id, "now").await, 200);
    assert_eq!(client.hear().await, "now");
}

#[tokio::test]
async fn posts_are_refused_with_410_429_and_500_and_do_not_arrive() {
    let (world, mut client, id) = socket_with(Faults::default()).await;
    for (json, status) in [
        (r#"{"postsGone":1}"#, 410),
        (r#"{"postsThrottled":1}"#, 429),
        (r#"{"postsFailed":1}"#, 500),
    ] {
        world.gateway.set_faults(serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(world.posted(&id, "never").await, status, "{json}");
    }
    world.gateway.set_faults(Faults::default()).unwrap();
    assert_eq!(world.posted(&id, "at last").await, 200);
    assert_eq!(client.hear().await, "at last");
}

#[tokio::test]
async fn a_lost_post_is_accepted_and_never_arrives() {
    let (world, mut client, id) = socket_with(Faults {
        posts_lost: 1.0,
        ..Faults::default()
    })
    .await;
    assert_eq!(world.posted(&id, "lost").await, 200);
    world.gateway.set_faults(Faults::default()).unwrap();
    assert_eq!(world.posted(&id, "found").await, 200);
    assert_eq!(client.hear().await, "found");
}

#[tokio::test]
async fn a_denied_post_arrives_although_it_is_answered_with_500() {
    let (world, mut client, id) = socket_with(Faults {
        posts_denied: 1.0,
        ..Faults::default()
    })
    .await;
    assert_eq!(world.posted(&id, "there after all").await, 500);
    assert_eq!(client.hear().await, "there after all");
}

#[tokio::test]
async fn a_delayed_post_is_overtaken_by_the_next() {
    let (world, mut client, id) = socket_with(Faults {
        posts_delayed: 1.0,
        post_delay_ms: 1_000,
        ..Faults::default()
    })
    .await;
    assert_eq!(world.posted(&id, "first").await, 200);
    world.gateway.set_faults(Faults::default()).unwrap();
    assert_eq!(world.posted(&id, "second").await, 200);
    assert_eq!(client.hear().await, "second");
    assert_eq!(client.hear().await, "first");
}

#[tokio::test]
async fn a_stalled_post_arrives_long_before_it_is_answered() {
    let (world, mut client, id) = socket_with(Faults {
        posts_stalled: 1.0,
        post_delay_ms: 60_000,
        ..Faults::default()
    })
    .await;
    tokio::select! {
        status = world.posted(&id, "here") => panic!("it was answered with {status}"),
        heard = client.hear() => assert_eq!(heard, "here"),
    }
}

#[tokio::test]
async fn a_post_to_a_socket_that_has_ended_is_gone_whatever_the_faults_say() {
    let (world, client, id) = socket_with(Faults {
        posts_lost: 1.0,
        ..Faults::default()
    })
    .await;
    drop(client);
    until(|| world.gateway.connections() == 0).await;
    assert_eq!(world.posted(&id, "x").await, 410);
    assert_eq!(world.injected("post lost"), 0);
}

#[tokio::test]
async fn sockets_are_closed_with_a_frame_or_cut_without_one() {
    let world = world(|config| {
        config.functions.insert("printer".into(), printer());
        config.routes.insert("$disconnect".into(), Route::lambda("printer"));
    })
    .await;
    let mut lines = world.gateway.lines();
    let mut client = world.client().await;
    assert_eq!(world.gateway.close_sockets(), 1);
    assert_eq!(client.ended().await, (1001, "Going away".into()));
    let event = next_event(&mut lines, "DISCONNECT").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1001);

    let mut client = world.client().await;
    until(|| world.gateway.connections() == 1).await;
    assert_eq!(world.gateway.cut_sockets(), 1);
    assert!(within(client.socket.next()).await.unwrap().is_err());
    let event = next_event(&mut lines, "DISCONNECT").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1006);
    assert_eq!((world.injected("socket closed"), world.injected("socket cut")), (1, 1));
}

#[tokio::test]
async fn a_share_of_the_sockets_ends_each_second() {
    let world = faulty().await;
    let mut clients = Vec::new();
    for _ in 0..40 {
        clients.push(world.client().await);
    }
    let faults = Faults {
        seed: Some(1),
        sockets_cut: 0.4,
        sockets_closed: 0.4,
        ..Faults::default()
    };
    world.gateway.set_faults(faults).unwrap();
    let start = Instant::now();
    until(|| world.gateway.connections() <= 20).await;
    assert!(start.elapsed() > Duration::from_millis(200), "all at once");
    world.gateway.set_faults(Faults::default()).unwrap();
    assert!(world.injected("socket cut") > 0 && world.injected("socket closed") > 0);
}

#[tokio::test]
async fn a_process_that_is_killed_fails_the_event_it_works_on_and_another_takes_the_next() {
    let world = faulty().await;
    let mut activity = world.gateway.activity();
    let killed = async {
        next_of(&mut activity, "process-start").await;
        assert_eq!(world.gateway.kill_processes("f"), 1);
        next_of(&mut activity, "fault").await
    };
    let event = json!({ "do": "hang" });
    let (answer, fault) = tokio::join!(world.invoke(&event), killed);
    assert_eq!(
        (&fault["note"], &fault["function"]),
        (&json!("process killed"), &json!("f"))
    );
    let message = answer["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("signal: killed"), "{message}");
    until(|| world.gateway.process_ids("f").is_empty()).await;
    let process = world.invoke_for_body(&json!({ "do": "process" })).await;
    assert_ne!(process["pid"], fault["processId"]);
    assert_eq!(world.gateway.kill_processes("nobody"), 0);
}

#[tokio::test]
async fn processes_are_killed_in_the_middle_of_a_share_of_the_events() {
    let world = faulty().await;
    let faults = Faults {
        invocations_killed: 1.0,
        kill_within_ms: 50,
        ..Faults::default()
    };
    world.gateway.set_faults(faults).unwrap();
    let answer = world.invoke(&json!({ "do": "hang" })).await;
    assert_eq!(answer["errorType"], "Runtime.ExitError");
    world.gateway.set_faults(Faults::default()).unwrap();
    let answer = world.invoke(&json!({ "do": "slow", "milliseconds": 60 })).await;
    assert_eq!(
        (&answer["statusCode"], world.injected("process killed")),
        (&json!(200), 1)
    );
}

#[tokio::test]
async fn a_share_of_the_processes_dies_each_second() {
    let world = faulty().await;
    world.invoke(&json!({})).await;
    let ids = world.gateway.process_ids("f");
    let faults = Faults {
        processes_killed: 1.0,
        ..Faults::default()
    };
    world.gateway.set_faults(faults).unwrap();
    until(|| ids.iter().all(|id| !is_alive(*id))).await;
}

#[tokio::test]
async fn the_fault_api_replaces_all_faults_and_counts_what_it_injected() {
    let (world, _client, id) = socket_with(Faults::default()).await;
    let put = reqwest::Method::PUT;
    let (status, answer) = world
        .fault_api(put.clone(), "faults", r#"{"seed":7,"postsLost":1}"#)
        .await;
    assert_eq!((status, &answer["faults"]["postsLost"]), (200, &json!(1.0)));
    world.posted(&id, "lost").await;
    let (_, answer) = world.fault_api(put.clone(), "faults", r#"{"postsGone":1}"#).await;
    assert_eq!(
        (&answer["faults"]["seed"], &answer["faults"]["postsLost"]),
        (&json!(null), &json!(0.0))
    );
    world.posted(&id, "gone").await;
    for (wrong, named) in [
        (r#"{"postsGone":2}"#, "postsGone: "),
        (r#"{"postGone":1}"#, "unknown field `postGone`"),
        ("all of them", "the faults have to be a JSON object"),
    ] {
        let (status, answer) = world.fault_api(put.clone(), "faults", wrong).await;
        assert_eq!(status, 400);
        assert!(answer["message"].as_str().unwrap().starts_with(named), "{answer}");
    }
    let (status, answer) = world.fault_api(reqwest::Method::GET, "faults", "").await;
    assert_eq!((status, &answer["faults"]["postsGone"]), (200, &json!(1.0)));
    assert_eq!(answer["injected"], json!({ "post gone": 1, "post lost": 1 }));
}

#[tokio::test]
async fn the_fault_api_ends_sockets_and_processes_now() {
    let world = faulty().await;
    let delete = reqwest::Method::DELETE;
    let (mut closed, _) = world.client_and_id().await;
    assert_eq!(
        world.fault_api(delete.clone(), "sockets", "").await,
        (200, json!({ "sockets": 1 }))
    );
    assert_eq!(closed.ended().await.0, 1001);
    let (mut cut, _) = world.client_and_id().await;
    let answer = world.fault_api(delete.clone(), "sockets?frame=false", "").await;
    assert_eq!(answer, (200, json!({ "sockets": 1 })));
    assert!(within(cut.socket.next()).await.unwrap().is_err());
    let ids = world.gateway.process_ids("f");
    let answer = world.fault_api(delete.clone(), "processes/f", "").await;
    assert_eq!(answer, (200, json!({ "processes": ids.len() })));
    until(|| ids.iter().all(|id| !is_alive(*id))).await;
    assert_eq!(world.fault_api(delete, "processes/nobody", "").await.0, 404);
}

#[tokio::test]
async fn a_plain_gateway_has_no_fault_api() {
    let world = world(|_| {}).await;
    for (method, path) in [
        (reqwest::Method::GET, "faults"),
        (reqwest::Method::PUT, "faults"),
        (reqwest::Method::DELETE, "sockets"),
        (reqwest::Method::DELETE, "processes/f"),
    ] {
        let (status, answer) = world.fault_api(method, path, "{}").await;
        assert_eq!((status, answer), (403, json!({ "message": "Forbidden" })), "{path}");
    }
}

#[tokio::test]
async fn invalid_faults_are_refused_at_the_start_and_later() {
    let wrong = Faults {
        posts_lost: 2.0,
        ..Faults::default()
    };
    let config = chatterbox_gateway::Config {
        faults: Some(wrong.clone()),
        ..chatterbox_gateway::Config::default()
    };
    let error = chatterbox_gateway::Gateway::start(config).await.unwrap_err();
    assert_eq!(error.to_string(), "faults: postsLost: has to be a share, from 0 to 1");
    let world = faulty().await;
    assert!(world.gateway.set_faults(wrong).is_err());
    assert_eq!(world.gateway.faults(), Faults::default());
}
