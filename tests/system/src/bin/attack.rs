//! `make attack`: plays the floods of docs/under-attack.md against `chatter local` with the real functions, without
//! throttles and with a tenth of those of a deployment (a laptop that also plays the attacker does not reach the whole), and
//! prints what each took and what a bystander noticed. `attack [ATTEMPTS]`.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use chatter::local::Options;
use e2e::{
    World,
    attack::{Flood, delay, p99},
};
use serde_json::Value;
use std::time::Duration;

/// The most attempts of one flood.
const MOST: usize = 10_000;
/// How many updates the bystander is told of in calm.
const CALM: usize = 100;

#[tokio::main]
async fn main() {
    let attempts = std::env::args()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or(1_000);
    let attempts = usize::min(attempts, MOST);
    println!("{attempts} attempts of each flood; a bystander's updates, from notify's invocation to the page\n");
    println!(
        "{:<12}{:<11}{:>8}{:>9}{:>13}{:>8}{:>8}{:>11}{:>11}{:>10}",
        "flood", "throttles", "let in", "429", "invocations", "reads", "writes", "calm p99", "p99 then", "$ a day"
    );
    let contract: Value = serde_json::from_str(include_str!("../../../../infra/contract.json")).unwrap_or_default();
    for flood in Flood::ALL {
        for with_throttles in [false, true] {
            play(flood, with_throttles, attempts, &contract["floods"][flood.name()]).await;
        }
    }
    println!(
        "\nLet in: by the throttle. 429: turned away by it, or by connect, as the login had too many sockets. Reads and writes are DynamoDB's units as `make test-deploy` measures them; $ a day is in AWS at the whole limit, by `make cost`."
    );
}

async fn play(flood: Flood, with_throttles: bool, attempts: usize, bill: &Value) {
    let world = World::with(|options| {
        if with_throttles {
            options.throttles = Options::from_env().throttles;
            for throttle in options.throttles.values_mut() {
                (throttle.rate, throttle.burst) = (throttle.rate / 10, throttle.burst / 10);
            }
        }
    })
    .await;
    let session = world.log_in("bystander").await;
    let mut bystander = world.connect(&session).await;
    let mut calm = Vec::new();
    for _ in 0..CALM {
        calm.push(delay(&world, &mut bystander).await);
    }
    let played = flood.play(&world, &mut bystander, attempts).await;
    world.stop().await;
    let served = |function| played.invocations.get(function).copied().unwrap_or_default();
    let let_in = flood.function().map_or(attempts - played.turned_away, served);
    let units = |name: &str| let_in as f64 * bill[name].as_f64().unwrap_or_default();
    let dollars = &bill[if with_throttles {
        "dollarsADay"
    } else {
        "dollarsADayWithout"
    }];
    println!(
        "{:<12}{:<11}{:>8}{:>9}{:>13}{:>8}{:>8}{:>11}{:>11}{:>10}",
        flood.name(),
        if with_throttles { "a tenth" } else { "none" },
        let_in,
        played.turned_away,
        played.invocations.values().sum::<usize>(),
        units("read"),
        units("write"),
        milliseconds(p99(calm)),
        milliseconds(p99(played.delays)),
        dollars.to_string(),
    );
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
