//! The read/dirty map under loom: two threads on one small map, every interleaving up to a bound of preemptions.
//! `ci/models.sh` runs them.

use super::*;
use crate::{
    kinds::operation::{LoadAndDelete, LoadOrStore, Store, Swap},
    table::Word,
};
use loom::{model::Builder, sync::Arc, thread};

type Map = ReadDirty<Word, Word>;

impl Map {
    fn get(&self, key: u64) -> Option<u64> {
        let mut value = 0;
        let outcome = Kind::load(self, &Word::probe(&self.hasher, key), &mut value).unwrap();
        (outcome == Outcome::Done).then_some(value)
    }
    fn put(&self, key: u64, value: u64) {
        Kind::write(self, &Word::probe(&self.hasher, key), Store(value)).unwrap();
    }
    fn take(&self, key: u64) -> Option<u64> {
        let mut value = 0;
        let outcome = Kind::write(self, &Word::probe(&self.hasher, key), LoadAndDelete(&mut value)).unwrap();
        (outcome == Outcome::Done).then_some(value)
    }
    fn exchange(&self, key: u64, value: u64) -> Option<u64> {
        let mut previous = 0;
        let outcome = Kind::write(self, &Word::probe(&self.hasher, key), Swap(value, &mut previous)).unwrap();
        (outcome == Outcome::Loaded).then_some(previous)
    }
    fn get_or_put(&self, key: u64, value: u64) -> (bool, u64) {
        let mut actual = value;
        let outcome = Kind::write(self, &Word::probe(&self.hasher, key), LoadOrStore(value, &mut actual)).unwrap();
        (outcome == Outcome::Loaded, actual)
    }
}

/// Two threads on a map that `prepare` has filled; `after` looks at what each returned and at the map.
fn check<A: 'static, B: 'static>(
    prepare: fn(&Map),
    first: fn(&Map) -> A,
    second: fn(&Map) -> B,
    after: fn(&Map, A, B),
) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(2);
    builder.max_branches = 50_000;
    builder.check(move || {
        let hasher = Hasher::new(7, 0).unwrap();
        let map = Arc::new(Map::new(hasher, Memory::new(Default::default())));
        prepare(&map);
        let other = map.clone();
        let handle = thread::spawn(move || first(&other));
        let b = second(&map);
        let a = handle.join().unwrap();
        after(&map, a, b);
    });
}

/// Key 1 with value 1, in the read map.
fn promoted(map: &Map) {
    map.put(1, 1);
    map.before_range().unwrap();
}

/// Key 1 is in the read map and nil.
fn deleted(map: &Map) {
    promoted(map);
    map.take(1);
}

#[test]
fn a_load_beside_a_delete() {
    check(
        promoted,
        |map| map.get(1),
        |map| map.take(1),
        |map, loaded, taken| {
            assert!(loaded.is_none_or(|value| value == 1));
            assert_eq!((taken, map.get(1), map.len()), (Some(1), None, Ok(0)));
        },
    );
}

#[test]
fn a_load_beside_an_overwrite() {
    check(
        promoted,
        |map| map.get(1),
        |map| map.put(1, 2),
        |map, loaded, ()| {
            assert!(matches!(loaded, Some(1 | 2)));
            assert_eq!((map.get(1), map.len()), (Some(2), Ok(1)));
        },
    );
}

#[test]
fn a_delete_beside_a_swap_hand_each_value_out_once() {
    check(
        promoted,
        |map| map.exchange(1, 2),
        |map| map.take(1),
        |map, previous, taken| match (previous, taken) {
            (Some(1), Some(2)) => assert_eq!(map.get(1), None),
            (None, Some(1)) => assert_eq!(map.get(1), Some(2)),
            other => panic!("{other:?}"),
        },
    );
}

#[test]
fn a_store_beside_the_expunging_of_its_key() {
    check(
        deleted,
        |map| map.put(1, 5),
        |map| map.put(2, 2),
        |map, (), ()| {
            assert_eq!((map.get(1), map.get(2), map.len()), (Some(5), Some(2), Ok(2)));
        },
    );
}

#[test]
fn a_load_beside_a_promotion() {
    check(
        |map| map.put(1, 1),
        |map| map.get(1),
        |map| map.get(1),
        |map, a, b| {
            assert_eq!((a, b, map.get(1)), (Some(1), Some(1), Some(1)));
        },
    );
}

#[test]
fn an_entry_that_is_freed_and_used_again_is_not_taken_for_the_old_one() {
    // Key 1 is expunged. The promotion frees its entry, and key 3 gets it.
    let prepare = |map: &Map| {
        deleted(map);
        map.put(2, 2);
    };
    let second = |map: &Map| {
        map.before_range().unwrap();
        map.put(3, 3);
    };
    check(
        prepare,
        |map| map.get(1),
        second,
        |map, loaded, ()| {
            assert_eq!(loaded, None);
            assert_eq!((map.get(1), map.get(2), map.get(3)), (None, Some(2), Some(3)));
        },
    );
}

#[test]
fn a_store_to_an_expunged_key_beside_its_entry_being_freed() {
    let prepare = |map: &Map| {
        deleted(map);
        map.put(2, 2);
    };
    let second = |map: &Map| {
        map.before_range().unwrap();
        map.put(3, 3);
    };
    check(
        prepare,
        |map| map.put(1, 7),
        second,
        |map, (), ()| {
            assert_eq!((map.get(1), map.get(2), map.get(3), map.len()), (Some(7), Some(2), Some(3), Ok(3)));
        },
    );
}

#[test]
fn a_store_beside_a_clear() {
    check(
        promoted,
        |map| map.put(1, 2),
        |map| map.clear(),
        |map, (), _| {
            let value = map.get(1);
            assert!(matches!(value, None | Some(2)));
            assert_eq!(map.len(), Ok(u64::from(value.is_some())));
        },
    );
}

#[test]
fn a_load_beside_a_clear_and_another_key() {
    let second = |map: &Map| {
        map.clear().unwrap();
        map.put(3, 3);
    };
    check(promoted, |map| map.get(1), second, |_, loaded, ()| assert!(matches!(loaded, None | Some(1))));
}

#[test]
fn one_of_two_load_or_stores_wins() {
    check(
        |_| (),
        |map| map.get_or_put(1, 10),
        |map| map.get_or_put(1, 20),
        |map, a, b| {
            match (a, b) {
                ((false, 10), (true, 10)) | ((true, 20), (false, 20)) => {}
                other => panic!("{other:?}"),
            }
            assert_eq!((map.get(1), map.len()), (Some(a.1), Ok(1)));
        },
    );
}
