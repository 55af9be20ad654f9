//! Starting threads together and timing what they do.

use crate::contract::Map;
use std::{
    hint::spin_loop,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::*},
    },
    thread::{scope, sleep, yield_now},
    time::{Duration, Instant},
};

/// Calls what `begin` gives over and over on each thread until `time` is over; each call returns how many operations it was. All
/// threads run all the time, none has the map for itself at the end. Nanoseconds for an operation of one thread.
pub fn for_a_time<K, V, M: Map<K, V>, C: FnMut() -> u64>(
    map: &M,
    threads: u64,
    time: Duration,
    begin: impl Fn(u64) -> C + Sync,
) -> f64 {
    let (barrier, stop) = (Barrier::new(threads as usize + 1), AtomicBool::new(false));
    let (nanoseconds, operations) = scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let (barrier, stop, begin) = (&barrier, &stop, &begin);
                scope.spawn(move || {
                    let mut chunk = begin(thread);
                    map.enter();
                    barrier.wait();
                    let (start, mut operations) = (Instant::now(), 0);
                    while !stop.load(Relaxed) {
                        operations += chunk();
                    }
                    let nanoseconds = start.elapsed().as_nanos() as f64;
                    map.leave();
                    (nanoseconds, operations)
                })
            })
            .collect();
        barrier.wait();
        sleep(time);
        stop.store(true, Relaxed);
        let each = handles.into_iter().map(|handle| handle.join().expect("a thread failed"));
        each.fold((0.0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    nanoseconds / operations as f64
}

/// Calls `work` for each map on each thread, all threads at the same map. The sum of all their nanoseconds.
pub fn one_by_one<K, V, M: Map<K, V>>(maps: &[M], threads: u64, work: impl Fn(&M, u64) + Sync) -> f64 {
    let arrived = AtomicU64::new(0);
    let run = |thread| {
        let mut nanoseconds = 0.0;
        for (at, map) in maps.iter().enumerate() {
            // Sleeping threads would wake up one after the other, which takes longer than filling a small map.
            arrived.fetch_add(1, AcqRel);
            let mut spins = 0u32;
            while arrived.load(Acquire) < threads * (at as u64 + 1) {
                spins += 1;
                if spins.is_multiple_of(1024) { yield_now() } else { spin_loop() }
            }
            map.enter(); // not before: a thread that is inside and waits may keep others waiting
            let start = Instant::now();
            work(map, thread);
            nanoseconds += start.elapsed().as_nanos() as f64;
            map.leave();
        }
        nanoseconds
    };
    scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        handles.into_iter().map(|handle| handle.join().expect("a thread failed")).sum()
    })
}
