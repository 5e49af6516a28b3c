//! Ends sockets and processes at the rates that the faults say.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::injector::SocketFault;
use super::target::Target;

/// How often it is decided which sockets and processes end.
const TICK: Duration = Duration::from_millis(100);

/// Ends sockets and processes at their rates, until the gateway stops. Without a rate it sleeps.
pub(crate) async fn degrade(target: Arc<Target>) {
    let mut faults = target.injector.subscribe();
    let degrading = async {
        loop {
            // Waiting cannot fail: the sender lives in the target, which this task holds.
            let _ = faults.wait_for(|faults| faults.degrades()).await;
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while faults.borrow().degrades() {
                ticks.tick().await;
                degrade_once(&target);
            }
        }
    };
    target.functions.halt.run_until_cancelled(degrading).await;
}

fn degrade_once(target: &Target) {
    let injector = &target.injector;
    let faults = injector.faults();
    let closed = per_tick(faults.sockets_closed);
    let cut = per_tick(faults.sockets_cut).min(1.0 - closed);
    for connection in target.sockets.open.all() {
        match injector.socket(closed, cut) {
            Some(SocketFault::Close) => target.close(&connection),
            Some(SocketFault::Cut) => target.cut(&connection),
            None => {}
        }
    }
    let killed = per_tick(faults.processes_killed);
    for pool in target.functions.all() {
        for id in pool.process_ids() {
            if injector.process(killed) {
                target.kill(pool, id);
            }
        }
    }
}

/// The share for one tick, so that all ticks of a second come to this share.
fn per_tick(share: f64) -> f64 {
    1.0 - (1.0 - share).powf(TICK.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_ten_ticks_come_to_the_share_of_a_second() {
        for share in [0.0, 0.1, 0.5, 0.9] {
            let survivors = (1.0 - per_tick(share)).powi(10);
            assert!((survivors - (1.0 - share)).abs() < 1e-9, "{share}");
        }
        assert_eq!(per_tick(1.0), 1.0);
    }
}
