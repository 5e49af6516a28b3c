//! Sizes of the functions' programs.

use super::row;
use crate::{
    Bench, Fallible,
    chart::{Bar, Chart},
    process::program,
    report::{Section, Target, number},
    statistics::Samples,
};
use flate2::{Compression, write::DeflateEncoder};
use std::{fs, io::Write, path::PathBuf};

const ABOUT: &str = "\
    The size of a function's program, which Lambda loads before it starts it. *Zipped* is compressed at the highest \
    level, as in the archive that is deployed. The programs are those for this machine; those for arm64 differ a \
    little.";

struct Program {
    name: &'static str,
    is_ours: bool,
    bytes: f64,
    zipped: f64,
}

pub(crate) fn measure(bench: &Bench) -> Fallible<Section> {
    let ours = ["connect", "disconnect", "default", "notify", "revoke"].map(|name| (name, program(name), true));
    let others = [
        ("hello-world", program("bench-hello"), false),
        ("Node notify", bench.file("node/dist/notify-sequential.cjs"), false),
    ];
    let mut programs = Vec::new();
    for (name, path, is_ours) in ours.into_iter().chain(others) {
        let (bytes, zipped) = size(&path)?;
        programs.push(Program {
            name,
            is_ours,
            bytes,
            zipped,
        });
    }
    let head = row(["program", "MB", "zipped, MB"]);
    let rows = programs.iter().map(|program| {
        let [bytes, zipped] = [program.bytes, program.zipped].map(number);
        vec![program.name.to_owned(), bytes, zipped]
    });
    let zipped = programs
        .iter()
        .filter(|program| program.is_ours)
        .map(|program| program.zipped);
    let largest = zipped.fold(0.0, f64::max);
    let bars = programs.iter().map(|program| Bar {
        name: program.name.to_owned(),
        samples: Samples(vec![program.zipped]),
        is_ours: program.is_ours,
    });
    Ok(Section {
        title: "Size",
        about: ABOUT,
        table: std::iter::once(head).chain(rows).collect(),
        targets: vec![Target::at_most(
            3.0,
            "MB",
            "the largest function, zipped",
            Samples(vec![largest]),
        )],
        chart: Chart {
            title: "Size of the zipped program, MB",
            bars: bars.collect(),
        },
    })
}

/// Size of the file, and of it compressed in a zip archive, in MB of a million bytes.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn size(path: &PathBuf) -> Fallible<(f64, f64)> {
    let program = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut zipped = DeflateEncoder::new(Vec::new(), Compression::best());
    zipped.write_all(&program)?;
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    Ok((megabytes(program.len()), megabytes(zipped.finish()?.len())))
}
