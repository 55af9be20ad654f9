//! No code of the user runs while the library holds a lock, or anything else that blocks others, but for the callback of an
//! update. That one is refused by its own map, and never hangs.

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

/// Long enough for any machine to make a few calls; a deadlock takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A map of some entries, without those that callbacks make.
fn filled(setup: &Setup) -> Subject {
    let subject = Subject::new(setup);
    for i in 0..40 {
        subject.store(i, 0).expect("store");
    }
    subject
}

/// Calls everything there is to call, all of it on the map that is being iterated.
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

/// While a callback waits, other threads do all they want.
#[test]
fn a_waiting_callback_holds_nobody_up() {
    setup::for_each(shared_setups(), |setup| {
        let subject = filled(setup);
        for judging in [false, true] {
            let ((ask, asked), (answer, answered)) = (channel::<()>(), channel::<()>());
            scope(|scope| {
                let subject = &subject;
                scope.spawn(move || {
                    for () in asked {
                        call_everything(subject);
                        answer.send(()).expect("somebody waits");
                    }
                });
                let mut wait = |_: &[u8], _: &[u8]| {
                    ask.send(()).expect("somebody listens");
                    answered.recv_timeout(PATIENCE).expect("the other thread was held up by a callback");
                    !judging
                };
                if judging {
                    assert_eq!(subject.map.delete_if(&mut wait), Ok(0));
                } else {
                    assert_eq!(subject.map.range(&mut wait), Ok(Outcome::Done));
                }
                drop(ask);
            });
        }
    });
}

/// The one callback under a lock: its own thread is refused on the same map, and free on another.
#[test]
fn an_update_refuses_its_own_thread_and_never_hangs() {
    for_each_kind(|setup| {
        let setup = *setup;
        watched(move |say| {
            let (subject, other) = (filled(&setup), filled(&setup));
            let before = subject.update(7, |_| {
                call_everything_in_vain(&subject, &other, say);
                say.send("everything on another map".into()).expect("somebody listens");
                call_everything(&other);
                let inner = other.update(7, |_| {
                    call_everything_in_vain(&subject, &other, say);
                    call_everything_in_vain(&other, &subject, say);
                    Some(2)
                });
                assert_eq!(inner, Ok(Some(0)));
                assert_eq!(other.load(7), Ok(Some(2)));
                call_everything_in_vain(&subject, &other, say);
                Some(3)
            });
            assert_eq!(before, Ok(Some(0)));
            assert_eq!(subject.load(7), Ok(Some(3)));
            call_everything(&subject);
        });
    });
}

/// Runs `test` in a thread of its own. It says what it is about to do; when it never gets done, that is a failure, and does not
/// hold up the other tests.
fn watched(test: impl FnOnce(&Sender<String>) + Send + 'static) {
    let (say, said) = channel();
    let thread = spawn(move || test(&say));
    let mut last = "the first call".into();
    loop {
        match said.recv_timeout(PATIENCE) {
            Ok(next) => last = next,
            Err(RecvTimeoutError::Timeout) => panic!("{last} has not returned"),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// Calls everything there is to call on a map that this thread is updating.
fn call_everything_in_vain(subject: &Subject, other: &Subject, say: &Sender<String>) {
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
        ("equal, the other way round", &|| other.map.equal(map).map(drop)),
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

/// Another thread is not refused: it waits for the key, or does its work beside the update.
#[test]
fn an_update_makes_others_wait_and_no_more() {
    setup::for_each(shared_setups(), |setup| {
        let subject = filled(setup);
        let (started, waiting) = channel::<()>();
        scope(|scope| {
            let subject = &subject;
            scope.spawn(move || {
                waiting.recv_timeout(PATIENCE).expect("the update has begun");
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

/// A callback that panics leaves no lock behind.
#[test]
fn a_callback_may_panic() {
    for_each_kind(|setup| {
        let subject = filled(setup);
        for judging in [false, true] {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let mut visited = 0;
                let mut body = |_: &[u8], _: &[u8]| {
                    visited += 1;
                    assert!(visited < 5, "the fifth visit panics");
                    !judging
                };
                if judging {
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
