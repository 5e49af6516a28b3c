//! Admission: who gets a socket.

use crate::store::{CAP, HOUR, connection, login, store};
use aws_sdk_dynamodb::types::AttributeValue;
use chatterbox_core::{Admission, ChatterId, Chatters, ConnectionId, Refusal, Timestamp, Verdict};
use std::time::Duration;

#[tokio::test]
async fn the_right_chatter_id_is_admitted_and_its_connection_is_stored() {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    let connection = connection("friendless", "A=", id.hash());
    assert_eq!(store.admission.admit(&connection).await, Ok(Verdict::Admitted));
    assert_eq!(
        store.connections.of(&login("friendless")).await.unwrap(),
        std::slice::from_ref(&connection)
    );
    assert_eq!(
        store.connections.find(&login("friendless"), &connection.id).await,
        Ok(Some(connection.clone()))
    );
    assert_eq!(
        store.connections.login_of(&connection.id).await,
        Ok(Some(login("friendless")))
    );
    assert_eq!(store.connections.find(&login("other"), &connection.id).await, Ok(None));
}

#[tokio::test]
async fn every_wrong_chatter_id_is_refused_and_nothing_stored() {
    let store = store().await;
    let (friendless, other) = (login("friendless"), login("other"));
    let id = store.chatters.issue(&friendless, HOUR).await.unwrap();
    let others = store.chatters.issue(&other, HOUR).await.unwrap();
    let expired = store.chatters.issue(&friendless, Duration::ZERO).await.unwrap();
    for (name, hash, refusal) in [
        ("nobody", id.hash(), Refusal::Unknown),
        ("Friendless", id.hash(), Refusal::Unknown),
        ("friendless", ChatterId::random().hash(), Refusal::Unknown),
        ("friendless", others.hash(), Refusal::Unknown),
        ("friendless", expired.hash(), Refusal::Expired),
    ] {
        assert_eq!(
            store.admission.admit(&connection(name, "A=", hash)).await,
            Ok(Verdict::Refused(refusal)),
            "{name}"
        );
        assert_eq!(store.connections.of(&login(name)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn an_expiry_out_of_range_opens_nothing_and_is_refused_as_bad_expiry_rather_than_expired() {
    let store = store().await;
    let now = Timestamp::now().seconds();
    let number = |number: i64| AttributeValue::N(number.to_string());
    let ten_years = Chatters::LONGEST_LIFE.as_secs().cast_signed();
    for (n, (expires_at, admitted)) in [
        (number(now + 3_600), Verdict::Admitted),
        (number(now + ten_years), Verdict::Admitted),
        (number(now), Verdict::Refused(Refusal::Expired)),
        (number(0), Verdict::Refused(Refusal::Expired)),
        // As Python writes time.time() + 3600.
        (
            AttributeValue::N(format!("{}.25", now - 1)),
            Verdict::Refused(Refusal::Expired),
        ),
        (AttributeValue::N(format!("{}.25", now + 3_600)), Verdict::Admitted),
        // An hour ago, and an hour ahead, in milliseconds; an hour ahead in microseconds; in ten years and two days.
        (number((now - 3_600) * 1_000), Verdict::Refused(Refusal::BadExpiry)),
        (number((now + 3_600) * 1_000), Verdict::Refused(Refusal::BadExpiry)),
        (number((now + 3_600) * 1_000_000), Verdict::Refused(Refusal::BadExpiry)),
        (
            number(now + ten_years + 2 * 86_400),
            Verdict::Refused(Refusal::BadExpiry),
        ),
        (
            AttributeValue::S((now + 3_600).to_string()),
            Verdict::Refused(Refusal::BadExpiry),
        ),
        (AttributeValue::Null(true), Verdict::Refused(Refusal::BadExpiry)),
        (AttributeValue::Bool(true), Verdict::Refused(Refusal::BadExpiry)),
        (
            AttributeValue::N("1e30".to_owned()),
            Verdict::Refused(Refusal::BadExpiry),
        ),
        (
            AttributeValue::N("1.5e30".to_owned()),
            Verdict::Refused(Refusal::BadExpiry),
        ),
        (number(-1), Verdict::Refused(Refusal::BadExpiry)),
        (
            AttributeValue::N("-1e30".to_owned()),
            Verdict::Refused(Refusal::BadExpiry),
        ),
        (AttributeValue::N("0.5".to_owned()), Verdict::Refused(Refusal::Expired)),
    ]
    .into_iter()
    .enumerate()
    {
        let hash = ChatterId::random().hash();
        let put = store.client.put_item().table_name("chatters");
        put.item("login", AttributeValue::S("a".to_owned()))
            .item("chatter_hash", AttributeValue::S(hash.as_str().to_owned()))
            .item("expires_at", expires_at.clone())
            .send()
            .await
            .unwrap();
        let connection = connection("a", &format!("{n}="), hash);
        assert_eq!(store.admission.admit(&connection).await, Ok(admitted), "{expires_at:?}");
        assert_eq!(
            store
                .connections
                .find(&login("a"), &connection.id)
                .await
                .unwrap()
                .is_some(),
            admitted == Verdict::Admitted
        );
    }
}

#[tokio::test]
async fn a_forgotten_chatter_id_opens_nothing() {
    let store = store().await;
    let friendless = login("friendless");
    let [kept, gone] = [
        store.chatters.issue(&friendless, HOUR).await.unwrap(),
        store.chatters.issue(&friendless, HOUR).await.unwrap(),
    ];
    store.chatters.forget(&friendless, &gone.hash()).await.unwrap();
    assert_eq!(store.chatters.of(&friendless).await.unwrap(), [kept.hash()]);
    assert_eq!(
        store
            .admission
            .admit(&connection("friendless", "A=", gone.hash()))
            .await,
        Ok(Verdict::Refused(Refusal::Unknown))
    );
    assert_eq!(
        store
            .admission
            .admit(&connection("friendless", "A=", kept.hash()))
            .await,
        Ok(Verdict::Admitted)
    );
}

#[tokio::test]
async fn a_login_with_five_times_the_cap_gets_no_further_socket_until_some_have_ended_or_expired() {
    let store = store().await;
    let id = store.chatters.issue(&login("a"), HOUR).await.unwrap();
    let most = CAP * Admission::TIMES_THE_CAP;
    let now = Timestamp::now().seconds();
    let put = async |name: &str, n: usize, expires_at: i64| {
        let number = |number: i64| AttributeValue::N(number.to_string());
        let put = store.client.put_item().table_name("connections");
        let put = put.item("login", AttributeValue::S(name.to_owned()));
        put.item("connection_id", AttributeValue::S(format!("{n}=")))
            .item("connected_at", number((now - 60) * 1_000))
            .item("expires_at", number(expires_at))
            .item("chatter_hash", AttributeValue::S(id.hash().as_str().to_owned()))
            .send()
            .await
            .unwrap();
    };
    // Those of another login, and those that DynamoDB has not deleted yet, do not count.
    for n in 0..3 * most {
        put("b", n, now + 600).await;
        put("a", n, now).await;
    }
    let try_another = async |id: &str, chatter: &ChatterId| {
        let connection = connection("a", id, chatter.hash());
        let verdict = store.admission.admit(&connection).await.unwrap();
        let is_stored = store
            .connections
            .find(&login("a"), &connection.id)
            .await
            .unwrap()
            .is_some();
        (verdict, is_stored)
    };
    assert_eq!(try_another("A=", &id).await, (Verdict::Admitted, true));
    for n in 0..most {
        put("a", n, now + 600).await;
    }
    // In calm, and after that refusal.
    for another in ["B=", "C="] {
        let refused = Verdict::Refused(Refusal::TooManySockets);
        assert_eq!(try_another(another, &id).await, (refused, false));
    }
    for n in 0..2 {
        store
            .connections
            .forget(&login("a"), &ConnectionId::new(format!("{n}=")))
            .await
            .unwrap();
    }
    assert_eq!(try_another("D=", &id).await, (Verdict::Admitted, true));
}

#[tokio::test]
async fn the_table_holds_a_hash_and_no_chatter_id() {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    let items = store
        .client
        .scan()
        .table_name("chatters")
        .send()
        .await
        .unwrap()
        .items
        .unwrap();
    let mut names: Vec<&str> = items[0].keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["chatter_hash", "expires_at", "issued_at", "login"]);
    assert_eq!(
        items[0]["chatter_hash"],
        AttributeValue::S(id.hash().as_str().to_owned())
    );
    assert!(!format!("{items:?}").contains(&id.reveal()));
}
