//! Promise: the library calls no code of the user while it holds a lock or blocks other threads in
//! another way. The one exception is the callback of an update. Its calls on the same map are
//! refused, so it cannot deadlock.

use crate::support::operations::OPERATIONS;
use crate::support::rust::{call_bytes, call_words};
use crate::support::setup::KINDS;
use crate::support::subject::{Subject, shared_setups};
use crate::support::{Answer, Setup, Status, setup};
use portolan::map::{Column, ColumnWriter, Decision, Error, Map, Outcome, Width};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{scope, spawn};
use std::time::Duration;

/// If a few calls take longer than this, it is a deadlock.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A map of 40 entries.
fn filled(setup: &Setup) -> Subject {
    let subject = Subject::new(setup);
    for i in 0..40 {
        subject.store(i, 0).expect("store");
    }
    subject
}

/// Calls every function on the map. Leaves its 40 entries unchanged.
fn call_everything(subject: &Subject) {
    let own = 1_000_000;
    subject.store(own, 1).expect("store");
    assert_eq!(subject.load(own), Ok(Some(1)));
    assert_eq!(subject.swap(own, 2), Ok(Some(1)));
    assert_eq!(subject.load_or_store(own, 3), Ok(Some(2)));
    assert_eq!(subject.compare_and_swap(own, 2, 4), Ok(Outcome::Done));
    assert_eq!(subject.compare_and_delete(own, 4), Ok(Outcome::Done));
    assert_eq!(subject.delete(own), Ok(Outcome::NotFound));
    if subject.setup.value == Width::Word {
        assert_eq!(subject.map.add(&subject.key(own), 1), Ok(1));
        assert_eq!(subject.map.delete(&subject.key(own)), Ok(Outcome::Done));
    }
    assert_eq!(subject.map.len(), Ok(40));
    assert_eq!(subject.map.equal(&subject.map), Ok(Outcome::Done));
    subject.map.reserve(100).expect("reserve");
    subject.map.shrink().expect("shrink");
    let copy: Map = subject.map.clone_into(subject.setup.config()).expect("clone");
    assert_eq!(copy.equal(&subject.map), Ok(Outcome::Done));
    assert_eq!(subject.map.delete_if(&mut |_, _| false), Ok(0));
    assert_eq!(subject.map.range(&mut |_, _| false), Ok(Outcome::End));
    subject.map.stats().expect("stats");
}

fn for_each_kind(test: impl Fn(&Setup)) {
    setup::for_each(Setup::of_types(&KINDS), test);
}

#[test]
fn a_callback_may_call_everything_on_its_own_map() {
    for_each_kind(|setup| {
        let subject = filled(setup);
        let mut visited = 0;
        let outcome = subject.map.range(&mut |_, _| {
            call_everything(&subject);
            visited += 1;
            true
        });
        assert_eq!((outcome, visited), (Ok(Outcome::Done), 40));
        let deleted = subject.map.delete_if(&mut |_, _| {
            call_everything(&subject);
            false
        });
        assert_eq!(deleted, Ok(0));
    });
}

#[test]
fn a_callback_may_clear_its_map() {
    for_each_kind(|setup| {
        let subject = filled(setup);
        let mut visited = 0;
        let outcome = subject.map.range(&mut |key, value| {
            subject.read(key, value);
            subject.map.clear().expect("clear");
            visited += 1;
            visited < 1000
        });
        assert!(outcome.is_ok() && (1..=40).contains(&visited), "{outcome:?} after {visited} visits");
        assert_eq!(subject.map.len(), Ok(0));
    });
}

/// While a callback waits, other threads can call every function on the map.
#[test]
fn a_waiting_callback_blocks_no_other_thread() {
    setup::for_each(shared_setups(), |setup| {
        let subject = filled(setup);
        for deleting in [false, true] {
            let ((ask, asked), (answer, answered)) = (channel::<()>(), channel::<()>());
            scope(|scope| {
                let subject = &subject;
                scope.spawn(move || {
                    for () in asked {
                        call_everything(subject);
                        answer.send(()).expect("somebody waits");
                    }
                });
                let mut callback = |_: &[u8], _: &[u8]| {
                    ask.send(()).expect("somebody listens");
                    answered.recv_timeout(TIMEOUT).expect("a callback blocked the other thread");
                    !deleting
                };
                if deleting {
                    assert_eq!(subject.map.delete_if(&mut callback), Ok(0));
                } else {
                    assert_eq!(subject.map.range(&mut callback), Ok(Outcome::Done));
                }
                drop(ask);
            });
        }
    });
}

/// An update's callback runs with a lock held. Its calls on the same map are refused; its calls on
/// another map are not.
#[test]
fn an_update_refuses_calls_from_its_callback() {
    for_each_kind(|setup| {
        let setup = *setup;
        watched(move |say| {
            let (subject, other) = (filled(&setup), filled(&setup));
            let before = subject.update(7, |_| {
                assert_everything_is_refused(&subject, &other, say);
                say.send("a call on another map".into()).expect("somebody listens");
                call_everything(&other);
                let inner = other.update(7, |_| {
                    assert_everything_is_refused(&subject, &other, say);
                    assert_everything_is_refused(&other, &subject, say);
                    Some(2)
                });
                assert_eq!(inner, Ok(Some(0)));
                assert_eq!(other.load(7), Ok(Some(2)));
                assert_everything_is_refused(&subject, &other, say);
                Some(3)
            });
            assert_eq!(before, Ok(Some(0)));
            assert_eq!(subject.load(7), Ok(Some(3)));
            call_everything(&subject);
        });
    });
}

/// Runs `test` in a thread of its own, which announces each call. If one does not return, this
/// fails and names it, and the other tests can go on.
fn watched(test: impl FnOnce(&Sender<String>) + Send + 'static) {
    let (say, said) = channel();
    let thread = spawn(move || test(&say));
    let mut last = "the first call".into();
    loop {
        match said.recv_timeout(TIMEOUT) {
            Ok(next) => last = next,
            Err(RecvTimeoutError::Timeout) => panic!("{last} has not returned"),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// Calls every function on a map that this thread is updating. All must be refused.
fn assert_everything_is_refused(subject: &Subject, other: &Subject, say: &Sender<String>) {
    let (map, word, key) = (&subject.map, 1, subject.key(8));
    let offsets = [0, key.len()];
    let keys = || Column::new(&key, Some(&offsets), 1).expect("one key");
    let no_room = || ColumnWriter::new(&mut [], None);
    type Call<'a> = (&'static str, &'a dyn Fn() -> Result<(), Error>);
    let calls: &[Call<'_>] = &[
        ("add", &|| map.add(&key, 1).map(drop)),
        ("update", &|| map.update(&key, &mut |_| Ok(Decision::Delete)).map(drop)),
        ("load_many", &|| map.load_many(keys(), &mut no_room(), |_, _| {})),
        ("store_many", &|| map.store_many(keys(), keys(), |_, _| {})),
        ("delete_many", &|| map.delete_many(keys(), |_, _| {})),
        ("add_u64", &|| map.add_u64(word, 1).map(drop)),
        ("load_many_u64", &|| map.load_many_u64(&[word], &mut [MaybeUninit::uninit()], |_, _| {}).map(drop)),
        ("store_many_u64", &|| map.store_many_u64(&[word], &[1], |_, _| {})),
        ("delete_many_u64", &|| map.delete_many_u64(&[word], |_, _| {})),
        ("len", &|| map.len().map(drop)),
        ("clear", &|| map.clear().map(drop)),
        ("reserve", &|| map.reserve(100).map(drop)),
        ("shrink", &|| map.shrink().map(drop)),
        ("range", &|| map.range(&mut |_, _| true).map(drop)),
        ("delete_if", &|| map.delete_if(&mut |_, _| true).map(drop)),
        ("clone", &|| map.clone_into(subject.setup.config()).map(drop)),
        ("stats", &|| map.stats().map(drop)),
        ("equal", &|| map.equal(&other.map).map(drop)),
        ("equal, called on the other map", &|| other.map.equal(map).map(drop)),
        ("inspect", &|| map.inspect(0, 0, 0).map(drop)),
        ("begin_scan", &|| map.begin_scan().map(drop)),
        ("scan", &|| map.scan(&mut 0, 0, &mut no_room(), &mut no_room()).map(drop)),
        ("scan_u64", &|| map.scan_u64(&mut 0, 0, &mut [MaybeUninit::uninit()], &mut [], &mut 0).map(drop)),
    ];
    for (name, call) in calls {
        say.send((*name).into()).expect("somebody listens");
        assert_eq!(call(), Err(Error::Reentrant), "{name}");
    }
    for operation in OPERATIONS {
        say.send(format!("{operation:?}")).expect("somebody listens");
        let (values, refused) = (operation.map(|_| &[0; 8][..]), Answer::Plain(Status::Reentrant));
        assert_eq!(call_bytes(map, values, &[0; 8], 512), refused, "{operation:?}");
        assert_eq!(call_words(map, operation.map(|_| 1), word), refused, "{operation:?} of words");
    }
}

/// Another thread is not refused during an update: it waits for the key.
#[test]
fn an_update_makes_other_threads_wait() {
    setup::for_each(shared_setups(), |setup| {
        let subject = filled(setup);
        let (started, waiting) = channel::<()>();
        scope(|scope| {
            let subject = &subject;
            scope.spawn(move || {
                waiting.recv_timeout(TIMEOUT).expect("the update has begun");
                assert_eq!(subject.swap(1, 9), Ok(Some(5)), "the update came first");
            });
            let update = |before: Option<u64>| {
                assert_eq!(before, Some(0));
                started.send(()).expect("somebody listens");
                std::thread::sleep(Duration::from_millis(20));
                Some(5)
            };
            assert_eq!(subject.update(1, update), Ok(Some(0)));
        });
        assert_eq!(subject.load(1), Ok(Some(9)));
    });
}

/// A callback that panics leaves no lock held.
#[test]
fn a_callback_may_panic() {
    for_each_kind(|setup| {
        let subject = filled(setup);
        for deleting in [false, true] {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let mut visited = 0;
                let mut body = |_: &[u8], _: &[u8]| {
                    visited += 1;
                    assert!(visited < 5, "the fifth visit panics");
                    !deleting
                };
                if deleting {
                    subject.map.delete_if(&mut body).map(|_| ())
                } else {
                    subject.map.range(&mut body).map(|_| ())
                }
            }));
            assert!(result.is_err());
            call_everything(&subject);
        }
        let update = || subject.update(3, |_| panic!("under the lock"));
        assert!(catch_unwind(AssertUnwindSafe(update)).is_err());
        assert_eq!(subject.load(3), Ok(Some(0)), "the update that panicked changed nothing");
        call_everything(&subject);
    });
}
