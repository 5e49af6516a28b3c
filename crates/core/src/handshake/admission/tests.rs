//! Conflicts, throttling and failures, which the real engine of the other tests cannot be made to answer.

use super::*;
use crate::{ChatterId, ConnectionId, Login, Topics, test_support::dynamodb};
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

/// Answers the first tries with `first` and all others with `then`; says how many tries there were.
async fn admit(first: Vec<(u16, String)>, then: (u16, String)) -> (Result<Verdict, StoreError>, usize) {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let wire = move |_: &str, _: &str| first.get(count.fetch_add(1, Relaxed)).unwrap_or(&then).clone();
    let connection = Connection {
        login: Login::parse("friendless").unwrap(),
        id: ConnectionId::new("L0SM9cOFvHcCIhw="),
        connected_at: Timestamp::now(),
        topics: Topics::All,
        chatter_hash: ChatterId::random().hash(),
    };
    let admitted = Admission::new(dynamodb(wire), "chatters", "connections")
        .admit(&connection)
        .await;
    (admitted, tries.load(Relaxed))
}

#[tokio::test(start_paused = true)]
async fn conflicts_and_throttling_are_tried_again() {
    for passing in [
        cancelled(["None", "TransactionConflict"]),
        cancelled(["TransactionConflict", "None"]),
        cancelled(["ThrottlingError", "None"]),
        cancelled(["ProvisionedThroughputExceeded", "None"]),
        failed("TransactionInProgressException"),
        failed("ThrottlingException"),
    ] {
        let (admitted, tries) = admit(vec![passing.clone(); 3], (200, "{}".to_owned())).await;
        assert_eq!((admitted, tries), (Ok(Verdict::Admitted), 4), "{passing:?}");
        let (given_up, tries) = admit(vec![], passing).await;
        assert!(given_up.is_err() && tries > 5);
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
