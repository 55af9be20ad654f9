//! The workloads: each runs on some threads at once and gives the nanoseconds that one thread takes for one operation.

use crate::maps::{Runner, Words};
use std::{hint::black_box, sync::Barrier, time::Instant};

/// What to do.
pub struct Job {
    pub workload: String,
    pub entries: u64,
    pub threads: u64,
}

/// The workloads by name.
pub const NAMES: &[&str] = &["hit", "miss", "95/5", "50/50", "insert", "churn", "batch64"];

/// Operations of one thread in one repetition.
const OPERATIONS: u64 = 2_000_000;

/// A map of one type, filled when the first workload needs it.
pub struct Bench<M, N> {
    new: N,
    filled: Option<(u64, M)>,
}

impl<M: Words, N: Fn() -> M> Bench<M, N> {
    pub fn new(new: N) -> Self {
        Self { new, filled: None }
    }

    fn filled(&mut self, entries: u64) -> &M {
        if self.filled.as_ref().is_none_or(|(filled, _)| *filled != entries) {
            let map = (self.new)();
            (0..entries).for_each(|index| map.store(key(index), index));
            self.filled = Some((entries, map));
        }
        &self.filled.as_ref().expect("just filled").1
    }
}

impl<M: Words, N: Fn() -> M> Runner for Bench<M, N> {
    fn run(&mut self, job: &Job) -> f64 {
        let Job { entries, threads, .. } = *job;
        if job.workload == "insert" {
            let map = (self.new)();
            // Small maps are too quick for one measurement.
            let each = entries / threads;
            return on_threads(threads, each, |thread| {
                for index in thread * each..(thread + 1) * each {
                    map.store(key(index), index);
                }
            });
        }
        let map = self.filled(entries);
        match job.workload.as_str() {
            "hit" => on_threads(threads, OPERATIONS, |thread| {
                let mut random = Random::new(thread);
                let found = (0..OPERATIONS).filter(|_| map.load(key(random.below(entries))).is_some()).count();
                assert_eq!(black_box(found), OPERATIONS as usize);
            }),
            "miss" => on_threads(threads, OPERATIONS, |thread| {
                let mut random = Random::new(thread);
                let found =
                    (0..OPERATIONS).filter(|_| map.load(key(entries + random.below(entries))).is_some()).count();
                assert_eq!(black_box(found), 0);
            }),
            "95/5" => on_threads(threads, OPERATIONS, |thread| mixed(map, thread, entries, 5)),
            "50/50" => on_threads(threads, OPERATIONS, |thread| mixed(map, thread, entries, 50)),
            "churn" => on_threads(threads, OPERATIONS, |thread| {
                // Each thread deletes and inserts again in its own part, so the size stays.
                let (mut random, part) = (Random::new(thread), entries / threads);
                for _ in 0..OPERATIONS / 2 {
                    let key = key(thread * part + random.below(part));
                    map.delete(key);
                    map.store(key, 1);
                }
            }),
            "batch64" => on_threads(threads, OPERATIONS, |thread| {
                let (mut random, mut keys) = (Random::new(thread), [0; 64]);
                for _ in 0..OPERATIONS / 64 {
                    keys.fill_with(|| key(random.below(entries)));
                    assert_eq!(map.load_batch(&keys), 64);
                }
            }),
            other => panic!("no workload {other}"),
        }
    }
}

fn mixed(map: &impl Words, thread: u64, entries: u64, writes_in_100: u64) {
    let mut random = Random::new(thread);
    for _ in 0..OPERATIONS {
        let draw = random.next();
        let key = key(below(draw, entries));
        if draw % 100 < writes_in_100 {
            map.store(key, draw);
        } else {
            black_box(map.load(key));
        }
    }
}

/// Runs `work` on each thread at once; nanoseconds for each of its operations.
fn on_threads(threads: u64, operations: u64, work: impl Fn(u64) + Sync) -> f64 {
    let barrier = Barrier::new(threads as usize);
    let nanoseconds: f64 = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    let start = Instant::now();
                    work(thread);
                    start.elapsed().as_nanos() as f64
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().expect("a thread failed")).sum()
    });
    nanoseconds / threads as f64 / operations as f64
}

/// The key with number `index`: spread over all words, no two the same.
#[inline(always)]
fn key(index: u64) -> u64 {
    let mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// xorshift64*, one for each thread.
struct Random(u64);

impl Random {
    fn new(thread: u64) -> Self {
        Self(0x2545_f491_4f6c_dd1d ^ ((thread + 1) << 17))
    }
    #[inline(always)]
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    #[inline(always)]
    fn below(&mut self, bound: u64) -> u64 {
        below(self.next(), bound)
    }
}

#[inline(always)]
fn below(draw: u64, bound: u64) -> u64 {
    ((draw as u128 * bound as u128) >> 64) as u64
}
