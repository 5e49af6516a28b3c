//! A browser and a testing tool are connected, one sends a message, and the browser is closed. Whose doing that was, and what to
//! do about it, `chatter listen` in the browser's place says, and `chatter explain` says the same.

use chatterbox_core::ConnectionId;
use e2e::{Link, Running, Way, World, chatter, eventually};
use serde_json::json;
use std::collections::BTreeMap;

/// Asserts that the browser was closed by this one, and that its code is explained in the same words.
async fn is_closed_by(browser: &mut Running, by: &str, code: u16) {
    let closed = browser.next("closed").await;
    assert_eq!(
        (&closed["code"], &closed["reason"]["by"]),
        (&json!(code), &json!(by)),
        "{closed}"
    );
    assert!(closed["text"].as_str().unwrap().contains(by), "{closed}");
    let text = format!("WebSocket closed: {code}");
    let explained = chatter(&["explain", &text], &BTreeMap::new()).await;
    assert_eq!(explained.one(), &json!([closed["reason"]]));
    assert!(closed["reason"]["do"].as_str().is_some_and(|remedy| !remedy.is_empty()));
}

/// Whether an update reaches the browser after all that.
async fn hears(world: &World, browser: &mut Running, id: &str) {
    browser.next("synced").await;
    world.notify(&json!({"login": "friendless", "id": id})).await;
    assert_eq!(browser.next("update").await["value"]["id"], id);
}

#[tokio::test]
async fn a_browser_that_answers_a_message_with_too_much_is_closed_by_itself() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let url = format!("{}?{}", world.local.socket_url(), session.query());
    let mut browser = world.start_chatter(&["listen", "--raw", &url]);
    let connecting = browser.next("connecting").await;
    assert!(!connecting.to_string().contains(&session.chatter_id), "{connecting}");
    browser.next("open").await;
    let mut tool = world.connect(&session).await;
    world.notify(&json!({"login": "friendless"})).await;
    tool.hear_a("stats-updated").await;
    browser.next("received").await;
    browser.type_line(&"x".repeat(33 * 1024)).await;
    is_closed_by(&mut browser, "page", 1009).await;
    tool.is_quiet().await;
    world.stop().await;
}

#[tokio::test]
async fn a_browser_whose_socket_a_function_closes_for_a_message_of_another_is_closed_by_the_server() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut browser = world.start_chatter(&["listen", "friendless"]);
    browser.next("synced").await;
    let rows = world.rows_of("friendless").await;
    let mut tool = world.connect(&session).await;
    tool.say("hello").await;
    assert_eq!(tool.hear().await["type"], "error");
    // What a function does that takes the one's connection ID for the other's.
    let poster = &world.local.revocation().poster;
    poster.close(&ConnectionId::new(rows[0].as_str())).await;
    is_closed_by(&mut browser, "server", 1000).await;
    hears(&world, &mut browser, "afterwards").await;
    tool.hear_a("stats-updated").await;
    world.stop().await;
}

#[tokio::test]
async fn a_browser_whose_connection_breaks_while_another_sends_is_closed_by_the_network() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let link = Link::to(&world.local.socket_url(), Way::Plain).await;
    let mut browser = world.start_chatter(&["listen", "friendless", "--url", &link.lead(&world.local.socket_url())]);
    browser.next("synced").await;
    let mut tool = world.connect(&session).await;
    tool.say("hello").await;
    tool.hear().await;
    link.cut();
    is_closed_by(&mut browser, "network", 1006).await;
    hears(&world, &mut browser, "afterwards").await;
    assert_eq!(tool.hear_a("stats-updated").await["id"], "afterwards");
    eventually(2, async || world.rows_of("friendless").await.len()).await;
    world.stop().await;
}
