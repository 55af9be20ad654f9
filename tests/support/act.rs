//! A random operation, as the checker sees it.

use super::history::Operation;
use super::subject::{Dice, Subject};
use portolan::map::Outcome;

/// One random operation on a key and its answer. Versions are few, so that comparisons sometimes succeed.
pub fn act(subject: &Subject, i: u64, dice: &mut Dice) -> (Operation, Option<u64>) {
    let (version, old) = (dice.below(3), dice.below(3));
    let done = |outcome: Outcome| match outcome {
        Outcome::Done => Some(1),
        Outcome::Mismatch => Some(0),
        _ => None,
    };
    match dice.below(10) {
        0 | 1 => (Operation::Load, subject.load(i).expect("load")),
        2 => {
            subject.store(i, version).expect("store");
            (Operation::Store(version), None)
        }
        3 => (Operation::LoadOrStore(version), subject.load_or_store(i, version).expect("load_or_store")),
        4 => (Operation::LoadAndDelete, subject.load_and_delete(i).expect("load_and_delete")),
        5 => (Operation::Swap(version), subject.swap(i, version).expect("swap")),
        6 => (Operation::Delete, done(subject.delete(i).expect("delete"))),
        7 => {
            let answer = subject.compare_and_swap(i, old, version).expect("compare_and_swap");
            (Operation::CompareAndSwap(old, version), done(answer))
        }
        8 => (Operation::Swap(version), subject.update(i, |_| Some(version)).expect("update")),
        _ => (Operation::CompareAndDelete(old), done(subject.compare_and_delete(i, old).expect("compare_and_delete"))),
    }
}
