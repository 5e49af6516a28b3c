//! Floods against a system with throttles: what they may take, and what others notice of them.

use chatterbox_gateway::Throttle;
use e2e::{World, attack::Flood};
use std::time::Duration;

/// A throttle that is small enough for a short test to reach it.
const SMALL: Throttle = Throttle { rate: 20, burst: 20 };
const ATTEMPTS: usize = 300;

/// The most that a throttle of [`SMALL`] lets in within this time.
fn most(took: Duration) -> usize {
    20 + (took.as_secs_f64() * 20.0).ceil() as usize + 1
}

#[tokio::test]
async fn a_flood_takes_no_more_than_its_routes_throttle_and_no_other_kind_of_request_is_turned_away() {
    for flood in Flood::ALL {
        let world = World::with(|options| {
            options.throttles = ["$connect", "$default", "ping"].map(|route| (route, SMALL)).into();
        })
        .await;
        let session = world.log_in("bystander").await;
        let mut bystander = world.connect(&session).await;
        bystander.is_quiet().await;
        let played = flood.play(&world, &mut bystander, ATTEMPTS).await;
        let let_in = ATTEMPTS - played.turned_away;
        let most = most(played.took);
        assert!(let_in <= most, "{flood:?} {let_in} of at most {most}: {played:?}");
        let of = |function: &str| played.invocations.get(function).copied().unwrap_or_default();
        // Those that `connect` itself refused, since their login had too many sockets, were let in by the throttle.
        for function in ["connect", "default"] {
            let most = if flood.function() == Some(function) { most } else { 1 };
            assert!(of(function) <= most, "{flood:?} {function} at most {most}: {played:?}");
        }
        // What the flood has used up is its own route's: whatever the flood is not is answered.
        if flood != Flood::Heartbeats {
            bystander.is_quiet().await;
        }
        if flood.function() != Some("default") {
            bystander.sync("bystander", &serde_json::Value::Null).await;
        }
        if flood.function() != Some("connect") {
            world.connect(&session).await;
        }
        assert!(!played.delays.is_empty());
        world.stop().await;
    }
}
