//! Promise: the library starts no threads, and no thread needs any cleanup at its end. Maps can be
//! made, used and dropped by short-lived threads, even in the destructors of their thread-locals.

use crate::support::Setup;
use crate::support::process::alone;
use crate::support::setup::{KINDS, for_each};
use crate::support::subject::{Subject, shared_setups};
use portolan::map::{Kind, Width};
use std::cell::RefCell;
use std::sync::Arc;
use std::thread::{scope, spawn};

#[test]
fn there_are_no_hidden_threads() {
    alone("threads::counts_its_threads");
}

/// Run by `there_are_no_hidden_threads`.
#[test]
#[ignore = "needs a process of its own"]
fn counts_its_threads() {
    let threads = || std::fs::read_dir("/proc/self/task").expect("Linux lists the process's threads").count();
    let before = threads();
    for_each(shared_setups(), |setup| {
        let subject = Subject::new(setup);
        for i in 0..5000 {
            subject.store(i, 1).expect("store");
        }
        for i in 0..5000 {
            subject.delete(i).expect("delete");
        }
        subject.map.shrink().expect("shrink");
        assert_eq!(threads(), before, "a map has started a thread");
    });
}

#[test]
fn threads_come_and_go() {
    for_each(shared_setups(), |setup| {
        let subject = Subject::new(setup);
        for round in 0..100 {
            scope(|scope| {
                for thread in 0..2 {
                    let subject = &subject;
                    scope.spawn(move || {
                        for i in 0..20 {
                            subject.store(1000 * thread + i, round).expect("store");
                            assert_eq!(subject.load(1000 * thread + i), Ok(Some(round)));
                        }
                    });
                }
            });
        }
        assert_eq!(subject.map.len(), Ok(40));
    });
}

/// Even a bucketed map may move between threads, as long as they use it one at a time.
#[test]
fn a_map_may_move_from_thread_to_thread() {
    for_each(KINDS.map(|kind| Setup::new(kind, Width::Bytes, Width::Bytes)), |setup| {
        let mut subject = spawn({
            let setup = *setup;
            move || Subject::new(&setup)
        })
        .join()
        .expect("a thread");
        for i in 0..50 {
            subject = spawn(move || {
                subject.store(i, i).expect("store");
                assert_eq!(subject.load(i / 2), Ok(Some(i / 2)));
                subject
            })
            .join()
            .expect("a thread");
        }
        assert_eq!(subject.map.len(), Ok(50));
    });
}

/// A map is used while a thread's thread-locals are destroyed, and its last owner is one of them.
#[test]
fn a_map_works_in_the_destructor_of_a_thread_local() {
    struct Last(Arc<Subject>);
    impl Drop for Last {
        fn drop(&mut self) {
            let subject = &self.0;
            for i in 0..300 {
                let answers = (subject.store(i, 2), subject.load(i), subject.delete(i));
                if answers.1 != Ok(Some(2)) {
                    std::process::abort(); // a panic here would not fail the test
                }
            }
            subject.store(1000, 1).ok();
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    for_each(shared_setups(), |setup| {
        let subject = Arc::new(Subject::new(setup));
        let theirs = subject.clone();
        // The thread-local is set before the thread first uses the map. So it is destroyed after
        // any thread-local that the map may use.
        spawn(move || {
            LAST.with(|last| *last.borrow_mut() = Some(Last(theirs.clone())));
            theirs.store(2000, 1).expect("store");
        })
        .join()
        .expect("a thread");
        assert_eq!(subject.load(1000), Ok(Some(1)), "the destructor has run");
        assert_eq!(subject.map.len(), Ok(2));

        let (subject, kind) = (Subject::new(setup), setup.kind);
        spawn(move || LAST.with(|last| *last.borrow_mut() = Some(Last(Arc::new(subject))))).join().expect("a thread");
        assert_ne!(kind, Kind::Bucketed);
    });
}
