//! API Gateway's limits on a socket's life, shortened for the tests.

use e2e::{World, eventually};
use std::time::Duration;

#[tokio::test]
async fn an_idle_socket_is_closed_and_its_row_is_deleted() {
    let world = World::with(|options| options.limits.idle = Duration::from_millis(300)).await;
    let session = world.log_in("friendless").await;
    let socket = world.connect(&session).await;
    assert_eq!(socket.end().await, Some((1001, "Going away".to_owned())));
    eventually(0, async || world.rows_of("friendless").await.len()).await;
    world.stop().await;
}

#[tokio::test]
async fn a_socket_at_the_end_of_its_life_is_closed_even_if_it_is_busy() {
    let world = World::with(|options| options.limits.life = Duration::from_millis(600)).await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    for _ in 0..5 {
        socket.is_quiet().await;
    }
    assert_eq!(socket.end().await.map(|(code, _)| code), Some(1001));
    world.stop().await;
}
