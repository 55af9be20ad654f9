//! The longest insertions of a map that grows from empty, in one thread: which insertion pays for the growth, and how much.

use crate::{
    contract::{Job, Map, Measure},
    key::Key,
    value::Value,
};
use std::time::Instant;

pub fn run<K: Key, V: Value>(job: &Job, map: &impl Map<K, V>) -> Measure {
    let clock = Clock::new();
    let (mut times, mut value) = (Histogram::new(), V::of(0));
    map.enter();
    let whole = Instant::now();
    for number in 0..job.entries {
        let key = K::new(number);
        value.set(number);
        let start = clock.now();
        map.insert(&key, &value);
        times.add(clock.now() - start);
    }
    let mean = whole.elapsed().as_nanos() as f64 / job.entries as f64;
    map.leave();
    let at = |share| times.at(share) as f64 * clock.nanoseconds;
    let figures = [
        ("ns_per_op", mean),
        ("p50_ns", at(0.5)),
        ("p999_ns", at(0.999)),
        ("p99999_ns", at(0.99999)),
        ("max_ns", times.longest as f64 * clock.nanoseconds),
    ];
    Measure { figures: figures.map(|(name, figure)| (name.into(), figure)).into(), curve: Vec::new() }
}

/// Ticks by range: 64 ranges in each power of two, so a time is known to 1.6 per cent. All its memory is there beforehand.
struct Histogram {
    counts: Vec<u32>,
    longest: u64,
}

impl Histogram {
    const BITS: u32 = 6;

    fn new() -> Self {
        // Not zeroes as the system hands them out: those would be fetched page by page during the run.
        let mut counts = vec![1; 64 << Self::BITS];
        counts.fill(0);
        Self { counts, longest: 0 }
    }

    #[inline(always)]
    fn add(&mut self, ticks: u64) {
        let shift = (ticks | 1).ilog2().saturating_sub(Self::BITS);
        self.counts[((shift as usize) << Self::BITS) + (ticks >> shift) as usize] += 1;
        self.longest = self.longest.max(ticks);
    }

    /// The time that this share of all stays below.
    fn at(&self, share: f64) -> u64 {
        let all: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let mut left = (all as f64 * share).ceil() as u64;
        for (range, count) in self.counts.iter().enumerate() {
            if u64::from(*count) >= left {
                let shift = (range >> Self::BITS).saturating_sub(1);
                return ((range - (shift << Self::BITS)) as u64) << shift;
            }
            left -= u64::from(*count);
        }
        self.longest
    }
}

/// The processor's own counter where there is one: asking the system takes as long as an insertion.
struct Clock {
    nanoseconds: f64,
    #[cfg(not(target_arch = "x86_64"))]
    start: Instant,
}

#[cfg(target_arch = "x86_64")]
impl Clock {
    fn new() -> Self {
        let mut clock = Self { nanoseconds: 0.0 };
        let (start, ticks) = (Instant::now(), clock.now());
        while start.elapsed().as_millis() < 20 {}
        clock.nanoseconds = start.elapsed().as_nanos() as f64 / (clock.now() - ticks) as f64;
        clock
    }

    /// The fence keeps an insertion's loads from being waited for outside its own time.
    #[inline(always)]
    fn now(&self) -> u64 {
        use core::arch::x86_64::{_mm_lfence, _rdtsc};
        // SAFETY: every x86-64 processor has both.
        unsafe {
            _mm_lfence();
            _rdtsc()
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Clock {
    fn new() -> Self {
        Self { nanoseconds: 1.0, start: Instant::now() }
    }
    #[inline(always)]
    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }
}
