//! Conflicts, throttling and failures, which the real engine of the other tests cannot be made to answer.

use super::*;
use crate::{
    ChatterId, ConnectionId, Login, Topics,
    test_support::{SILENCE, dynamodb, dynamodb_as_shipped},
};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

fn cancelled(codes: [&str; 2]) -> (u16, String) {
    let reasons: Vec<_> = codes.iter().map(|code| json!({"Code": code, "Message": "…"})).collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    (
        400,
        json!({"__type": kind, "Message": "…", "CancellationReasons": reasons}).to_string(),
    )
}

fn failed(kind: &str) -> (u16, String) {
    (
        400,
        json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "…"}).to_string(),
    )
}

/// The operation of a request with this body.
fn operation(body: &str) -> &'static str {
    let marks = [
        ("\"TransactItems\"", "TransactWriteItems"),
        ("\"COUNT\"", "Query"),
        ("\"ReturnValues\"", "DeleteItem"),
    ];
    let found = marks.iter().find(|(mark, _)| body.contains(mark));
    found.map_or("GetItem", |(_, operation)| operation)
}

fn no_sockets() -> (u16, String) {
    (200, json!({"Count": 0, "ScannedCount": 0}).to_string())
}

/// Answers the first tries of the transaction with `first` and all others with `then`; says how many tries there were. The SDK
/// makes none of its own. The login has no sockets.
async fn admit(first: Vec<(u16, String)>, then: (u16, String)) -> (Result<Verdict, StoreError>, usize) {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let wire = move |_: &str, body: &str| {
        if operation(body) == "Query" {
            return no_sockets();
        }
        first.get(count.fetch_add(1, Relaxed)).unwrap_or(&then).clone()
    };
    let admitted = Admission::new(dynamodb(wire), "chatters", "connections", 20)
        .admit(&connection())
        .await;
    (admitted, tries.load(Relaxed))
}

fn connection() -> Connection {
    Connection {
        login: Login::parse("friendless").unwrap(),
        id: ConnectionId::new("L0SM9cOFvHcCIhw="),
        connected_at: Timestamp::now(),
        topics: Topics::All,
        chatter_hash: ChatterId::random().hash(),
    }
}

#[tokio::test(start_paused = true)]
async fn conflicts_are_tried_again() {
    for passing in [
        cancelled(["None", "TransactionConflict"]),
        cancelled(["TransactionConflict", "None"]),
        failed("TransactionInProgressException"),
    ] {
        let (admitted, tries) = admit(vec![passing.clone(); 3], (200, "{}".to_owned())).await;
        assert_eq!((admitted, tries), (Ok(Verdict::Admitted), 4), "{passing:?}");
        let (given_up, tries) = admit(vec![], passing).await;
        assert!(given_up.is_err_and(|error| error.is_throttling()) && tries > 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_is_a_refusal_whatever_else_went_wrong() {
    for codes in [
        ["ConditionalCheckFailed", "None"],
        ["ConditionalCheckFailed", "TransactionConflict"],
    ] {
        assert_eq!(
            admit(vec![], cancelled(codes)).await,
            (Ok(Verdict::Refused(Refusal::Unknown)), 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn any_other_failure_of_the_transaction_is_an_error_and_no_refusal() {
    for (answer, code) in [
        (cancelled(["ValidationError", "None"]), "TransactionCanceledException"),
        (failed("ResourceNotFoundException"), "ResourceNotFoundException"),
        (failed("AccessDeniedException"), "AccessDeniedException"),
        ((500, "<html>".to_owned()), "the response could not be read"),
    ] {
        let (admitted, tries) = admit(vec![], answer).await;
        let Err(StoreError::Failed { operation, code: said }) = admitted else {
            panic!("{admitted:?}")
        };
        assert_eq!((operation, tries), ("TransactWriteItems", 1));
        assert!(said == code || code.starts_with("the response"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_throttles_is_asked_at_most_three_times_for_a_handshake() {
    for throttled in [
        cancelled(["ThrottlingError", "None"]),
        cancelled(["ThrottlingError", "TransactionConflict"]),
        cancelled(["None", "ProvisionedThroughputExceeded"]),
        failed("ThrottlingException"),
        failed("ProvisionedThroughputExceededException"),
        failed("RequestLimitExceeded"),
        (500, "{}".to_owned()),
    ] {
        let tries = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&tries), throttled.clone());
        let wire = move |_: &str, _: &str| {
            count.fetch_add(1, Relaxed);
            answer.clone()
        };
        let admission = Admission::new(dynamodb_as_shipped(wire), "chatters", "connections", 20);
        for refused in [None, Some(Instant::now())] {
            *lock(&admission.refused) = refused;
            tries.store(0, Relaxed);
            let error = admission.admit(&connection()).await.unwrap_err();
            // A read is never answered as a transaction is.
            let is_throttling = throttled.0 == 400 && (refused.is_none() || !throttled.1.contains("Reasons"));
            assert_eq!(error.is_throttling(), is_throttling, "{throttled:?}: {error}");
            assert!((1..=3).contains(&tries.load(Relaxed)), "{throttled:?}");
        }
    }
}

/// What the tables of [`tables`] answer.
#[derive(Clone)]
struct Answers {
    /// To a read of the chatter.
    item: &'static str,
    /// Whether the transaction finds the chatter good.
    is_known: bool,
    /// To a count of the login's sockets.
    count: (u16, String),
}

/// Requests: each operation and its body.
type Asked = Mutex<Vec<(&'static str, String)>>;

/// Tables that answer so, and the requests that they got.
fn tables(answers: Answers) -> (Admission, Arc<Asked>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    let wire = move |_: &str, body: &str| {
        let operation = operation(body);
        lock(&notes).push((operation, body.to_owned()));
        match operation {
            "GetItem" => (200, answers.item.to_owned()),
            "Query" => answers.count.clone(),
            "TransactWriteItems" if !answers.is_known => cancelled(["ConditionalCheckFailed", "None"]),
            _ => (200, "{}".to_owned()),
        }
    };
    (Admission::new(dynamodb(wire), "chatters", "connections", 20), asked)
}

/// The operations since it was asked last.
fn operations(asked: &Asked) -> Vec<&'static str> {
    lock(asked).drain(..).map(|(operation, _)| operation).collect()
}

/// The chatter of these tables, good for another minute.
fn good() -> &'static str {
    let expires_at = (Timestamp::now().seconds() + 60).to_string();
    json!({"Item": {"expires_at": {"N": expires_at}}}).to_string().leak()
}

#[tokio::test]
async fn warming_up_is_a_transaction_that_writes_nothing() {
    let (admission, asked) = tables(Answers {
        item: "{}",
        is_known: false,
        count: no_sockets(),
    });
    admission.warm_up().await;
    let asked = lock(&asked);
    let [("TransactWriteItems", body)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert!(body.contains("ConditionCheck") && !body.contains("\"Put\""), "{body}");
}

#[tokio::test(start_paused = true)]
async fn within_a_minute_of_a_refusal_a_chatter_is_read_before_anything_is_written() {
    let refused = Ok(Verdict::Refused(Refusal::Unknown));
    let (admission, asked) = tables(Answers {
        item: "{}",
        is_known: false,
        count: no_sockets(),
    });
    assert_eq!(admission.admit(&connection()).await, refused);
    assert_eq!(operations(&asked), ["TransactWriteItems", "Query"], "side by side");
    for _ in 0..2 {
        assert_eq!(admission.admit(&connection()).await, refused);
        assert_eq!(operations(&asked), ["GetItem"]);
    }
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(admission.admit(&connection()).await, refused);
    assert_eq!(operations(&asked), ["TransactWriteItems", "Query"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_read_finds_good_is_decided_by_the_transaction() {
    const FAR: &str = r#"{"Item":{"expires_at":{"N":"9000000000"}}}"#;
    let expired = json!({"Item": {"expires_at": {"N": Timestamp::now().seconds().to_string()}}}).to_string();
    for (item, is_known, verdict, number) in [
        (good(), true, Verdict::Admitted, 3),
        (good(), false, Verdict::Refused(Refusal::Unknown), 3),
        (expired.leak(), true, Verdict::Refused(Refusal::Expired), 1),
        (FAR, true, Verdict::Refused(Refusal::BadExpiry), 1),
        (
            r#"{"Item":{"expires_at":{"S":"soon"}}}"#,
            true,
            Verdict::Refused(Refusal::BadExpiry),
            1,
        ),
    ] {
        let (admission, asked) = tables(Answers {
            item,
            is_known,
            count: no_sockets(),
        });
        *lock(&admission.refused) = Some(Instant::now());
        assert_eq!(admission.admit(&connection()).await, Ok(verdict), "{item}");
        let read = ["GetItem", "Query", "TransactWriteItems"];
        assert_eq!(operations(&asked), read[..number], "{item}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_too_many_is_stored_and_taken_back_once_and_then_not_even_stored() {
    let (admission, asked) = tables(Answers {
        item: good(),
        is_known: true,
        count: (200, json!({"Count": 100, "ScannedCount": 100}).to_string()),
    });
    let refused = Ok(Verdict::Refused(Refusal::TooManySockets));
    assert_eq!(admission.admit(&connection()).await, refused);
    let count: serde_json::Value = serde_json::from_str(&lock(&asked)[1].1).unwrap();
    assert_eq!((&count["Select"], &count["Limit"]), (&json!("COUNT"), &json!(100)));
    assert_ne!(count["ConsistentRead"], true, "half the price is near enough");
    assert_eq!(operations(&asked), ["TransactWriteItems", "Query", "DeleteItem"]);
    assert_eq!(admission.admit(&connection()).await, refused);
    assert_eq!(operations(&asked), ["GetItem", "Query"]);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_not_refused_because_its_logins_sockets_cannot_be_counted() {
    let full = || json!({"Count": 100, "ScannedCount": 100}).to_string();
    for count in [
        failed("ProvisionedThroughputExceededException"),
        failed("AccessDeniedException"),
        (500, full()),
        (200, "<html>".to_owned()),
        (SILENCE, full()),
        (200, json!({"Count": 99, "ScannedCount": 99}).to_string()),
    ] {
        let (admission, asked) = tables(Answers {
            item: good(),
            is_known: true,
            count: count.clone(),
        });
        for refused in [None, Some(Instant::now())] {
            *lock(&admission.refused) = refused;
            let start = Instant::now();
            assert_eq!(admission.admit(&connection()).await, Ok(Verdict::Admitted), "{count:?}");
            assert!(start.elapsed() <= Duration::from_millis(500), "{count:?}");
            assert!(!operations(&asked).contains(&"DeleteItem"));
        }
    }
}
