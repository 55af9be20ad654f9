//! Workloads on a filled map, whose size stays: reads, overwrites, batches, iteration. Keys are drawn 64 at a time (or one batch), so
//! that making them is the same for every map and mixes with none.

use super::threads::for_a_time;
use crate::{
    contract::{Job, Map},
    draw::{Random, Zipf, below, percent},
    key::Key,
    value::Value,
};
use std::hint::black_box;

/// Room for the largest batch.
const ROOM: usize = 512;

pub fn run<K: Key, V: Value, M: Map<K, V>>(map: &M, job: &Job) -> f64 {
    let entries = job.entries;
    let uniform = |draw| below(draw, entries);
    let absent = |draw| entries + below(draw, entries);
    let hot = |_| entries / 2;
    match job.workload.as_str() {
        "hit" => on_keys(map, job, uniform, |keys, _, values| all_found(keys, loads(map, keys, values))),
        "miss" => on_keys(map, job, absent, |keys, _, values| assert_eq!(loads(map, keys, values), 0)),
        "hot_read" => on_keys(map, job, hot, |keys, _, values| all_found(keys, loads(map, keys, values))),
        "95/5" => on_keys(map, job, uniform, |keys, draws, values| mixed(map, keys, draws, values, 5)),
        "50/50" => on_keys(map, job, uniform, |keys, draws, values| mixed(map, keys, draws, values, 50)),
        "overwrite" => on_keys(map, job, uniform, |keys, draws, values| mixed(map, keys, draws, values, 100)),
        "hot_update" => on_keys(map, job, hot, |keys, draws, values| mixed(map, keys, draws, values, 100)),
        "zipf" => {
            let zipf = Zipf::new(entries);
            on_keys(map, job, move |draw| zipf.below(draw), |keys, draws, values| mixed(map, keys, draws, values, 5))
        }
        "iterate" => for_a_time(map, job.threads, job.time(), |_| {
            || {
                let (visited, sum) = map.sum();
                assert_eq!(visited, entries, "an entry was missed, or visited twice");
                black_box(sum);
                visited
            }
        }),
        // batch8, batch64, batch512
        _ => on_keys(map, job, uniform, |keys, _, values| all_found(keys, map.load_batch(keys, &mut values.loaded))),
    }
}

/// What a thread stores, and where it loads to: one value, or as many as a batch has.
struct Values<V> {
    stored: V,
    loaded: Vec<V>,
}

/// Draws keys by `index`, and hands them to `act` together with the draws.
fn on_keys<K: Key, V: Value, M: Map<K, V>>(
    map: &M,
    job: &Job,
    index: impl Fn(u64) -> u64 + Copy + Send + Sync,
    act: impl Fn(&[K], &[u64], &mut Values<V>) + Copy + Send + Sync,
) -> f64 {
    let count = if job.batch() > 1 { job.batch() } else { 64 };
    for_a_time(map, job.threads, job.time(), |thread| {
        let (mut random, mut draws, mut keys) = (Random::new(thread), [0; ROOM], [K::new(0); ROOM]);
        let mut values = Values { stored: V::of(0), loaded: vec![V::of(0); job.batch()] };
        move || {
            for (draw, key) in draws[..count].iter_mut().zip(&mut keys[..count]) {
                *draw = random.next();
                *key = K::new(index(*draw));
            }
            // What the keys have in common is not for the compiler to know.
            let (keys, draws) = black_box((&keys[..count], &draws[..count]));
            act(keys, draws, &mut values);
            let last = &values.loaded[job.batch() - 1];
            assert!(*last == V::of(last.number()), "a value in pieces");
            count as u64
        }
    })
}

/// A value that nobody looks at is copied all the same.
#[inline(always)]
fn load<K, V>(map: &impl Map<K, V>, key: &K, value: &mut V) -> bool {
    let found = map.load(key, value);
    black_box(value);
    found
}

#[inline(always)]
fn loads<K, V>(map: &impl Map<K, V>, keys: &[K], values: &mut Values<V>) -> usize {
    let value = &mut values.loaded[0];
    keys.iter().filter(|key| load(map, key, value)).count()
}

#[inline(always)]
fn all_found<K>(keys: &[K], found: usize) {
    assert_eq!(found, keys.len(), "a key was not found");
}

#[inline(always)]
fn mixed<K, V: Value>(map: &impl Map<K, V>, keys: &[K], draws: &[u64], values: &mut Values<V>, writes_in_100: u64) {
    let (stored, loaded) = (&mut values.stored, &mut values.loaded[0]);
    for (key, draw) in keys.iter().zip(draws) {
        if percent(*draw) < writes_in_100 {
            stored.set(*draw);
            map.store(key, stored);
        } else {
            black_box(load(map, key, loaded));
        }
    }
}
