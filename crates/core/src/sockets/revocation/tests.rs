use super::*;
use crate::{
    lock::lock,
    test_support::{dynamodb, poster},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

/// The tables and the sockets of one login.
#[derive(Debug, Default)]
struct World {
    /// The hashes in `chatters`.
    chatters: BTreeSet<String>,
    /// The connection ID and the hash of each row of `connections`.
    rows: BTreeSet<(String, String)>,
    /// The rows that are stored by handshakes that were let in just before, once the first sweep is over.
    late: BTreeSet<(String, String)>,
    sweeps: usize,
    /// The sockets that were closed, each as often as it was.
    closed: Vec<String>,
}

fn set(rows: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let owned = |(id, hash): &(&str, &str)| ((*id).to_owned(), (*hash).to_owned());
    rows.iter().map(owned).collect()
}

impl World {
    fn dynamodb(&mut self, body: &str) -> (u16, String) {
        let request: Value = serde_json::from_str(body).unwrap();
        let text = |value: &Value| value["S"].as_str().unwrap_or_default().to_owned();
        let of_chatters = request["TableName"] == "chatters";
        if request.get("KeyConditionExpression").is_some() {
            let items: Vec<Value> = if of_chatters {
                let item = |hash: &String| json!({"login": {"S": "a"}, "chatter_hash": {"S": hash}});
                self.chatters.iter().map(item).collect()
            } else {
                self.sweeps += 1;
                if self.sweeps == 2 {
                    self.rows.append(&mut self.late);
                }
                let item = |(id, hash): &(String, String)| {
                    json!({"login": {"S": "a"}, "connection_id": {"S": id}, "chatter_hash": {"S": hash},
                        "connected_at": {"N": "1"}, "expires_at": {"N": "99999999999"}})
                };
                self.rows.iter().map(item).collect()
            };
            return (200, json!({"Items": items}).to_string());
        }
        let (hash, id) = (
            text(&request["Key"]["chatter_hash"]),
            text(&request["Key"]["connection_id"]),
        );
        if request.get("ReturnValues").is_none() && request.get("ConsistentRead").is_some() {
            let item = self.chatters.contains(&hash).then(|| request["Key"].clone());
            return (200, json!({"Item": item}).to_string());
        }
        self.chatters.remove(&hash);
        self.rows.retain(|(own, _)| *own != id);
        (200, "{}".to_owned())
    }
}

fn revocation(world: &Arc<Mutex<World>>) -> Revocation {
    let (tables, sockets) = (Arc::clone(world), Arc::clone(world));
    let client = dynamodb(move |_: &str, body: &str| lock(&tables).dynamodb(body));
    let poster = poster(move |path: &str, body: &str| {
        if body.is_empty() {
            let (_, id) = path.rsplit_once('/').unwrap();
            lock(&sockets).closed.push(id.to_owned());
        }
        (200, String::new())
    });
    Revocation {
        chatters: Chatters::new(client.clone(), "chatters"),
        connections: Connections::new(client, "connections"),
        poster,
    }
}

/// A login with the chatter IDs x and y. x has two sockets, y one, and an old one has another. Each of x and y opens one more
/// between the two sweeps.
fn world() -> Arc<Mutex<World>> {
    Arc::new(Mutex::new(World {
        chatters: ["x", "y"].map(str::to_owned).into(),
        rows: set(&[("A", "x"), ("B", "x"), ("C", "y"), ("D", "old")]),
        late: set(&[("E", "x"), ("F", "y")]),
        ..World::default()
    }))
}

fn login() -> Login {
    Login::parse("a").unwrap()
}

fn hashes(texts: &[&str]) -> Vec<ChatterHash> {
    texts.iter().map(|text| ChatterHash::stored(text)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_revoked_chatter_id_has_no_item_and_its_sockets_are_closed_those_that_were_just_opening_too() {
    let world = world();
    let closed = revocation(&world).revoke(&login(), &hashes(&["x"])[0]).await;
    assert_eq!(closed, Ok(3));
    let world = lock(&world);
    assert_eq!(world.chatters, BTreeSet::from(["y".to_owned()]));
    assert_eq!(world.rows, set(&[("C", "y"), ("D", "old"), ("F", "y")]));
    assert_eq!(world.closed.iter().collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn every_chatter_id_of_a_login_is_revoked_at_once() {
    let world = world();
    assert_eq!(revocation(&world).revoke_all(&login()).await, Ok(5));
    let world = lock(&world);
    assert!(world.chatters.is_empty(), "{world:?}");
    assert_eq!(world.rows, set(&[("D", "old")]));
}

#[tokio::test(start_paused = true)]
async fn the_sockets_of_deleted_chatter_ids_are_counted_over_both_sweeps() {
    let world = world();
    lock(&world).chatters.clear();
    let closed = revocation(&world).close_deleted(&login(), &hashes(&["x", "y"])).await;
    assert_eq!(closed, Ok(5));
    assert_eq!(lock(&world).rows, set(&[("D", "old")]));
    assert_eq!(lock(&world).sweeps, 2);
}
