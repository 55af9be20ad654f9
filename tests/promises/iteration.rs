//! Promise: an iteration visits a key that exists all the time exactly once, and any other key at
//! most once, whatever other threads do.

use crate::support::pages::scan;
use crate::support::subject::{Subject, share_time, shared_setups, shared_setups_with_chains};
use crate::support::{Setup, setup};
use portolan::map::Outcome;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::Instant;

/// Stable keys exist all the time. They are spread among keys that are stored and deleted.
fn is_stable(i: u64) -> bool {
    i.is_multiple_of(4)
}

/// The keys that one iteration has visited.
struct Seen<'a> {
    subject: &'a Subject,
    numbers: HashSet<u64>,
}

impl<'a> Seen<'a> {
    fn new(subject: &'a Subject) -> Self {
        Self { subject, numbers: HashSet::new() }
    }

    fn add(&mut self, key: &[u8], value: &[u8]) {
        let (i, _) = self.subject.read(key, value);
        assert!(self.numbers.insert(i), "key {i} was visited twice");
    }

    fn check(&self, count: u64) {
        let missed: Vec<u64> = (0..count).filter(|i| is_stable(*i) && !self.numbers.contains(i)).collect();
        assert!(missed.is_empty(), "{} stable keys were not visited: {missed:?}", missed.len());
    }
}

/// Runs `iterate` repeatedly while another thread makes the map grow and shrink around the stable
/// keys.
fn while_the_map_changes(setup: &Setup, deadline: Instant, iterate: impl Fn(&Subject, &mut Seen<'_>)) {
    let subject = Subject::new(setup);
    let (count, most) = (setup.count(400) as u64, setup.count(3000) as u64);
    for i in 0..count {
        subject.store(i, 0).expect("store");
    }
    let over = AtomicBool::new(false);
    scope(|scope| {
        scope.spawn(|| {
            let mut round = 1;
            while !over.load(Ordering::Relaxed) {
                for i in (0..most).filter(|i| *i >= count || !is_stable(*i)) {
                    subject.store(i, round).expect("store");
                }
                for i in (0..count).filter(|i| is_stable(*i)) {
                    subject.store(i, round).expect("store");
                }
                for i in (0..most).filter(|i| *i >= count || !is_stable(*i)) {
                    subject.delete(i).expect("delete");
                }
                if round % 2 == 0 {
                    subject.map.shrink().expect("shrink");
                }
                round += 1;
            }
        });
        let mut iterations = 0;
        // The other thread must end even if an iteration fails.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while iterations < 2 || Instant::now() < deadline {
                iterations += 1;
                let mut seen = Seen::new(&subject);
                iterate(&subject, &mut seen);
                seen.check(count);
            }
        }));
        over.store(true, Ordering::Relaxed);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

#[test]
fn range_visits_stable_keys_once_while_the_map_changes() {
    share_time(shared_setups_with_chains(), |setup, deadline| {
        while_the_map_changes(setup, deadline, |subject, seen| {
            let outcome = subject.map.range(&mut |key, value| {
                seen.add(key, value);
                true
            });
            assert_eq!(outcome, Ok(Outcome::Done));
        });
    });
}

#[test]
fn scan_visits_stable_keys_once_while_the_map_changes() {
    share_time(shared_setups_with_chains(), |setup, deadline| {
        for page in [1, 7, 100] {
            while_the_map_changes(setup, deadline, |subject, seen| {
                scan(&subject.map, page, |key, value| seen.add(key, value))
            });
        }
    });
}

#[test]
fn delete_if_tests_stable_keys_once_while_the_map_changes() {
    share_time(shared_setups_with_chains(), |setup, deadline| {
        while_the_map_changes(setup, deadline, |subject, seen| {
            let deleted = subject.map.delete_if(&mut |key, value| {
                seen.add(key, value);
                !is_stable(subject.read(key, value).0)
            });
            assert!(deleted.is_ok(), "delete_if: {deleted:?}");
        });
    });
}

#[test]
fn clone_copies_stable_keys_while_the_map_changes() {
    share_time(shared_setups_with_chains(), |setup, deadline| {
        while_the_map_changes(setup, deadline, |subject, seen| {
            let copy = subject.map.clone_into(setup.config()).expect("a clone");
            let mut len = 0;
            copy.range(&mut |key, value| {
                len += 1;
                seen.add(key, value);
                true
            })
            .expect("range");
            assert_eq!(copy.len(), Ok(len));
        });
    });
}

/// While other threads write, `len` is not exact. It must still lie between the number of stable
/// keys and that of all keys.
#[test]
fn len_stays_plausible_while_the_map_changes() {
    share_time(shared_setups_with_chains(), |setup, deadline| {
        let (count, most) = (setup.count(400) as u64, setup.count(3000) as u64);
        while_the_map_changes(setup, deadline, |subject, seen| {
            let stable = (0..count).filter(|i| is_stable(*i)).count() as u64;
            let len = subject.map.len().expect("len");
            assert!((stable..=most).contains(&len), "len returned {len}");
            seen.numbers.extend(0..count);
        });
    });
}

/// Two threads iterate at the same time. Both visit every entry.
#[test]
fn iterations_can_run_at_the_same_time() {
    share_time(shared_setups_with_chains(), |setup, deadline| {
        let subject = Subject::new(setup);
        for i in 0..setup.count(400) as u64 {
            subject.store(i, 0).expect("store");
        }
        let iterate = || {
            let mut rounds = 0;
            while rounds < 2 || Instant::now() < deadline {
                rounds += 1;
                let mut seen = Seen::new(&subject);
                if rounds % 2 == 0 {
                    scan(&subject.map, 9, |key, value| seen.add(key, value));
                } else {
                    subject
                        .map
                        .range(&mut |key, value| {
                            seen.add(key, value);
                            true
                        })
                        .expect("range");
                }
                assert_eq!(seen.numbers.len(), setup.count(400));
            }
        };
        scope(|scope| {
            scope.spawn(iterate);
            scope.spawn(iterate);
        });
    });
}

#[test]
fn each_range_starts_at_a_different_entry() {
    setup::for_each(shared_setups(), |setup| {
        let subject = Subject::new(setup);
        (0..500).for_each(|i| _ = subject.store(i, 0).expect("store"));
        let first = |_| {
            let mut first = None;
            let outcome = subject.map.range(&mut |key, value| {
                first = Some(subject.read(key, value).0);
                false
            });
            assert_eq!(outcome, Ok(Outcome::End));
            first
        };
        let begun: HashSet<_> = (0..20).map(first).collect();
        assert!(begun.len() > 10, "twenty ranges started at these keys: {begun:?}");
    });
}
