//! Shared by the loom models of the kinds: short names for the operations on maps of words, and
//! checks that run two threads on one map.

use super::{
    Kind, Outcome,
    operation::{LoadAndDelete, LoadOrStore, Store, Swap},
};
use crate::item::{Key, Word};
use loom::{
    model::Builder,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

pub trait Words: Kind<Word, Word> {
    fn get(&self, key: u64) -> Option<u64> {
        let mut value = 0;
        let outcome = Kind::load(self, &Word::hashed(self.hasher(), key), &mut value).unwrap();
        (outcome == Outcome::Done).then_some(value)
    }
    fn put(&self, key: u64, value: u64) {
        Kind::write(self, &Word::hashed(self.hasher(), key), Store(value)).unwrap();
    }
    fn take(&self, key: u64) -> Option<u64> {
        let mut value = 0;
        let outcome = Kind::write(self, &Word::hashed(self.hasher(), key), LoadAndDelete(&mut value)).unwrap();
        (outcome == Outcome::Done).then_some(value)
    }
    fn exchange(&self, key: u64, value: u64) -> Option<u64> {
        let mut previous = 0;
        let outcome = Kind::write(self, &Word::hashed(self.hasher(), key), Swap(value, &mut previous)).unwrap();
        (outcome == Outcome::Loaded).then_some(previous)
    }
    fn get_or_put(&self, key: u64, value: u64) -> (bool, u64) {
        let mut actual = value;
        let outcome = Kind::write(self, &Word::hashed(self.hasher(), key), LoadOrStore(value, &mut actual)).unwrap();
        (outcome == Outcome::Loaded, actual)
    }
}

impl<M: Kind<Word, Word>> Words for M {}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(2);
    builder.max_branches = 50_000;
    builder
}

/// Runs `first` and `second` in two threads on a map that `prepare` has filled. `after` checks the
/// map and what the two returned.
pub fn check<M: Send + Sync + 'static, A: 'static, B: 'static>(
    new: fn() -> M,
    prepare: fn(&M),
    first: fn(&M) -> A,
    second: fn(&M) -> B,
    after: fn(&M, A, B),
) {
    builder().check(move || {
        let map = Arc::new(new());
        prepare(&map);
        let other = map.clone();
        let handle = thread::spawn(move || first(&other));
        let b = second(&map);
        let a = handle.join().unwrap();
        after(&map, a, b);
    });
}

/// A thread that loads value 2 of key 1 must also see what the storing thread wrote before its
/// store. `prepare` may give the key another value first.
pub fn check_publication<M: Kind<Word, Word> + Send + Sync + 'static>(
    new: fn() -> M,
    prepare: fn(&M),
    get: fn(&M, u64) -> Option<u64>,
) {
    builder().check(move || {
        let map = Arc::new(new());
        prepare(&map);
        let message = Arc::new(AtomicU64::new(0));
        let (other, seen) = (map.clone(), message.clone());
        let reader = thread::spawn(move || (get(&other, 1), seen.load(Relaxed)));
        message.store(5, Relaxed);
        map.put(1, 2);
        if let (Some(2), message) = reader.join().unwrap() {
            assert_eq!(message, 5);
        }
    });
}
