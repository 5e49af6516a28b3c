//! One very busy login: many sockets, many handshakes.

use crate::{
    agenda::{Agenda, Millis},
    aws::{Gateway, WHOLE_PROCESSOR, latency},
    design::Design,
    sources,
};
use fastrand::Rng;

/// Milliseconds until the last of this many sockets of a login has an update, and the number of posts that API Gateway
/// throttled.
pub fn fan_out(design: &Design, sockets: u32, seed: u64) -> (Millis, u64) {
    let notify = design.notify;
    let mut agenda = Agenda::until(600_000);
    let mut rng = Rng::with_seed(seed);
    let mut gateway = Gateway::new(&design.quotas, &design.stage);
    let work = design.post_work * WHOLE_PROCESSOR / notify.memory.min(WHOLE_PROCESSOR);
    let mut processor_free_at = 0.0;
    let mut waiting = sockets;
    let mut last = 0;
    for _ in 0..notify.posts_at_once.min(sockets as usize) {
        agenda.after(0, ());
    }
    while agenda.next().is_some() {
        if waiting == 0 {
            continue;
        }
        let now = agenda.now();
        processor_free_at = f64::max(processor_free_at, f64::from(now)) + work;
        let answer = processor_free_at - f64::from(now) + latency::POST * (0.5 + rng.f64());
        if gateway.post(now) {
            waiting -= 1;
            last = now + answer as Millis;
        }
        agenda.after(answer as Millis, ());
    }
    (last, gateway.requests.refused)
}

/// Handshakes a second that succeed, of `a_second` that all carry the same chatter ID. Each is a transaction that
/// checks the chatter ID's item; one that meets another under way there is cancelled and tried again.
pub fn handshakes_of_one_chatter(a_second: u32, seed: u64) -> f64 {
    const SECONDS: u32 = 60;
    let (patience, backoff) = sources::connect_patience();
    let mut agenda = Agenda::until((SECONDS + 10) * 1_000);
    let mut rng = Rng::with_seed(seed);
    for n in 0..a_second * SECONDS {
        let at = n * 1_000 / a_second;
        agenda.after(at, (at, 0));
    }
    let (mut free_at, mut opened) = (0, 0);
    while let Some((since, attempt)) = agenda.next() {
        let now = agenda.now();
        let time = latency::WRITE * 1.5 * (0.5 + rng.f64());
        if now >= free_at {
            free_at = now + time.ceil() as Millis;
            opened += 1;
            continue;
        }
        let ceiling = (backoff.0 * 2f64.powi(attempt)).min(backoff.1);
        let wait = time + ceiling * rng.f64();
        if f64::from(now - since) + wait < patience {
            agenda.after(wait as Millis, (since, attempt + 1));
        }
    }
    f64::from(opened) / f64::from(SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_the_sockets_take_about_ten_times_as_long() {
        let design = Design::now();
        let (thousand, ten_thousand) = (fan_out(&design, 1_000, 1).0, fan_out(&design, 10_000, 1).0);
        assert!(
            (8..13).contains(&(ten_thousand / thousand)),
            "{thousand} {ten_thousand}"
        );
    }

    #[test]
    fn handshakes_with_one_chatter_id_exclude_one_another() {
        assert_eq!(handshakes_of_one_chatter(10, 1), 10.0);
        assert!(handshakes_of_one_chatter(500, 1) < 200.0);
    }
}
