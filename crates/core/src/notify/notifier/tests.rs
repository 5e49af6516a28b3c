use super::*;
use crate::test_support::{dynamodb, poster};
use serde_json::json;
use std::sync::{Arc, Mutex};

/// That no update is lost depends on this order: rules R1 and R2 in docs/protocol.md. Read before recorded, a socket that
/// opens in between would be told of the update neither by notify nor by its sync.
#[tokio::test]
async fn an_update_is_recorded_before_the_connections_are_read_and_posted_after() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let note = |asked: &Arc<Mutex<Vec<&'static str>>>, what| asked.lock().unwrap().push(what);
    let tables = Arc::clone(&asked);
    let client = dynamodb(move |_, body| {
        let request: serde_json::Value = serde_json::from_str(body).unwrap();
        if request["UpdateExpression"].is_string() {
            note(&tables, "record");
            return (200, "{}".to_owned());
        }
        note(&tables, "read");
        assert_eq!(
            request["ConsistentRead"], true,
            "the connections are read strongly consistently"
        );
        let now = Timestamp::now();
        let row = json!({"login": {"S": "a"}, "connection_id": {"S": "A="}, "chatter_hash": {"S": "00"},
            "connected_at": {"N": now.millis().to_string()}, "expires_at": {"N": (now.seconds() + 60).to_string()}});
        (200, json!({"Items": [row], "Count": 1}).to_string())
    });
    let posts = Arc::clone(&asked);
    let notifier = Notifier {
        updates: Updates::new(client.clone(), "updates"),
        connections: Connections::new(client, "connections"),
        poster: poster(move |_, _| {
            note(&posts, "post");
            (200, String::new())
        }),
        deferral: None,
        max_connections_per_login: 20,
    };
    let event = RawValue::from_string(r#"{"login":"a"}"#.to_owned()).unwrap();
    let now = Timestamp::now();
    let invocation = Invocation {
        request_id: "request".to_owned(),
        received_at: now,
        deadline: now + Duration::from_secs(60),
    };
    let notified = notifier.notify(&event, &invocation).await;
    assert_eq!(
        (notified.report.sent, notified.updates, notified.stale),
        (1, 1, 0),
        "{notified:?}"
    );
    assert_eq!(*asked.lock().unwrap(), ["record", "read", "post"]);
}
