//! Chatterbox's own constants: those of notify from core, those of the client from the page, and what is deployed from infra's
//! `contract.json`. So the simulation cannot drift from the code.

use crate::contract::CONTRACT;
use chatterbox_core::{
    Body, Deferral, Function, Notification, Notifier, Poster, Topic,
    backoff::{self, Backoff},
};
use chatterbox_page::timing;
use std::time::Duration;

/// Constants of notify and of its queue. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Notify {
    /// Most posts under way at once in an invocation.
    pub posts_at_once: usize,
    /// Most tries of a post.
    pub tries: u32,
    /// Longest time for which a post is tried.
    pub patience: f64,
    /// Waits between the tries of a post: ceiling of the first, which doubles with each try, and highest ceiling.
    pub backoff: (f64, f64),
    /// Most logins that are served at once in an invocation.
    pub logins_at_once: usize,
    /// Most logins in an event.
    pub logins_an_event: u32,
    /// Time before its time-out at which an invocation stops by itself.
    pub margin: f64,
    /// Most attempts at a login: the first, and one for each deferral.
    pub attempts: u32,
    /// Most logins in a deferred message.
    pub logins_deferred: usize,
    /// Time-out of an invocation.
    pub timeout: f64,
    /// Memory in megabytes, by which Lambda gives a share of a processor.
    pub memory: f64,
    /// Most messages of the queue in an invocation.
    pub batch: usize,
    /// Visibility timeout of the queue: how long a message that was received is hidden from other receivers.
    pub visibility: f64,
    /// Number of receives after which a message goes to the dead-letter queue.
    pub receives: u32,
    /// Most invocations that work on the queue at once.
    pub queue_at_once: u32,
    /// Delay before a throttled login's next attempt: ceiling of the first, and highest ceiling.
    pub rest: (f64, f64),
}

impl Notify {
    /// The constants as they are in core, and as it is deployed.
    pub fn read() -> Notify {
        let deployed = &CONTRACT.notify;
        Notify {
            posts_at_once: Poster::AT_ONCE,
            tries: Poster::TRIES,
            patience: millis(Poster::PATIENCE),
            backoff: ceilings(Poster::BACKOFF),
            logins_at_once: Notifier::LOGINS_AT_ONCE,
            logins_an_event: Notification::MAX_LOGINS as u32,
            margin: millis(Notifier::MARGIN),
            attempts: Deferral::MAX_ATTEMPTS,
            logins_deferred: Deferral::LOGINS_PER_MESSAGE,
            timeout: millis(Function::Notify.time_limit()),
            memory: deployed.memory_megabytes,
            batch: deployed.batch,
            visibility: deployed.visibility_seconds * 1_000.0,
            receives: deployed.receives,
            queue_at_once: deployed.concurrency,
            rest: ceilings(Deferral::BACKOFF),
        }
    }
}

/// Constants of the browser client. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// Silence on the socket after which a visible page pings.
    pub heartbeat: f64,
    /// Silence after which a hidden page pings: the longest, and the width of the random part below it.
    pub quiet_heartbeat: (f64, f64),
    /// Interval at which the page checks for such a silence.
    pub silence_check: f64,
    /// Longest wait for an answer.
    pub patience: f64,
    /// Greatest age of a socket, at which it is replaced.
    pub change_over: f64,
    /// Width of the random part below `change_over`.
    pub change_over_spread: f64,
    /// Interval of the periodic syncs.
    pub sync_every: f64,
    /// Waits before reconnecting: ceiling of the first, and highest ceiling.
    pub backoff: (f64, f64),
    /// Age from which a lost socket resets the backoff.
    pub stable: f64,
    /// Number of sockets in a row that fail to open, from which on that counts as a refusal.
    pub refused_after: u32,
    /// Highest ceiling of the waits from then on.
    pub refused_wait: f64,
}

impl Client {
    /// As in the client.
    pub fn read() -> Client {
        Client {
            heartbeat: millis(timing::HEARTBEAT),
            quiet_heartbeat: (millis(timing::QUIET_HEARTBEAT), millis(timing::QUIET_HEARTBEAT_SPREAD)),
            silence_check: millis(timing::SILENCE_CHECK),
            patience: millis(timing::ANSWER_TIMEOUT),
            change_over: millis(timing::CHANGE_OVER),
            change_over_spread: millis(timing::CHANGE_OVER_SPREAD),
            sync_every: millis(timing::SYNC_EVERY),
            backoff: (millis(timing::SECOND), millis(timing::LONGEST_WAIT)),
            stable: millis(timing::STABLE_AFTER),
            refused_after: timing::REFUSED_AFTER,
            refused_wait: millis(timing::REFUSED_WAIT),
        }
    }
}

/// Retries of `$connect`'s transaction when another holds the same item: longest time in milliseconds, and the waits'
/// first and highest ceiling.
pub fn connect_patience() -> (f64, (f64, f64)) {
    (millis(backoff::WRITE_PATIENCE), ceilings(backoff::WRITE_BACKOFF))
}

/// The first and the highest ceiling of waits, in milliseconds.
fn ceilings(backoff: Backoff) -> (f64, f64) {
    (millis(backoff.first), millis(backoff.highest))
}

/// Most topics of a login, and the largest body of an update, in kilobytes.
pub fn largest_item() -> (f64, f64) {
    (Topic::MAX_PER_LOGIN as f64, Body::MAX_BYTES as f64 / 1_024.0)
}

/// The throttles of the routes that browsers use, each in requests a second, and at once.
#[derive(Clone, Copy, Debug)]
pub struct Throttles {
    /// `$connect`: handshakes.
    pub connect: (f64, f64),
    /// `$default`: syncs.
    pub default: (f64, f64),
    /// `ping`: heartbeats.
    pub ping: (f64, f64),
}

impl Throttles {
    /// As they are deployed unless settings say otherwise.
    pub fn read() -> Throttles {
        let of = |route: &str| {
            let throttle = &CONTRACT.throttle[route];
            (throttle.rate, throttle.burst)
        };
        Throttles {
            connect: of("$connect"),
            default: of("$default"),
            ping: of("ping"),
        }
    }

    /// The same with all of them scaled down to this part.
    pub fn part(self, part: f64) -> Throttles {
        let of = |(rate, burst)| (rate * part, burst * part);
        Throttles {
            connect: of(self.connect),
            default: of(self.default),
            ping: of(self.ping),
        }
    }
}

/// Billed time of an invocation, in gigabyte-seconds, by the function's name.
pub fn gigabyte_seconds(function: &str) -> f64 {
    CONTRACT.gigabyte_seconds[function]
}

/// Price of one unit, in dollars, by its name in `infra/cost/prices.ts`.
pub fn price(item: &str) -> f64 {
    CONTRACT.dollars_a_million[item] / 1e6
}

/// Measured request units of one call, read and write, by the function's name.
pub fn units(function: &str) -> (f64, f64) {
    let units = &CONTRACT.units[function];
    (units.read, units.write)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_makes_sense() {
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
        let Throttles { connect, default, ping } = Throttles::read();
        for (rate, burst) in [connect, default, ping] {
            assert!(rate > 0.0 && burst > 0.0);
        }
        assert!(
            default.0 > connect.0,
            "each handshake that is let in brings a sync with it"
        );
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
