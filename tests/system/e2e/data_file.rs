//! `chatter local --data`: the tables outlive the process.

use crate::local_process::{Running, dynamodb, post, signal, start};
use serde_json::json;

#[tokio::test]
async fn the_tables_in_a_data_file_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let arguments = ["--data", file.to_str().unwrap()];
    let event = json!({"login": "friendless", "id": "x"});
    for expected in [json!(1), json!("repeat")] {
        let mut running = start(&arguments).await;
        let notify = format!("{}2015-03-31/functions/notify/invocations", running.page);
        assert_eq!(post(&notify, &event).await["logins"]["friendless"], expected);
        signal("-TERM", &running.child).await;
        assert!(running.child.wait().await.unwrap().success());
    }
}

#[tokio::test]
async fn with_a_data_file_the_streams_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let arguments = ["--data", file.to_str().unwrap()];
    let version = json!({"TableName": "updates", "Key": {"login": {"S": "friendless"}}, "ConsistentRead": true});
    // Killed at once, so that the first event may be delivered by either. An event that is delivered again is no new version.
    for n in ["1", "2", "3"] {
        let mut running = start(&arguments).await;
        let event = json!({"login": "friendless", "body": n}).to_string();
        let item = json!({"id": {"S": n}, "event": {"S": event}});
        let put = json!({"TableName": "outbox", "Item": item});
        assert_eq!(dynamodb(&running, "PutItem", &put).await, json!({}));
        if n == "3" {
            e2e::eventually(json!("3"), async || {
                dynamodb(&running, "GetItem", &version).await["Item"]["version"]["N"].clone()
            })
            .await;
        }
        signal("-KILL", &running.child).await;
        running.child.wait().await.unwrap();
    }
}

#[tokio::test]
async fn a_data_file_is_free_again_after_the_process_that_used_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let arguments = ["--data", file.to_str().unwrap()];
    let mut first = start(&arguments).await;
    let event = json!({"login": "friendless", "id": "x"});
    let notify = |running: &Running| format!("{}2015-03-31/functions/notify/invocations", running.page);
    // A function's process may outlive its killed parent for a moment, and must not hold the parent's lock.
    assert_eq!(post(&notify(&first), &event).await["logins"]["friendless"], 1);
    first.child.kill().await.unwrap();
    let second = start(&arguments).await;
    assert_eq!(post(&notify(&second), &event).await["logins"]["friendless"], "repeat");
}
