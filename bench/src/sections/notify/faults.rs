//! One login with many sockets, of which some are gone, throttled or silent.

use super::{Contender, OURS, named};
use crate::{
    Bench, Fallible,
    callback::CallbackEndpoint,
    contenders::{Services, ours},
    events,
    report::Target,
};
use bench::Manner;

const REPEATS: usize = 5;

/// Rows for the table, and the delay that one silent socket causes to the others.
pub(super) async fn measure(
    bench: &Bench,
    callback: &CallbackEndpoint,
    services: &Services,
    sockets: u64,
) -> Fallible<(Vec<Vec<String>>, Target)> {
    let well = Manner::default();
    let gone = Manner {
        gone_every: 100,
        ..well
    };
    let throttled = Manner {
        throttled_every: 10,
        ..well
    };
    let silent = Manner {
        silent: Some(0),
        ..well
    };
    let scenes = [
        ("all well", well, sockets),
        ("1 % gone", gone, sockets - sockets.div_ceil(100)),
        // One post in a hundred thousand is throttled in each of its five tries.
        ("10 % throttled", throttled, sockets - sockets / 1_000),
        ("one silent", silent, sockets - 1),
    ];
    let login = format!("crowd-{sockets}");
    let program = named(OURS, ours("notify", services));
    let mut contenders = Vec::new();
    for _ in &scenes {
        contenders.push(Contender::new(&program, events::notify(&login)).await?);
    }
    for _ in 0..bench.repeats(REPEATS) {
        for ((_, manner, least), contender) in scenes.iter().zip(&mut contenders) {
            contender.measure(callback, manner, *least).await?;
            if manner.gone_every > 0 {
                let forgotten = (0..sockets).step_by(100).map(|n| (login.clone(), n));
                bench.database.put_rows(forgotten).await?;
            }
        }
    }
    let [well, .., silent] = &contenders[..] else {
        return Err("there are fewer scenes than expected".into());
    };
    let target = Target::at_most(
        1.05,
        "×",
        "until the last, with one silent socket ÷ without",
        silent.until_last.over(&well.until_last),
    );
    let rows = scenes.iter().zip(&contenders);
    Ok((
        rows.map(|((scene, ..), contender)| contender.row(scene)).collect(),
        target,
    ))
}
