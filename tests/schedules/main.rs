//! Whole maps under shuttle, a scheduler that decides at each access of shared memory which thread
//! runs next. It draws schedules at random, or with few switches between threads at unlikely
//! places. Loom's models try every interleaving of a few steps. These tests draw from the
//! interleavings of whole operations, with growth, shrinking, promotion and iteration.
//! `ci/schedules.sh` runs them; without `--cfg shuttle` this file is empty. A failure prints its
//! schedule, which `shuttle::replay` can run again.

#![cfg(shuttle)]
#![allow(clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

use portolan::map::{Column, ColumnWriter, Error, Kind, Outcome, Width};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::thread::{JoinHandle, spawn};
use std::collections::HashSet;
use std::mem::MaybeUninit;
use std::sync::Arc;
use support::history::{Call, History, Moment};
use support::operations::Operation;
use support::subject::{Dice, Subject, shared_setups_with_chains};
use support::{Setup, pages};

/// Switches between threads in a schedule of the second sort.
const CHANGES: usize = 3;

/// Schedules of each sort for each setup: PORTOLAN_SCHEDULES. The default takes a minute in all.
fn schedules() -> usize {
    std::env::var("PORTOLAN_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(30)
}

fn run(scheduler: impl Scheduler + 'static, scenario: impl Fn() + Send + Sync + 'static) {
    let mut config = shuttle::Config::new();
    config.stack_size = 1 << 18;
    config.max_steps = shuttle::MaxSteps::FailAfter(10_000_000);
    shuttle::Runner::new(scheduler, config).run(scenario);
}

/// Runs a scenario on each kind of map that threads may share, with all keys in one table. The
/// fixed seeds make every schedule repeatable.
fn for_each_setup(scenario: impl Fn(&Arc<Subject>) + Clone + Send + Sync + 'static) {
    support::setup::for_each(shared_setups_with_chains(), |setup| {
        let (setup, scenario) = (Setup { seed: 7, shards: 1, ..*setup }, scenario.clone());
        let whole = move || scenario(&Arc::new(Subject::new(&setup)));
        run(RandomScheduler::new_from_seed(1, schedules()), whole.clone());
        run(PctScheduler::new_from_seed(1, CHANGES, schedules()), whole);
    });
}

fn all<R: 'static>(threads: Vec<JoinHandle<R>>) -> Vec<R> {
    threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
}

#[test]
fn histories_of_one_key_are_linearizable() {
    const KEYS: u64 = 2;
    for_each_setup(|subject| {
        let threads = (0..3u64).map(|thread| {
            let subject = subject.clone();
            spawn(move || {
                let (mut dice, mut calls) = (Dice::new(thread), Vec::new());
                for step in 0..7 {
                    // Other keys are stored and deleted, so that the table grows, splits, shrinks
                    // and is promoted.
                    let others = 100 + 20 * thread;
                    match dice.below(8) {
                        0 => _ = subject.map.shrink().expect("shrink"),
                        1 => pages::scan(&subject.map, 3, |_, _| ()),
                        2..5 => (0..8).for_each(|i| _ = subject.store(others + i, step).expect("store")),
                        _ => (0..8).for_each(|i| _ = subject.delete(others + i).expect("delete")),
                    }
                    let key = dice.below(KEYS);
                    let start = Moment::now();
                    if dice.below(12) == 0 {
                        subject.map.clear().expect("clear");
                        let call = Call { operation: Operation::Delete {}, answer: None, start, end: Moment::now() };
                        calls.extend((0..KEYS).map(|key| (key, call)));
                    } else {
                        let (operation, answer) = subject.act(key, &mut dice);
                        calls.push((key, Call { operation, answer: Some(answer), start, end: Moment::now() }));
                    }
                }
                calls
            })
        });
        let calls = all(threads.collect()).concat();
        for key in 0..KEYS {
            let history = History::new(calls.iter().filter(|call| call.0 == key).map(|call| call.1).collect());
            assert!(history.is_linearizable(), "no order explains what happened to key {key}:\n{history}");
        }
    });
}

#[test]
fn stable_keys_are_visited_once_and_others_at_most_once() {
    const STABLE: u64 = 12;
    for_each_setup(|subject| {
        for i in 0..STABLE {
            subject.store(i, 0).expect("store");
        }
        let changes = (0..2u64).map(|thread| {
            let subject = subject.clone();
            spawn(move || {
                let others = STABLE + 20 * thread..STABLE + 20 * (thread + 1);
                others.clone().for_each(|i| _ = subject.store(i, 1).expect("store"));
                (0..STABLE).for_each(|i| _ = subject.swap(i, thread + 1).expect("swap"));
                others.clone().for_each(|i| _ = subject.delete(i).expect("delete"));
                subject.map.shrink().expect("shrink");
            })
        });
        let changes = Vec::from_iter(changes);
        for page in [1, 5] {
            let mut seen = HashSet::new();
            let mut visit =
                |key: &[u8], value: &[u8]| assert!(seen.insert(subject.read(key, value).0), "a key was visited twice");
            if page == 1 {
                pages::scan(&subject.map, page, visit);
            } else {
                let outcome = subject.map.range(&mut |key, value| {
                    visit(key, value);
                    true
                });
                assert_eq!(outcome, Ok(Outcome::Done));
            }
            assert!((0..STABLE).all(|i| seen.contains(&i)), "not all stable keys were visited: {seen:?}");
        }
        all(changes);
        assert_eq!(subject.map.len(), Ok(STABLE));
    });
}

/// Each callback runs once and alone with its key, and only its own thread's calls are refused.
#[test]
fn counters_of_update_add_up_while_the_map_grows() {
    const EACH: u64 = 4;
    for_each_setup(|subject| {
        let threads = (0..3u64).map(|thread| {
            let subject = subject.clone();
            spawn(move || {
                for step in 0..EACH {
                    subject.update(0, |version| Some(version.unwrap_or(0) + 1)).expect("update");
                    (0..4).for_each(|i| _ = subject.store(100 * (thread + 1) + 4 * step + i, 1).expect("store"));
                }
            })
        });
        all(threads.collect());
        assert_eq!((subject.load(0), subject.map.len()), (Ok(Some(3 * EACH)), Ok(1 + 3 * 4 * EACH)));
    });
}

/// The first update of a map starts the detection of calls from callbacks. Two threads may both be
/// the first.
#[test]
fn of_two_first_updates_neither_lets_its_callback_in() {
    let scenario = || {
        let subject = Arc::new(Subject::new(&Setup {
            seed: 7,
            shards: 1,
            ..Setup::new(Kind::Sharded, Width::Word, Width::Word)
        }));
        let threads = (0..2u64).map(|thread| {
            let subject = subject.clone();
            spawn(move || {
                let callback = |_| {
                    assert_eq!(subject.map.load_u64(thread), Err(Error::Reentrant));
                    assert_eq!(subject.map.store_u64(thread, 1), Err(Error::Reentrant));
                    Some(1)
                };
                assert_eq!(subject.update(thread, callback), Ok(None));
            })
        });
        all(threads.collect());
    };
    run(RandomScheduler::new_from_seed(1, 50 * schedules()), scenario);
    run(PctScheduler::new_from_seed(1, CHANGES, 50 * schedules()), scenario);
}

/// A batch may read a value and then find that a writer disturbed it. That value must not be in the
/// result.
#[test]
fn a_batch_returns_no_value_for_a_missing_key() {
    for_each_setup(|subject| {
        let writer = {
            let subject = subject.clone();
            spawn(move || {
                for version in 1..6 {
                    subject.store(1, version).expect("store");
                    subject.delete(1).expect("delete");
                }
            })
        };
        for _ in 0..4 {
            let (mut buffer, mut offsets) = ([MaybeUninit::uninit(); 1024], [MaybeUninit::uninit(); 2]);
            let key = subject.key(1);
            let mut values = ColumnWriter::new(&mut buffer, Some(&mut offsets));
            let mut outcome = None;
            let key_offsets = [0, key.len()];
            let keys = Column::new(&key, Some(&key_offsets), 1).expect("one key");
            subject
                .map
                .load_many(keys, &mut values, |_, result| outcome = Some(result.expect("load")))
                .expect("load_many");
            if outcome == Some(Outcome::NotFound) {
                let is_word = subject.setup.value == Width::Word;
                assert_eq!(values.iter().collect::<Vec<_>>(), [if is_word { &[0; 8][..] } else { &[] }]);
            }
            if (subject.setup.key, subject.setup.value) == (Width::Word, Width::Word) {
                let mut value = [MaybeUninit::uninit()];
                let values = subject
                    .map
                    .load_many_u64(&[1], &mut value, |_, result| outcome = Some(result.expect("load")))
                    .expect("load_many");
                assert!(outcome == Some(Outcome::Done) || values == [0], "{outcome:?} with {values:?}");
            }
        }
        all(vec![writer]);
    });
}
