//! Workloads on a filled map, whose size stays: reads, overwrites, batches, iteration. Keys are drawn 64 at a time (or one batch), so
//! that making them is the same for every map and mixes with none.

use super::threads::for_a_time;
use crate::{
    contract::{Job, Map},
    draw::{Random, Zipf, below, percent},
    key::Key,
};
use std::hint::black_box;

/// Room for the largest batch.
const ROOM: usize = 512;

pub fn run<K: Key, M: Map<K>>(map: &M, job: &Job) -> f64 {
    let entries = job.entries;
    let uniform = |draw| below(draw, entries);
    let hot = |_| entries / 2;
    match job.workload.as_str() {
        "hit" => on_keys(map, job, uniform, |keys, _| all_found(keys, loads(map, keys))),
        "miss" => on_keys(map, job, |draw| entries + below(draw, entries), |keys, _| assert_eq!(loads(map, keys), 0)),
        "hot_read" => on_keys(map, job, hot, |keys, _| all_found(keys, loads(map, keys))),
        "95/5" => on_keys(map, job, uniform, |keys, draws| mixed(map, keys, draws, 5)),
        "50/50" => on_keys(map, job, uniform, |keys, draws| mixed(map, keys, draws, 50)),
        "overwrite" => on_keys(map, job, uniform, |keys, draws| mixed(map, keys, draws, 100)),
        "hot_update" => on_keys(map, job, hot, |keys, draws| mixed(map, keys, draws, 100)),
        "zipf" => {
            let zipf = Zipf::new(entries);
            on_keys(map, job, move |draw| zipf.below(draw), |keys, draws| mixed(map, keys, draws, 5))
        }
        "iterate" => for_a_time(map, job.threads, job.time(), |_| {
            || {
                let (visited, sum) = map.sum();
                assert_eq!(visited, entries, "an entry was missed, or visited twice");
                black_box(sum);
                visited
            }
        }),
        _ => on_keys(map, job, uniform, |keys, _| all_found(keys, map.load_batch(keys))), // batch8, batch64, batch512
    }
}

/// Draws keys by `index`, and hands them to `act` together with the draws.
fn on_keys<K: Key, M: Map<K>>(
    map: &M,
    job: &Job,
    index: impl Fn(u64) -> u64 + Copy + Send + Sync,
    act: impl Fn(&[K], &[u64]) + Copy + Send + Sync,
) -> f64 {
    let count = if job.batch() > 1 { job.batch() } else { 64 };
    for_a_time(map, job.threads, job.time(), |thread| {
        let (mut random, mut draws, mut keys) = (Random::new(thread), [0; ROOM], [K::new(0); ROOM]);
        move || {
            for (draw, key) in draws[..count].iter_mut().zip(&mut keys[..count]) {
                *draw = random.next();
                *key = K::new(index(*draw));
            }
            // What the keys have in common is not for the compiler to know.
            let (keys, draws) = black_box((&keys[..count], &draws[..count]));
            act(keys, draws);
            count as u64
        }
    })
}

#[inline(always)]
fn loads<K: Key>(map: &impl Map<K>, keys: &[K]) -> usize {
    keys.iter().filter(|key| map.load(key).is_some()).count()
}

#[inline(always)]
fn all_found<K>(keys: &[K], found: usize) {
    assert_eq!(found, keys.len(), "a key was not found");
}

#[inline(always)]
fn mixed<K: Key>(map: &impl Map<K>, keys: &[K], draws: &[u64], writes_in_100: u64) {
    for (key, draw) in keys.iter().zip(draws) {
        if percent(*draw) < writes_in_100 {
            map.store(key, *draw);
        } else {
            black_box(map.load(key));
        }
    }
}
