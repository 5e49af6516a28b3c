//! The wire holds calls, and time passes only while the test waits.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on has failed the test")]

use serde_json::json;
use simulation::{Answer, Call, Clock, Engine, Functions, Held, Invocations, Outcome, Wire};
use std::time::Duration;

const LOGIN: &str = "friendless";

struct Bed {
    wire: Wire,
    clock: Clock,
    engine: Engine,
    functions: Functions,
    invocations: Invocations<Outcome>,
}

fn bed() -> Bed {
    let (wire, clock) = (Wire::new(), Clock::new());
    Bed {
        clock,
        engine: Engine::new(),
        functions: Functions::new(&wire, 20),
        invocations: Invocations::new(wire.clone(), clock),
        wire,
    }
}

impl Bed {
    /// Begins notify for an update, on a machine whose clock is this far ahead.
    fn notify(&mut self, skew: i64) -> usize {
        let event = json!({"login": LOGIN, "topic": "plays"});
        let notify = self.functions.notify("request".to_owned(), &event);
        self.invocations.start(skew, notify)
    }

    /// Lets so many milliseconds pass.
    async fn pass(&mut self, millis: i64) {
        let end = self.clock.millis() + millis;
        while self.clock.millis() < end {
            let left = Duration::from_millis((end - self.clock.millis()).unsigned_abs());
            self.invocations.wait(left).await;
            for invocation in self.invocations.ready() {
                assert!(self.invocations.run(invocation).is_none());
            }
        }
    }

    /// The one call that is held.
    fn held(&self) -> Held {
        let numbers = self.wire.find(|held| Some(held.number));
        assert_eq!(numbers.len(), 1, "{:?}", self.wire);
        self.wire.take(numbers[0]).unwrap()
    }

    /// Lets the one call through that is held.
    fn let_through(&self) {
        let held = self.held();
        let Call::Table { operation, body, .. } = &held.call else {
            panic!("{held}")
        };
        let answer = self.engine.execute(operation, body);
        held.answer(answer);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_goes_no_further_than_the_call_that_is_held() {
    let mut bed = bed();
    let notify = bed.notify(0);
    assert!(bed.invocations.run(notify).is_none());
    assert!(bed.invocations.ready().is_empty() && bed.engine.items("updates").is_empty());
    bed.let_through();
    assert_eq!(bed.engine.items("updates").len(), 1);
    assert!(bed.invocations.run(notify).is_none());
    let query = bed.held();
    assert!(query.call.is("Query", "connections") && query.is_awaited());
    bed.invocations.kill(notify);
    assert!(!query.is_awaited());
}

#[tokio::test(start_paused = true)]
async fn time_passes_only_while_the_test_waits() {
    let mut bed = bed();
    let (notify, start) = (bed.notify(0), bed.clock.millis());
    assert!(bed.invocations.run(notify).is_none());
    let first = bed.held();
    bed.pass(1_999).await;
    assert!(first.is_awaited());
    assert_eq!(bed.clock.millis() - start, 1_999);
    // DynamoDB does not answer: after two seconds the function gives this try up, and soon tries again.
    bed.pass(1).await;
    assert!(!first.is_awaited());
    bed.pass(500).await;
    let second = bed.held();
    assert!(second.is_awaited() && second.call.is("UpdateItem", "updates"));
}

#[tokio::test(start_paused = true)]
async fn each_invocation_has_a_clock_of_its_own() {
    for skew in [0, -90_000, 3_600_000] {
        let mut bed = bed();
        let notify = bed.notify(skew);
        assert!(bed.invocations.run(notify).is_none());
        let recorded = &bed.held().call.json()["ExpressionAttributeValues"][":update"]["M"]["recorded"]["N"];
        assert_eq!(recorded, &json!((bed.clock.millis() + skew).to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_tried_again() {
    let mut bed = bed();
    let notify = bed.notify(0);
    assert!(bed.invocations.run(notify).is_none());
    bed.held().answer(Answer::Broken);
    bed.pass(500).await;
    bed.let_through();
    bed.invocations.run(notify);
    bed.let_through();
    let Some(Outcome::Notified(notified)) = bed.invocations.run(notify) else {
        panic!("it has not ended")
    };
    assert!(notified.answer.is_ok());
}

/// A release does not even compile with the simulated clock; a program should not have it at any time.
#[test]
fn nothing_but_the_simulation_asks_for_the_simulated_clock() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "features,normal",
            "--invert",
            "chatterbox-core",
        ])
        .args(["connect", "disconnect", "default", "notify", "chatter"].map(|package| format!("--package={package}")))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("notify") && !tree.contains("simulated-clock"), "{tree}");
}
