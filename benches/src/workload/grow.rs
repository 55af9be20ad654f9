//! Filling a map from empty.

use super::threads::one_by_one;
use crate::{
    contract::{Job, Map},
    key::Key,
    value::Value,
};

/// Inserts the keys with these numbers.
#[inline(always)]
pub fn insert<K: Key, V: Value>(map: &impl Map<K, V>, numbers: core::ops::Range<u64>) {
    let mut value = V::of(0);
    for number in numbers {
        value.set(number);
        map.insert(&K::new(number), &value);
    }
}

/// Nanoseconds for each insertion. Small maps are filled many at a time, until enough was timed; making and freeing them is not.
pub fn run<K: Key, V: Value, M: Map<K, V>>(job: &Job, new: impl Fn() -> M) -> f64 {
    let together = (100_000 / job.entries).clamp(1, 64);
    let each = job.entries / job.threads;
    assert!(each > 0, "fewer entries than threads");
    let (mut nanoseconds, mut operations) = (0.0, 0);
    while nanoseconds < job.time().as_nanos() as f64 * job.threads as f64 {
        let maps: Vec<M> = (0..together).map(|_| new()).collect();
        nanoseconds += one_by_one(&maps, job.threads, |map, thread| insert(map, thread * each..(thread + 1) * each));
        operations += together * each * job.threads;
    }
    nanoseconds / operations as f64
}
