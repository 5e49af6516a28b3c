//! What Chatterbox's own sources say, read from them: the simulation cannot drift from the code.

use crate::source::{Source, product, source};

const POSTER: Source = source!("crates/core/src/poster.rs");
const NOTIFIER: Source = source!("crates/core/src/notifier.rs");
const DEFERRAL: Source = source!("crates/core/src/deferral.rs");
const NOTIFICATION: Source = source!("crates/core/src/notification.rs");
const TOPIC: Source = source!("crates/core/src/topic.rs");
const UPDATE: Source = source!("crates/core/src/update.rs");
const BACKOFF: Source = source!("crates/core/src/backoff.rs");
const CLIENT: Source = source!("web/chatter.js");
const FUNCTIONS: Source = source!("infra/lib/functions.ts");
const QUEUES: Source = source!("infra/lib/queues.ts");
const EVENT_SOURCES: Source = source!("infra/lib/sources.ts");
const SETTINGS: Source = source!("infra/lib/settings.ts");
const ESTIMATE: Source = source!("infra/cost/estimate.ts");
const PRICES: Source = source!("infra/cost/prices.ts");
const MEASURED: Source = source!("infra/cost/measured.json");

/// How notify works. Times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Notify {
    /// Posts under way at once in an invocation.
    pub posts_at_once: usize,
    /// Tries of a post.
    pub tries: u32,
    /// The longest that a post is tried.
    pub patience: f64,
    /// The first wait's ceiling, which doubles with each try, and the highest ceiling.
    pub backoff: (f64, f64),
    /// Logins served at once in an invocation.
    pub logins_at_once: usize,
    /// The most logins of an event.
    pub logins_an_event: u32,
    /// How long before its end an invocation stops.
    pub margin: f64,
    /// How many invocations in a row may put an event off.
    pub attempts: u32,
    /// The most logins of an event that is put off.
    pub logins_put_off: usize,
    /// When Lambda ends an invocation.
    pub timeout: f64,
    /// Megabytes, which buy the share of a processor.
    pub memory: f64,
    /// The most messages of the queue in an invocation.
    pub batch: usize,
    /// For how long a message is hidden from others once it was received.
    pub visibility: f64,
    /// How often a message is received before it counts as dead.
    pub receives: u32,
    /// The most invocations that work on the queue at once.
    pub queue_at_once: u32,
    /// How long a login that AWS had no room for is left alone at most, the first time, and the most of all times.
    pub rest: (f64, f64),
}

impl Notify {
    /// As in core and infra.
    pub fn read() -> Notify {
        let timeout = FUNCTIONS.number("NOTIFY_TIMEOUT = Duration.seconds(") * 1_000.0;
        Notify {
            posts_at_once: POSTER.count("AT_ONCE: usize = "),
            tries: POSTER.count("TRIES: u32 = ") as u32,
            patience: POSTER.number("PATIENCE: Duration = "),
            backoff: (
                POSTER.number("full_jitter(attempt, "),
                POSTER.number("full_jitter(attempt, Duration::from_millis(100), "),
            ),
            logins_at_once: NOTIFIER.count("LOGINS_AT_ONCE: usize = "),
            logins_an_event: NOTIFICATION.count("MAX_LOGINS: usize = ") as u32,
            margin: NOTIFIER.number("MARGIN: Duration = "),
            attempts: DEFERRAL.count("MAX_ATTEMPTS: u32 = ") as u32,
            logins_put_off: DEFERRAL.count("LOGINS_PER_MESSAGE: usize = "),
            timeout,
            memory: FUNCTIONS.number("NOTIFY_MEMORY = "),
            batch: EVENT_SOURCES.count("batchSize: "),
            visibility: timeout * (1.0 + QUEUES.number("visibilityTimeout: NOTIFY_TIMEOUT.plus(Duration.seconds(")),
            receives: QUEUES.count("maxReceiveCount: ") as u32,
            queue_at_once: SETTINGS.count("notifyConcurrency: ") as u32,
            rest: (
                DEFERRAL.number("const REST: Duration = "),
                DEFERRAL.number("const LONGEST_REST: Duration = "),
            ),
        }
    }
}

/// How the browser client behaves. Times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// How long a socket may be silent before it is pinged, while somebody looks at the page.
    pub heartbeat: f64,
    /// The same when nobody does, and how much sooner that is at random.
    pub quiet_heartbeat: (f64, f64),
    /// How often it looks whether it was silent for so long.
    pub pulse: f64,
    /// How long an answer may take.
    pub patience: f64,
    /// A socket of this age is replaced, and up to `change_over_spread` sooner.
    pub change_over: f64,
    /// How much sooner that is at random.
    pub change_over_spread: f64,
    /// How often a page asks for what it may have missed.
    pub sync_every: f64,
    /// The first wait's ceiling, and the highest.
    pub backoff: (f64, f64),
    /// A socket that lived so long was a good one.
    pub stable: f64,
    /// How many sockets in a row may fail to open before that is taken for a refusal.
    pub refused_after: u32,
    /// The highest ceiling of the waits from then on.
    pub refused_wait: f64,
    /// How long a page waits for what a push says it has missed, before it asks.
    pub gap_wait: f64,
}

impl Client {
    /// As in `web/chatter.js`.
    pub fn read() -> Client {
        let time = |name: &str| CLIENT.number(&format!("const {name} = "));
        Client {
            heartbeat: time("HEARTBEAT"),
            quiet_heartbeat: (
                time("QUIET_HEARTBEAT"),
                CLIENT.number("QUIET_HEARTBEAT - Math.random() * "),
            ),
            pulse: time("PULSE"),
            patience: time("PATIENCE"),
            change_over: time("CHANGE_OVER"),
            change_over_spread: CLIENT.number("CHANGE_OVER - Math.random() * "),
            sync_every: time("SYNC_EVERY"),
            backoff: (time("SECOND"), time("LONGEST_WAIT")),
            stable: time("STABLE"),
            refused_after: CLIENT.count("const REFUSED_AFTER = ") as u32,
            refused_wait: time("REFUSED_WAIT"),
            gap_wait: time("GAP"),
        }
    }
}

/// How `$connect` waits for others that hold the same item: its patience, the first wait's ceiling, the highest.
pub fn connect_patience() -> (f64, (f64, f64)) {
    let key = "full_jitter(attempt, Duration::from_millis(25), ";
    (BACKOFF.number("PATIENCE: Duration = "), (25.0, BACKOFF.number(key)))
}

/// How many topics a login's updates may be about, and the kilobytes that each may have.
pub fn largest_item() -> (f64, f64) {
    (
        TOPIC.number("MAX_PER_LOGIN: usize = "),
        UPDATE.number("MAX_BYTES: usize = ") / 1_024.0,
    )
}

/// The stage's own throttle: requests a second and at once.
pub fn stage_throttle() -> (f64, f64) {
    (SETTINGS.number("throttle: { rate: "), SETTINGS.number(", burst: "))
}

/// What an invocation of a function is billed for; by the functions' names.
pub fn gigabyte_seconds(function: &str) -> f64 {
    ESTIMATE.number(&format!(" {function}: "))
}

/// What a unit of this costs, in dollars; by the names of `infra/cost/prices.ts`.
pub fn price(item: &str) -> f64 {
    let quoted = format!("\"{item}\": price(");
    let bare = format!("{item}: price(");
    let known = |key: &str| PRICES.text.contains(key);
    PRICES.number(if known(&quoted) { &quoted } else { &bare })
}

/// The request units of one call: (read, write); by the functions' names, as they were measured.
pub fn units(function: &str) -> (f64, f64) {
    let read = format!("\"{function}\": {{ \"read\": ");
    let writes = MEASURED.after(&read).split_once("\"write\": ").map(|(_, rest)| rest);
    (
        MEASURED.number(&read),
        product(writes.unwrap_or_default()).unwrap_or(f64::NAN),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_and_makes_sense() {
        let notify = Notify::read();
        assert!(notify.timeout > notify.margin && notify.patience > notify.backoff.0);
        assert!(notify.visibility >= 6.0 * notify.timeout);
        assert!(notify.tries > 1 && notify.batch > 0 && notify.receives > 0 && notify.attempts > 0);
        let client = Client::read();
        assert!(
            client.heartbeat < 600_000.0,
            "API Gateway ends an idle socket after ten minutes"
        );
        assert!(
            client.change_over < 7_200_000.0,
            "API Gateway ends every socket after two hours"
        );
        assert!(client.backoff.0 < client.backoff.1 && client.refused_after > 0);
        let (rate, burst) = stage_throttle();
        assert!(rate > 0.0 && burst > 0.0);
        for function in ["connect", "disconnect", "default", "notify"] {
            assert!((0.001..1.0).contains(&gigabyte_seconds(function)), "{function}");
        }
        for item in [
            "messages",
            "connection minutes",
            "Lambda requests",
            "Lambda time",
            "SQS requests",
        ] {
            assert!(price(item) > 0.0 && price(item) < 0.01, "{item}");
        }
        assert_eq!(units("notify").1.fract(), 0.0);
    }
}
