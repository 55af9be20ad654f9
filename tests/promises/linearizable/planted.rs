//! The checker on histories with a bug in them: it refuses them.

use crate::support::act::act;
use crate::support::history::{Call, History, Moment, Operation};
use crate::support::subject::{Dice, Subject};
use portolan::map::{Kind, Width};

#[test]
fn the_checker_sees_planted_bugs() {
    let call = |operation, answer, start, end| Call { operation, answer, start: Moment(start), end: Moment(end) };
    use Operation::*;
    let right = [
        call(Store(1), None, 0, 10),
        call(Load, None, 1, 2),
        call(Load, Some(1), 3, 4),
        call(Swap(2), Some(1), 11, 20),
        call(LoadOrStore(0), Some(2), 12, 18),
        call(CompareAndSwap(2, 1), Some(1), 13, 25),
        call(Delete, Some(1), 21, 30),
        call(LoadAndDelete, None, 31, 32),
        call(Store(1), None, 33, 34),
        call(Remove, None, 35, 36),
        call(Load, None, 37, 38),
    ];
    assert!(History::new(right.to_vec()).is_linearizable());
    let stale_load = [call(Store(1), None, 0, 1), call(Store(2), None, 2, 3), call(Load, Some(1), 4, 5)];
    let lost_store = [call(Store(1), None, 0, 1), call(Load, None, 2, 3)];
    let two_winners = [call(LoadOrStore(1), None, 0, 9), call(LoadOrStore(2), None, 0, 9)];
    let handed_out_twice =
        [call(Store(1), None, 0, 1), call(LoadAndDelete, Some(1), 2, 9), call(LoadAndDelete, Some(1), 2, 9)];
    let from_nowhere = [call(Store(1), None, 0, 1), call(Load, Some(2), 2, 3)];
    let kept = [call(Store(1), None, 0, 1), call(Remove, None, 2, 3), call(Load, Some(1), 4, 5)];
    let two_swaps = [
        call(Store(0), None, 0, 1),
        call(CompareAndSwap(0, 1), Some(1), 2, 9),
        call(CompareAndSwap(0, 2), Some(1), 2, 9),
    ];
    let back_and_forth =
        [call(Store(1), None, 0, 1), call(Store(2), None, 2, 9), call(Load, Some(2), 3, 4), call(Load, Some(1), 5, 6)];
    for wrong in [
        &stale_load[..],
        &lost_store,
        &two_winners,
        &handed_out_twice,
        &from_nowhere,
        &kept,
        &two_swaps,
        &back_and_forth,
    ] {
        let history = History::new(wrong.to_vec());
        assert!(!history.is_linearizable(), "the checker believes\n{history}");
    }
}

/// The checker on a map that lies: one load in some answers what it answered before.
#[test]
fn the_checker_sees_a_map_with_a_stale_load() {
    let subject = Subject::of(Kind::Mutex, Width::Bytes, Width::Bytes);
    let (mut dice, mut calls, mut before) = (Dice::new(1), Vec::new(), None);
    for step in 0..60 {
        let start = Moment::now();
        let (operation, mut answer) = act(&subject, 0, &mut dice);
        if operation == Operation::Load {
            let truth = answer;
            if step > 30 && before != truth {
                answer = before;
            }
            before = truth;
        }
        calls.push(Call { operation, answer, start, end: Moment::now() });
    }
    assert!(!History::new(calls).is_linearizable());
}
