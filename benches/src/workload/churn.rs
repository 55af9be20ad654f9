//! Deletes the oldest key and inserts a new one, so the size stays and no key comes back.
//!
//! The entries are divided into lanes, each a ring of slots with a position. At each step the slot's key of this round is deleted
//! and that of the next round inserted. A lane belongs to one thread during a run, and the positions last from run to run.

use super::threads::for_a_time;
use crate::{
    contract::{Job, Map},
    key::Key,
    value::Value,
};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const LANES: u64 = 64;

pub struct Churn {
    positions: Vec<AtomicU64>,
}

impl Churn {
    pub fn new() -> Self {
        Self { positions: (0..LANES).map(|_| AtomicU64::new(0)).collect() }
    }

    /// A deletion and an insertion count as two operations.
    pub fn run<K: Key, V: Value, M: Map<K, V>>(&self, map: &M, job: &Job) -> f64 {
        const STEPS: u64 = 32;
        let (entries, slots) = (job.entries, job.entries / LANES);
        assert!(slots > 0, "churn needs {LANES} entries or more");
        for_a_time(map, job.threads, job.time(), |thread| {
            let (mut lane, mut value) = (thread, V::of(0));
            move || {
                let position = self.positions[lane as usize].load(Relaxed);
                let (mut round, mut slot) = (position / slots, position % slots);
                for _ in 0..STEPS {
                    let key = round * entries + lane * slots + slot;
                    map.delete(&K::new(key));
                    value.set(key);
                    map.insert(&K::new(key + entries), &value);
                    slot += 1;
                    if slot == slots {
                        (round, slot) = (round + 1, 0);
                    }
                }
                self.positions[lane as usize].store(position + STEPS, Relaxed);
                lane += job.threads;
                if lane >= LANES {
                    lane = thread;
                }
                2 * STEPS
            }
        })
    }
}
