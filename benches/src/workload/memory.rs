//! Resident memory while a map grows, as the system counts it.

use super::grow::insert;
use crate::{
    contract::{Job, Map, Measure},
    key::Key,
    value::Value,
};

/// At twenty sizes from a tenth of the size asked for to 1.6 times that: four doublings, so that neither a table that has just
/// grown nor one that is about to is the whole story.
pub fn run<K: Key, V: Value, M: Map<K, V>>(job: &Job, new: impl Fn() -> M) -> Measure {
    const SIZES: u32 = 20;
    let before = resident();
    let (map, mut inserted) = (new(), 0);
    let curve: Vec<(u64, f64)> = (0..SIZES)
        .map(|step| {
            let entries =
                (job.entries as f64 * 0.1 * 16f64.powf(f64::from(step) / f64::from(SIZES - 1))).round() as u64;
            map.enter();
            insert(&map, inserted..entries);
            map.leave();
            inserted = entries;
            (entries, (resident() - before) / entries as f64)
        })
        .collect();
    // Only now: many maps that were freed would leave memory behind for this one.
    let empty_bytes = empty(&new);
    let bytes = || curve.iter().map(|point| point.1);
    let figures = [
        ("bytes_per_entry", bytes().sum::<f64>() / f64::from(SIZES)),
        ("worst_bytes_per_entry", bytes().fold(0.0, f64::max)),
        ("empty_bytes", empty_bytes),
    ];
    Measure { figures: figures.map(|(name, figure)| (name.into(), figure)).into(), curve }
}

/// Bytes of an empty map, from many of them.
fn empty<M>(new: impl Fn() -> M) -> f64 {
    const MAPS: usize = 1024;
    let _first = new(); // with what is set up once
    let mut maps = Vec::with_capacity(MAPS);
    let before = resident();
    maps.resize_with(MAPS, &new);
    (resident() - before) / MAPS as f64
}

/// This process's resident memory in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line VmRSS");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
}
