//! The checker itself is tested: it must reject histories that contain a bug.

use crate::support::history::{Call, History, Moment};
use crate::support::operations::Operation::{self, *};
use crate::support::subject::{Dice, Subject};
use crate::support::{Answer, Status};
use portolan::map::{Kind, Width};

const OK: Option<Answer<u64>> = Some(Answer::Plain(Status::Ok));
const NOT_FOUND: Option<Answer<u64>> = Some(Answer::Plain(Status::NotFound));
const NO_ANSWER: Option<Answer<u64>> = None;

fn found(value: u64) -> Option<Answer<u64>> {
    Some(Answer::Value(Status::Ok, value))
}

fn loaded(value: u64) -> Option<Answer<u64>> {
    Some(Answer::Value(Status::Loaded, value))
}

fn store(value: u64) -> Operation<u64> {
    Store { value }
}

#[test]
fn the_checker_finds_planted_bugs() {
    let call = |operation, answer, start, end| Call { operation, answer, start: Moment(start), end: Moment(end) };
    let right = [
        call(store(1), OK, 0, 10),
        call(Load {}, NOT_FOUND, 1, 2),
        call(Load {}, found(1), 3, 4),
        call(Swap { value: 2 }, loaded(1), 11, 20),
        call(LoadOrStore { value: 0 }, loaded(2), 12, 18),
        call(CompareAndSwap { old: 2, new: 1 }, OK, 13, 25),
        call(Delete {}, OK, 21, 30),
        call(LoadAndDelete {}, NOT_FOUND, 31, 32),
        call(store(1), OK, 33, 34),
        call(Delete {}, NO_ANSWER, 35, 36),
        call(Load {}, NOT_FOUND, 37, 38),
    ];
    assert!(History::new(right.to_vec()).is_linearizable());
    let stale_load = [call(store(1), OK, 0, 1), call(store(2), OK, 2, 3), call(Load {}, found(1), 4, 5)];
    let lost_store = [call(store(1), OK, 0, 1), call(Load {}, NOT_FOUND, 2, 3)];
    let two_winners = [1, 2].map(|value| call(LoadOrStore { value }, OK, 0, 9));
    let returned_twice =
        [call(store(1), OK, 0, 1), call(LoadAndDelete {}, found(1), 2, 9), call(LoadAndDelete {}, found(1), 2, 9)];
    let never_stored = [call(store(1), OK, 0, 1), call(Load {}, found(2), 2, 3)];
    let kept = [call(store(1), OK, 0, 1), call(Delete {}, NO_ANSWER, 2, 3), call(Load {}, found(1), 4, 5)];
    let two_swaps = [
        call(store(0), OK, 0, 1),
        call(CompareAndSwap { old: 0, new: 1 }, OK, 2, 9),
        call(CompareAndSwap { old: 0, new: 2 }, OK, 2, 9),
    ];
    let back_and_forth = [
        call(store(1), OK, 0, 1),
        call(store(2), OK, 2, 9),
        call(Load {}, found(2), 3, 4),
        call(Load {}, found(1), 5, 6),
    ];
    for wrong in
        [&stale_load[..], &lost_store, &two_winners, &returned_twice, &never_stored, &kept, &two_swaps, &back_and_forth]
    {
        let history = History::new(wrong.to_vec());
        assert!(!history.is_linearizable(), "the checker accepts\n{history}");
    }
}

/// From some step on, a load returns what the load before it returned.
#[test]
fn the_checker_finds_a_stale_load() {
    let subject = Subject::of(Kind::Mutex, Width::Bytes, Width::Bytes);
    let (mut dice, mut calls, mut before) = (Dice::new(1), Vec::new(), Answer::Plain(Status::NotFound));
    for step in 0..60 {
        let start = Moment::now();
        let (operation, mut answer) = subject.act(0, &mut dice);
        if operation == (Load {}) {
            let truth = answer;
            if step > 30 && before != truth {
                answer = before;
            }
            before = truth;
        }
        calls.push(Call { operation, answer: Some(answer), start, end: Moment::now() });
    }
    assert!(!History::new(calls).is_linearizable());
}
