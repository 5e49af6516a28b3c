use super::*;
use crate::test_support::{Log, dynamodb, poster, sqs};
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

/// What notify meets.
#[derive(Clone, Copy, Debug)]
struct Surroundings {
    /// How DynamoDB answers a write of an update: a status, and the error's type.
    write: (u16, &'static str),
    /// How API Gateway answers posts.
    post: u16,
    /// How SQS answers; `None` if there is no queue.
    queue: Option<u16>,
    /// The number of the event's attempt.
    attempt: u32,
    /// The time until the function's deadline.
    time: Duration,
}

const FINE: Surroundings = Surroundings {
    write: (200, ""),
    post: 200,
    queue: Some(200),
    attempt: 1,
    time: Duration::from_secs(60),
};

/// The login has one socket. Returns how often SQS was asked, besides what notify says.
async fn notify(surroundings: Surroundings, event: serde_json::Value) -> (Notified, usize) {
    let Surroundings {
        write,
        post,
        queue,
        time,
        ..
    } = surroundings;
    let client = dynamodb(move |_, body| {
        if body.contains("UpdateExpression") {
            return (write.0, json!({"__type": write.1}).to_string());
        }
        let row = json!({"login": {"S": "a"}, "connection_id": {"S": "A="}, "chatter_hash": {"S": "00"},
            "connected_at": {"N": "1"}, "expires_at": {"N": "99999999999"}});
        (200, json!({"Items": [row], "Count": 1}).to_string())
    });
    let asked = Arc::new(Mutex::new(0));
    let deferral = queue.map(|status| {
        let asked = Arc::clone(&asked);
        let client = sqs(move |_, _| {
            *asked.lock().unwrap() += 1;
            (status, r#"{"MessageId":"m"}"#.to_owned())
        });
        Deferral::new(client, "http://127.0.0.1/queue")
    });
    let notifier = Notifier {
        updates: Updates::new(client.clone(), "updates"),
        connections: Connections::new(client, "connections"),
        poster: poster(move |_, _| (post, String::new())),
        deferral,
        max_connections_per_login: 20,
    };
    let now = Timestamp::now();
    let invocation = Invocation {
        request_id: "request".to_owned(),
        received_at: now,
        deadline: now + time,
    };
    let event = RawValue::from_string(event.to_string()).unwrap();
    let notified = notifier.notify(&event, &invocation).await;
    let asked = *asked.lock().unwrap();
    (notified, asked)
}

#[tokio::test]
async fn a_traced_update_is_logged_step_by_step_with_its_id_and_its_sockets() {
    let log = Log::start();
    let (notified, _) = notify(FINE, json!({"login": "a", "id": "job-1", "trace": true})).await;
    assert_eq!(notified.ids, "job-1");
    let lines = log.lines();
    let steps: Vec<(&str, &serde_json::Value)> = lines
        .iter()
        .map(|line| (line["message"].as_str().unwrap(), &line["id"]))
        .collect();
    let id = json!("job-1");
    assert_eq!(
        steps,
        [
            ("trace: the event was read", &id),
            ("trace: the log of updates answered", &id),
            ("trace: the login's connections were read", &id),
            ("trace: a post was answered", &id),
        ]
    );
    assert_eq!((&lines[1]["outcome"], &lines[1]["version"]), (&json!("new"), &json!(1)));
    assert_eq!(lines[2]["connections"], 1);
    assert_eq!(
        (&lines[3]["connection_id"], &lines[3]["outcome"]),
        (&json!("A="), &json!("sent"))
    );
    assert!(lines[3]["milliseconds"].as_f64().unwrap() >= 0.0);

    notify(FINE, json!({"login": "a", "id": "job-2"})).await;
    assert_eq!(log.lines().len(), 0, "what is not traced has no line for each post");
}

#[tokio::test]
async fn the_ids_of_a_batch_are_told_up_to_ten() {
    let records: Vec<serde_json::Value> = (0..12)
        .map(|n| json!({"messageId": format!("m{n}"), "eventSource": "aws:sqs", "body": "{\"login\":\"a\"}"}))
        .collect();
    let (notified, _) = notify(FINE, json!({"Records": records})).await;
    assert_eq!(notified.ids, "m0,m1,m2,m3,m4,m5,m6,m7,m8,m9");
    let mistaken = notify(
        FINE,
        json!({"login": "a", "id": "3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b"}),
    )
    .await;
    assert_eq!(mistaken.0.ids, "#6227e0da4c941b");
}

#[tokio::test(start_paused = true)]
async fn a_login_is_deferred_if_something_was_busy_and_only_then_and_four_times_at_most() {
    let [slow, broken] = ["ThrottlingException", "ValidationException"].map(|error| (400, error));
    let no_time = Notifier::MARGIN;
    for (surroundings, word, deferred, asked) in [
        (FINE, "1", 0, 0),
        // The update is recorded, but a socket lacks it.
        (Surroundings { post: 429, ..FINE }, "1", 1, 1),
        (
            Surroundings {
                post: 429,
                attempt: 4,
                ..FINE
            },
            "1",
            1,
            1,
        ),
        (
            Surroundings {
                post: 429,
                attempt: 5,
                ..FINE
            },
            "1",
            0,
            0,
        ),
        (
            Surroundings {
                post: 429,
                attempt: 6,
                ..FINE
            },
            "1",
            0,
            0,
        ),
        (
            Surroundings {
                post: 429,
                queue: Some(403),
                ..FINE
            },
            "1",
            0,
            1,
        ),
        (
            Surroundings {
                post: 429,
                queue: None,
                ..FINE
            },
            "1",
            0,
            0,
        ),
        (Surroundings { post: 403, ..FINE }, "1", 0, 0),
        (Surroundings { write: slow, ..FINE }, "deferred", 1, 1),
        (
            Surroundings {
                write: slow,
                attempt: 5,
                ..FINE
            },
            "UpdateItem: ThrottlingException",
            0,
            0,
        ),
        (
            Surroundings {
                write: slow,
                queue: Some(403),
                ..FINE
            },
            "UpdateItem: ThrottlingException",
            0,
            1,
        ),
        (
            Surroundings { write: broken, ..FINE },
            "UpdateItem: ValidationException",
            0,
            0,
        ),
        (Surroundings { time: no_time, ..FINE }, "deferred", 1, 1),
        (
            Surroundings {
                time: no_time,
                queue: None,
                ..FINE
            },
            "out of time",
            0,
            0,
        ),
        (
            Surroundings {
                time: no_time,
                queue: Some(403),
                ..FINE
            },
            "out of time",
            0,
            1,
        ),
    ] {
        let event = json!({"login": "a", "attempt": surroundings.attempt});
        let (notified, was_asked) = notify(surroundings, event).await;
        let outcome = notified.report.logins.values().next().map(Outcome::word);
        assert_eq!(
            (outcome.as_deref(), notified.report.deferred, was_asked),
            (Some(word), deferred, asked),
            "{surroundings:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_events_is_counted_and_logged() {
    let log = Log::start();
    let record =
        |event: serde_json::Value| json!({"eventSource": "aws:sqs", "messageId": "m", "body": event.to_string()});
    let ahead = (Timestamp::now() + Duration::from_secs(3_600)).to_string();
    let events = [
        json!({"login": 1}),
        json!({"login": "a", "topic": "plays", "at": ahead}),
        json!({"login": "a"}),
        json!([{"login": "a", "at": "yesterday"}, {"login": "a", "body": 1}]),
        json!([{"login": ""}, {"users": []}]),
    ];
    let (notified, _) = notify(FINE, json!({"Records": events.map(record)})).await;
    assert_eq!((notified.bad_events, notified.clocks_ahead), (4, 1));
    let lines = log.lines();
    let of_field = |field: &str| {
        lines
            .iter()
            .filter(|line| line[field].is_number() || line[field].is_string())
            .count()
    };
    assert_eq!((of_field("record"), of_field("seconds")), (4, 1), "{lines:?}");
}
