//! What revoke asks of the tables and of API Gateway, in which order, over a wire that plays both.

use super::*;
use crate::{
    Chatters, Connections,
    lock::lock,
    test_support::{dynamodb, poster},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

/// A socket that does not read: API Gateway takes no post to it.
const DEAF: &str = "DEAF";

/// The tables and the sockets, and every call in its order.
#[derive(Debug, Default)]
struct World {
    /// Hashes in `chatters`.
    chatters: Vec<String>,
    /// Rows of `connections`: login, connection ID, hash.
    rows: Vec<(String, String, String)>,
    /// Logins for which DynamoDB fails.
    broken: Vec<String>,
    calls: Vec<String>,
    /// The hash that is put again, with a socket, once this many calls were made.
    comes_back: Option<(usize, String)>,
}

type Shared = Arc<Mutex<World>>;

impl World {
    fn dynamodb(&mut self, body: &str) -> (u16, String) {
        let request: Value = serde_json::from_str(body).unwrap();
        let text = |value: &Value| value["S"].as_str().unwrap().to_owned();
        if let Some(values) = request.get("ExpressionAttributeValues") {
            let login = text(&values[":login"]);
            self.call(format!("query {login}"));
            if self.broken.contains(&login) {
                return (500, String::new());
            }
            let rows = self.rows.iter().filter(|(of, ..)| *of == login);
            return (200, json!({"Items": rows.map(row).collect::<Vec<_>>()}).to_string());
        }
        let key = &request["Key"];
        match key.get("chatter_hash") {
            Some(hash) => {
                self.call("get".to_owned());
                let item = self.chatters.contains(&text(hash)).then(|| key.clone());
                (200, json!({"Item": item}).to_string())
            }
            None => {
                let id = text(&key["connection_id"]);
                self.call(format!("forget {id}"));
                self.rows.retain(|(_, own, _)| *own != id);
                (200, "{}".to_owned())
            }
        }
    }

    fn call(&mut self, call: String) {
        self.calls.push(call);
        if let Some((_, hash)) = self.comes_back.take_if(|(calls, _)| *calls == self.calls.len()) {
            self.chatters.push(hash.clone());
            self.rows.push(("friendless".to_owned(), "NEW".to_owned(), hash));
        }
    }
}

fn row((login, id, hash): &(String, String, String)) -> Value {
    json!({
        "login": {"S": login}, "connection_id": {"S": id}, "chatter_hash": {"S": hash},
        "connected_at": {"N": "1763900000123"}, "expires_at": {"N": "99999999999"},
    })
}

fn revoker(world: &Shared) -> Revoker {
    let (tables, sockets) = (Arc::clone(world), Arc::clone(world));
    let client = dynamodb(move |_: &str, body: &str| lock(&tables).dynamodb(body));
    let poster = poster(move |path: &str, body: &str| {
        let (_, id) = path.rsplit_once('/').unwrap();
        let what = if body.is_empty() {
            "close"
        } else {
            assert_eq!(body, r#"{"type":"closing","reason":"revoked","retry":false}"#);
            "tell"
        };
        lock(&sockets).call(format!("{what} {id}"));
        (if (what, id) == ("tell", DEAF) { 429 } else { 204 }, String::new())
    });
    Revoker {
        revocation: Revocation {
            chatters: Chatters::new(client.clone(), "chatters"),
            connections: Connections::new(client, "connections"),
            poster,
        },
    }
}

/// A world where each of these sockets (login, connection ID, hash) is open.
fn world(sockets: &[(&str, &str, &str)]) -> Shared {
    let rows = sockets
        .iter()
        .map(|(login, id, hash)| ((*login).to_owned(), (*id).to_owned(), (*hash).to_owned()));
    Arc::new(Mutex::new(World {
        rows: rows.collect(),
        ..World::default()
    }))
}

/// The payload for deletions of these chatter IDs (login, hash), with the sequence numbers 0, 1, ...
fn deletions(chatters: &[(&str, &str)]) -> Box<RawValue> {
    let record = |(n, (login, hash)): (usize, &(&str, &str))| {
        json!({"eventName": "REMOVE", "eventSource": "aws:dynamodb", "dynamodb": {
            "SequenceNumber": n.to_string(), "Keys": {"login": {"S": login}, "chatter_hash": {"S": hash}},
        }})
    };
    let records: Vec<Value> = chatters.iter().enumerate().map(record).collect();
    RawValue::from_string(json!({"Records": records}).to_string()).unwrap()
}

const MINUTE: Duration = Duration::from_secs(60);

async fn revoke(world: &Shared, chatters: &[(&str, &str)]) -> Revoked {
    revoker(world).revoke(&deletions(chatters), MINUTE).await.unwrap()
}

fn calls(world: &Shared) -> Vec<String> {
    std::mem::take(&mut lock(world).calls)
}

/// The sequence number that Lambda is told to go back to.
fn failure(revoked: &Revoked) -> Option<&str> {
    let Answer::Partial { batch_item_failures } = &revoked.answer else {
        panic!("{:?}", revoked.answer);
    };
    batch_item_failures
        .first()
        .map(|failure| failure.item_identifier.as_str())
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_does_not_read_holds_up_no_other() {
    let world = world(&[("friendless", DEAF, "hash"), ("friendless", "B", "hash")]);
    assert_eq!(revoke(&world, &[("friendless", "hash")]).await.sockets, 2);
    let calls = calls(&world);
    let last_try = calls.iter().rposition(|call| *call == format!("tell {DEAF}"));
    let closed = calls.iter().position(|call| call == "close B");
    assert!(closed.is_some() && closed < last_try, "{calls:?}");
    assert!(calls.contains(&format!("close {DEAF}")), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_chatter_id_without_sockets_is_one_query() {
    let world = world(&[("friendless", "A", "another hash")]);
    let start = Instant::now();
    let revoked = revoke(&world, &[("friendless", "hash")]).await;
    assert_eq!((revoked.chatters, revoked.sockets, failure(&revoked)), (1, 0, None));
    assert_eq!(
        (calls(&world), start.elapsed()),
        (vec!["query friendless".to_owned()], Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn its_sockets_are_told_forgotten_and_closed_and_the_same_again_a_second_later() {
    let world = world(&[("friendless", "A", "hash"), ("friendless", "B", "another hash")]);
    let start = Instant::now();
    let revoked = revoke(&world, &[("friendless", "hash")]).await;
    assert_eq!((revoked.sockets, failure(&revoked)), (1, None));
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    let expected = [
        "query friendless",
        "get",
        "tell A",
        "forget A",
        "close A",
        "close A",
        "query friendless",
    ];
    assert_eq!(calls(&world), expected);
    assert_eq!(lock(&world).rows.len(), 1, "the other socket's row stays");
    let again = revoke(&world, &[("friendless", "hash")]).await;
    assert_eq!(
        (again.sockets, calls(&world)),
        (0, vec!["query friendless".to_owned()]),
        "delivered again"
    );
}

#[tokio::test(start_paused = true)]
async fn sockets_of_a_chatter_id_that_was_put_again_stay_open() {
    let world = world(&[("friendless", "A", "hash"), ("friendless", "B", "gone")]);
    lock(&world).chatters.push("hash".to_owned());
    let revoked = revoke(&world, &[("friendless", "hash"), ("friendless", "gone")]).await;
    assert_eq!(revoked.sockets, 1);
    let rows = lock(&world).rows.clone();
    assert_eq!(rows, [("friendless".to_owned(), "A".to_owned(), "hash".to_owned())]);
    assert!(!calls(&world).iter().any(|call| call.ends_with('A')));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_opened_between_the_sweeps_by_a_chatter_id_that_was_put_again_stays_open() {
    let world = world(&[("friendless", "A", "hash")]);
    lock(&world).comes_back = Some((5, "hash".to_owned()));
    assert_eq!(revoke(&world, &[("friendless", "hash")]).await.sockets, 1);
    assert!(!calls(&world).iter().any(|call| call.ends_with("NEW")));
}

#[tokio::test(start_paused = true)]
async fn a_failed_login_is_told_to_lambda_by_its_first_record_and_the_others_are_served() {
    let world = world(&[("friendless", "A", "hash"), ("penguin", "B", "hash")]);
    lock(&world).broken.push("penguin".to_owned());
    let records = [
        ("friendless", "hash"),
        ("penguin", "hash"),
        ("penguin", "other"),
        ("nobody", "hash"),
    ];
    let revoked = revoke(&world, &records).await;
    assert_eq!((revoked.chatters, revoked.sockets, revoked.failed), (4, 1, 2));
    assert_eq!(failure(&revoked), Some("1"));
    assert!(revoked.error.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_no_deletion_is_counted_and_otherwise_ignored() {
    let mut payload: Value = serde_json::from_str(deletions(&[("friendless", "hash"); 5]).get()).unwrap();
    for n in [0, 2, 3] {
        payload["Records"][n]["eventName"] = json!("INSERT");
    }
    let payload = RawValue::from_string(payload.to_string()).unwrap();
    let revoked = revoker(&world(&[])).revoke(&payload, MINUTE).await.unwrap();
    assert_eq!(
        (revoked.chatters, revoked.ignored_records, failure(&revoked)),
        (2, 3, None)
    );
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_time_for_is_delivered_again() {
    let world = world(&[("friendless", "A", "hash")]);
    let payload = deletions(&[("nobody", "hash"), ("friendless", "hash")]);
    let revoked = revoker(&world)
        .revoke(&payload, Duration::from_millis(500))
        .await
        .unwrap();
    assert_eq!(
        (failure(&revoked), revoked.failed, &revoked.error),
        (Some("1"), 1, &None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_hundred_logins_take_a_few_seconds_and_not_a_hundred() {
    let logins: Vec<String> = (0..100).map(|n| format!("login {n}")).collect();
    let sockets: Vec<_> = logins
        .iter()
        .map(|login| (login.as_str(), login.as_str(), "hash"))
        .collect();
    let start = Instant::now();
    let chatters: Vec<_> = logins.iter().map(|login| (login.as_str(), "hash")).collect();
    assert_eq!(revoke(&world(&sockets), &chatters).await.sockets, 100);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
