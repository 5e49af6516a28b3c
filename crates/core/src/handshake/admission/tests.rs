//! Conflicts, throttling and failures, which the real engine of the other tests cannot be made to answer.

use super::*;
use crate::{
    ChatterId, ConnectionId, Login, Topics,
    test_support::{dynamodb, dynamodb_as_shipped},
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

/// Answers the first tries with `first` and all others with `then`; says how many tries there were. The SDK makes none of its
/// own.
async fn admit(first: Vec<(u16, String)>, then: (u16, String)) -> (Result<Verdict, StoreError>, usize) {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let wire = move |_: &str, _: &str| first.get(count.fetch_add(1, Relaxed)).unwrap_or(&then).clone();
    let admitted = Admission::new(dynamodb(wire), "chatters", "connections")
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
        let admission = Admission::new(dynamodb_as_shipped(wire), "chatters", "connections");
        let error = admission.admit(&connection()).await.unwrap_err();
        assert_eq!(error.is_throttling(), throttled.0 == 400, "{throttled:?}: {error}");
        assert!((1..=3).contains(&tries.load(Relaxed)), "{throttled:?}");
    }
}

/// Answers reads of the chatter with this item, and transactions as a table does that knows the chatter if `is_known`; notes the
/// operations.
fn tables(item: &'static str, is_known: bool) -> (Admission, Arc<Mutex<Vec<&'static str>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    let wire = move |_: &str, body: &str| {
        let is_transaction = body.contains("TransactItems");
        lock(&notes).push(if is_transaction {
            "TransactWriteItems"
        } else {
            "GetItem"
        });
        match is_transaction {
            false => (200, item.to_owned()),
            _ if is_known => (200, "{}".to_owned()),
            _ => cancelled(["ConditionalCheckFailed", "None"]),
        }
    };
    (Admission::new(dynamodb(wire), "chatters", "connections"), asked)
}

#[tokio::test(start_paused = true)]
async fn within_a_minute_of_a_refusal_a_chatter_is_read_before_anything_is_written() {
    let refused = Ok(Verdict::Refused(Refusal::Unknown));
    let (admission, asked) = tables("{}", false);
    for _ in 0..3 {
        assert_eq!(admission.admit(&connection()).await, refused);
    }
    assert_eq!(*lock(&asked), ["TransactWriteItems", "GetItem", "GetItem"]);
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(admission.admit(&connection()).await, refused);
    assert_eq!(lock(&asked)[3], "TransactWriteItems", "in calm it takes one round trip");
}

#[tokio::test(start_paused = true)]
async fn what_the_read_finds_good_is_decided_by_the_transaction() {
    const GOOD: &str = r#"{"Item":{"expires_at":{"N":"9000000000"}}}"#;
    let now = Timestamp::now().seconds();
    let good: &'static str = GOOD.replace("9000000000", &(now + 60).to_string()).leak();
    let expired: &'static str = GOOD.replace("9000000000", &now.to_string()).leak();
    for (item, is_known, verdict, operations) in [
        (good, true, Verdict::Admitted, 3),
        (good, false, Verdict::Refused(Refusal::Unknown), 3),
        (expired, true, Verdict::Refused(Refusal::Expired), 2),
        (GOOD, true, Verdict::Refused(Refusal::BadExpiry), 2),
        (
            r#"{"Item":{"expires_at":{"S":"soon"}}}"#,
            true,
            Verdict::Refused(Refusal::BadExpiry),
            2,
        ),
    ] {
        let (admission, asked) = tables(item, is_known);
        *lock(&admission.refused) = Some(Instant::now());
        lock(&asked).push("before");
        assert_eq!(admission.admit(&connection()).await, Ok(verdict), "{item}");
        assert_eq!(lock(&asked).len(), operations, "{item}");
    }
}
