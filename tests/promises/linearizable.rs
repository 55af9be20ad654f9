//! Promise: operations on one key, and their results, are linearizable, on every kind of map that
//! threads may share.

mod planted;

use crate::support::history::{Call, History, Moment};
use crate::support::setup::SHARED_KINDS;
use crate::support::subject::{Dice, Subject, share_time, shared_setups, shared_setups_with_chains};
use crate::support::{Hash, Setup};
use portolan::map::{Outcome, Width};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use std::time::Instant;

const THREADS: u64 = 3;

#[test]
fn histories_of_one_key_are_linearizable() {
    const KEYS: u64 = 3;
    const STEPS: usize = 24;
    let mut setups = shared_setups();
    setups.extend(
        SHARED_KINDS.map(|kind| Setup { hash: Hash::Constant, ..Setup::new(kind, Width::Bytes, Width::Bytes) }),
    );
    share_time(setups, |setup, deadline| {
        let mut round = 0;
        while round == 0 || Instant::now() < deadline {
            round += 1;
            let subject = Subject::new(setup);
            let barrier = Barrier::new(THREADS as usize);
            let calls = scope(|scope| {
                let threads = Vec::from_iter((0..THREADS).map(|thread| {
                    let (subject, barrier) = (&subject, &barrier);
                    scope.spawn(move || {
                        let mut dice = Dice::new(round * THREADS + thread);
                        let mut calls = Vec::new();
                        barrier.wait();
                        for step in 0..STEPS {
                            // Store other keys in between, so that the table grows during the
                            // history.
                            subject.store(100 + round % 50 + thread * 1000 + step as u64, 1).expect("store");
                            let key = dice.below(KEYS);
                            let start = Moment::now();
                            let (operation, answer) = subject.act(key, &mut dice);
                            calls.push((key, Call { operation, answer: Some(answer), start, end: Moment::now() }));
                        }
                        calls
                    })
                }));
                Vec::from_iter(threads.into_iter().flat_map(|thread| thread.join().expect("a thread")))
            });
            for key in 0..KEYS {
                let of_key = calls.iter().filter(|call| call.0 == key).map(|call| call.1).collect();
                let history = History::new(of_key);
                assert!(history.is_linearizable(), "no order explains what happened to key {key}:\n{history}");
            }
        }
    });
}

#[test]
fn load_or_store_has_one_winner() {
    share_time(shared_setups(), |setup, deadline| {
        let mut round = 0;
        while round == 0 || Instant::now() < deadline {
            round += 1;
            const KEYS: u64 = 200;
            let subject = Subject::new(setup);
            let barrier = Barrier::new(THREADS as usize);
            let answers = scope(|scope| {
                let threads = Vec::from_iter((0..THREADS).map(|thread| {
                    let (subject, barrier) = (&subject, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        Vec::from_iter((0..KEYS).map(|i| subject.load_or_store(i, thread).expect("load_or_store")))
                    })
                }));
                Vec::from_iter(threads.into_iter().map(|thread| thread.join().expect("a thread")))
            });
            for i in 0..KEYS {
                let winner = subject.load(i).expect("load").expect("somebody stored it");
                for (thread, answers) in answers.iter().enumerate() {
                    let expected = (thread as u64 != winner).then_some(winner);
                    assert_eq!(answers[i as usize], expected, "thread {thread}, key {i}, won by {winner}");
                }
            }
        }
    });
}

#[test]
fn counters_of_compare_and_swap_add_up() {
    share_time(shared_setups(), |setup, deadline| {
        const KEYS: u64 = 4;
        let subject = Subject::new(setup);
        for i in 0..KEYS {
            subject.store(i, 0).expect("store");
        }
        let swaps: u64 = scope(|scope| {
            let threads = Vec::from_iter((0..THREADS).map(|thread| {
                let subject = &subject;
                scope.spawn(move || {
                    let (mut dice, mut swaps) = (Dice::new(thread), 0);
                    while swaps < 50 || Instant::now() < deadline {
                        let i = dice.below(KEYS);
                        let old = subject.load(i).expect("load").expect("it is never deleted");
                        match subject.compare_and_swap(i, old, old + 1).expect("compare_and_swap") {
                            Outcome::Done => swaps += 1,
                            Outcome::Mismatch => {}
                            other => panic!("compare_and_swap answered {other:?}"),
                        }
                    }
                    swaps
                })
            }));
            threads.into_iter().map(|thread| thread.join().expect("a thread")).sum()
        });
        let total: u64 = (0..KEYS).map(|i| subject.load(i).expect("load").expect("a counter")).sum();
        assert_eq!(total, swaps);
    });
}

#[test]
fn counters_of_add_add_up() {
    let setups = shared_setups().into_iter().filter(|setup| setup.value == Width::Word);
    share_time(setups, |setup, deadline| {
        const KEYS: u64 = 50;
        let subject = Subject::new(setup);
        let added: Vec<[u64; KEYS as usize]> = scope(|scope| {
            let threads = Vec::from_iter((0..THREADS).map(|thread| {
                let subject = &subject;
                scope.spawn(move || {
                    let (mut dice, mut added, mut most, mut rounds) =
                        (Dice::new(thread), [0; KEYS as usize], [0; KEYS as usize], 0);
                    while rounds < 1000 || Instant::now() < deadline {
                        rounds += 1;
                        let (i, delta) = (dice.below(KEYS), dice.below(5));
                        let sum = subject.map.add(&subject.key(i), delta).expect("add");
                        added[i as usize] += delta;
                        assert!(sum >= most[i as usize] + delta && sum >= added[i as usize], "a counter decreased");
                        most[i as usize] = sum;
                    }
                    added
                })
            }));
            threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
        });
        for i in 0..KEYS {
            let expected: u64 = added.iter().map(|added| added[i as usize]).sum();
            assert_eq!(subject.map.add(&subject.key(i), 0), Ok(expected), "counter {i}");
        }
    });
}

/// Each update sees the result of the one before it, and its callback is called once.
#[test]
fn counters_of_update_add_up() {
    share_time(shared_setups(), |setup, deadline| {
        const KEYS: u64 = 4;
        let subject = Subject::new(setup);
        let updates: u64 = scope(|scope| {
            let threads = Vec::from_iter((0..THREADS).map(|thread| {
                let subject = &subject;
                scope.spawn(move || {
                    let (mut dice, mut updates) = (Dice::new(thread), 0);
                    while updates < 100 || Instant::now() < deadline {
                        let (mut asked, i) = (0, dice.below(KEYS));
                        let count = |version: Option<u64>| {
                            asked += 1;
                            Some(version.unwrap_or(0) + 1)
                        };
                        subject.update(i, count).expect("update");
                        assert_eq!(asked, 1);
                        updates += 1;
                    }
                    updates
                })
            }));
            threads.into_iter().map(|thread| thread.join().expect("a thread")).sum()
        });
        let total: u64 = (0..KEYS).map(|i| subject.load(i).expect("load").unwrap_or(0)).sum();
        assert_eq!(total, updates);
    });
}

#[test]
fn load_and_delete_returns_each_value_once() {
    share_time(shared_setups(), |setup, deadline| {
        const KEYS: u64 = 8;
        let subject = Subject::new(setup);
        // Each version is stored by one successful `load_or_store`. It must be returned by exactly
        // one `load_and_delete`, during the test or after it.
        let next = AtomicU64::new(1);
        let (mut stored, mut taken) = (Vec::new(), Vec::new());
        scope(|scope| {
            let threads = Vec::from_iter((0..THREADS).map(|thread| {
                let (subject, next) = (&subject, &next);
                scope.spawn(move || {
                    let (mut dice, mut stored, mut taken) = (Dice::new(thread), Vec::new(), Vec::new());
                    while taken.len() < 50 || Instant::now() < deadline {
                        let i = dice.below(KEYS);
                        if dice.below(2) == 0 {
                            let version = next.fetch_add(1, Ordering::Relaxed);
                            if subject.load_or_store(i, version).expect("load_or_store").is_none() {
                                stored.push(version);
                            }
                        } else {
                            taken.extend(subject.load_and_delete(i).expect("load_and_delete"));
                        }
                    }
                    (stored, taken)
                })
            }));
            for thread in threads {
                let (its_stored, its_taken) = thread.join().expect("a thread");
                stored.extend(its_stored);
                taken.extend(its_taken);
            }
        });
        taken.extend((0..KEYS).filter_map(|i| subject.load_and_delete(i).expect("load_and_delete")));
        stored.sort_unstable();
        taken.sort_unstable();
        assert!(stored == taken, "{} values were stored and {} returned", stored.len(), taken.len());
    });
}

/// Readers see intact values of the right key, with versions that never decrease, while the table
/// grows, shrinks and is cleared.
#[test]
fn readers_see_intact_values_in_the_order_of_the_writes() {
    share_time(shared_setups_with_chains(), |setup, deadline| {
        const KEYS: u64 = 64;
        let subject = Subject::new(setup);
        let others = setup.count(2000) as u64;
        let until = |step: &mut dyn FnMut(u64)| {
            let mut round = 0;
            while round < 2 || Instant::now() < deadline {
                step(round);
                round += 1;
            }
        };
        scope(|scope| {
            // One writer stores and deletes the keys that are read, each time with a higher
            // version.
            scope.spawn(|| {
                until(&mut |round| {
                    for i in 0..KEYS {
                        let version = 2 * round + 1;
                        match (i + round) % 5 {
                            0 => drop(subject.delete(i).expect("delete")),
                            1 => drop(subject.swap(i, version).expect("swap")),
                            2 => drop(subject.load_or_store(i, version).expect("load_or_store")),
                            _ => drop(subject.store(i, version).expect("store")),
                        }
                    }
                });
            });
            // Another thread makes the table grow and shrink around them.
            scope.spawn(|| {
                until(&mut |round| {
                    for i in KEYS..KEYS + others {
                        subject.store(i, round).expect("store");
                    }
                    for i in KEYS..KEYS + others {
                        subject.delete(i).expect("delete");
                    }
                    match round % 4 {
                        1 => drop(subject.map.shrink().expect("shrink")),
                        2 => drop(subject.map.reserve(2 * others).expect("reserve")),
                        3 => drop(subject.map.clear().expect("clear")),
                        _ => {}
                    }
                });
            });
            // More readers than processors, so that now and then one is suspended in the middle of
            // a load.
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut latest = [0; KEYS as usize];
                    until(&mut |_| {
                        for (i, latest) in latest.iter_mut().enumerate() {
                            if let Some(version) = subject.load(i as u64).expect("load") {
                                assert!(version >= *latest, "key {i} went back from version {latest} to {version}");
                                *latest = version;
                            }
                        }
                    });
                });
            }
        });
    });
}

/// An existing key is found and a missing key is not, while the table grows and shrinks. There are
/// more readers than processors, so now and then one is suspended in the middle of a load and
/// continues when the table has another shape.
#[test]
fn growth_hides_no_key_and_invents_none() {
    const READERS: u64 = 4;
    share_time(shared_setups_with_chains(), |setup, deadline| {
        let stable = setup.count(200) as u64;
        let others = setup.count(1500) as u64;
        let subject = Subject::new(&Setup { shards: 1, ..*setup });
        for i in 0..stable {
            subject.store(2 * i, 7).expect("store");
        }
        scope(|scope| {
            scope.spawn(|| {
                let mut rounds = 0;
                while rounds < 2 || Instant::now() < deadline {
                    rounds += 1;
                    for i in 0..others {
                        subject.store(100_000 + i, 1).expect("store");
                    }
                    for i in 0..others {
                        subject.delete(100_000 + i).expect("delete");
                    }
                    subject.map.shrink().expect("shrink");
                }
            });
            for reader in 0..READERS {
                let subject = &subject;
                scope.spawn(move || {
                    let mut rounds = 0;
                    while rounds < 2 || Instant::now() < deadline {
                        rounds += 1;
                        for i in (0..stable).map(|i| (i + reader * stable / READERS) % stable) {
                            assert_eq!(subject.load(2 * i), Ok(Some(7)), "key {} exists all the time", 2 * i);
                            assert_eq!(subject.load(2 * i + 1), Ok(None), "key {} was never stored", 2 * i + 1);
                        }
                    }
                });
            }
        });
    });
}

/// A write has taken effect when it returns. Two threads each store a key of their own and then
/// load the other's. At least one must see the other's store. Both would miss it if a store could
/// still be in its processor's store buffer when the call returns.
#[test]
fn of_two_threads_that_store_then_load_one_sees_the_other() {
    const PHASES: u64 = 3;
    share_time(shared_setups(), |setup, deadline| {
        let subject = Subject::new(setup);
        let [reached, missed] = [const { [const { AtomicU64::new(0) }; 2] }; 2];
        let last = AtomicU64::new(u64::MAX);
        // Both threads start each phase at the same time, as nearly as possible.
        let meet = |me: usize, phase: u64| {
            reached[me].store(phase, Ordering::Release);
            let (mut turns, started) = (0u64, Instant::now());
            while reached[1 - me].load(Ordering::Acquire) < phase {
                turns += 1;
                if turns % 4096 == 0 {
                    assert!(started.elapsed().as_secs() < 60, "the other thread is gone");
                    std::thread::yield_now();
                }
                std::hint::spin_loop();
            }
        };
        let run = |me: usize| {
            for round in 1..=u64::MAX {
                if me == 0 && round > 100 && Instant::now() >= deadline {
                    last.store(round, Ordering::Relaxed);
                }
                meet(me, PHASES * round);
                if last.load(Ordering::Relaxed) == round {
                    return;
                }
                subject.store(me as u64, round).expect("store");
                let seen = subject.load(1 - me as u64).expect("load");
                missed[me].store(u64::from(seen != Some(round)), Ordering::Relaxed);
                meet(me, PHASES * round + 1);
                let both = missed.iter().all(|missed| missed.load(Ordering::Relaxed) == 1);
                assert!(!both, "in round {round} both threads missed each other");
                meet(me, PHASES * round + 2);
            }
        };
        scope(|scope| {
            scope.spawn(|| run(0));
            run(1);
        });
    });
}
