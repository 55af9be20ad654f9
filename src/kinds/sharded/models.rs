//! Loom models of the sharded map with one shard: homes that are located before the lock is taken,
//! and loads at the same time as writes. `ci/models.sh` runs them. The models of the table cover
//! growth and shrinking at the same time as reads.

use super::*;
use crate::{
    base::hash::bucket_bits,
    item::Word,
    kinds::{
        batch,
        models::{self, Words},
    },
};
use core::convert::Infallible;

type Map = Sharded<Word, Word>;

impl Map {
    /// The smallest N keys whose first bucket bit is `bit`. After the first split they are in
    /// bucket `bit`.
    fn keys<const N: usize>(&self, bit: u64) -> [u64; N] {
        let mut keys = (1..).filter(|key| u64::from(bucket_bits(self.hasher.word(*key)) >> 31) == bit);
        core::array::from_fn(|_| keys.next().unwrap())
    }
    /// Fills the only bucket up to its load limit, with keys that all move to bucket 1 when the
    /// next insert splits it.
    fn fill(&self) {
        self.keys::<4>(1).iter().for_each(|key| self.put(*key, *key));
    }
}

fn new_map() -> Map {
    Map::new(1, Hasher::new(7, 0).unwrap(), Memory::new(Default::default()))
}

/// [`models::check`] on a new sharded map.
fn check<A: 'static, B: 'static>(
    prepare: fn(&Map),
    first: fn(&Map) -> A,
    second: fn(&Map) -> B,
    after: fn(&Map, A, B),
) {
    models::check(new_map, prepare, first, second, after);
}

#[test]
fn a_write_located_before_a_split_finds_its_key() {
    check(
        Map::fill,
        |map| map.put(map.keys::<1>(0)[0], 1),
        |map| map.exchange(map.keys::<1>(1)[0], 9),
        |map, (), previous| {
            let key = map.keys::<1>(1)[0];
            assert_eq!((previous, map.get(key)), (Some(key), Some(9)));
            assert_eq!(map.len(), Ok(5));
        },
    );
}

#[test]
fn two_first_writes_make_the_shards_once() {
    let nothing: fn(&Map) = |_| ();
    check(
        nothing,
        |map| map.put(1, 1),
        |map| map.put(2, 2),
        |map, (), ()| {
            assert_eq!((map.get(1), map.get(2)), (Some(1), Some(2)));
        },
    );
}

#[test]
fn two_inserts_of_one_key_make_one_entry() {
    check(
        |map| map.put(1, 1),
        |map| map.exchange(2, 20),
        |map| map.exchange(2, 21),
        |map, a, b| {
            assert!(matches!((a, b), (None, Some(20)) | (Some(21), None)), "{a:?} {b:?}");
            assert_eq!(map.get(2), Some(if a.is_none() { 21 } else { 20 }));
            assert_eq!(map.len(), Ok(2));
        },
    );
}

#[test]
fn two_deletes_return_a_value_once() {
    check(
        |map| map.put(1, 1),
        |map| map.take(1),
        |map| map.take(1),
        |map, a, b| {
            assert!(matches!((a, b), (None, Some(1)) | (Some(1), None)), "{a:?} {b:?}");
            assert_eq!((map.get(1), map.len()), (None, Ok(0)));
        },
    );
}

#[test]
fn a_load_never_returns_the_next_entry_of_its_slot() {
    check(
        |map| map.put(1, 1),
        |map| map.get(1),
        |map| {
            map.take(1);
            map.put(2, 2);
        },
        |_, seen, ()| assert!(matches!(seen, None | Some(1)), "{seen:?}"),
    );
}

#[test]
fn a_load_never_returns_the_former_entry_of_its_slot() {
    check(
        |map| map.put(1, 1),
        |map| map.get(2),
        |map| {
            map.take(1);
            map.put(2, 2);
        },
        |_, seen, ()| assert!(matches!(seen, None | Some(2)), "{seen:?}"),
    );
}

#[test]
fn a_batch_located_before_a_split_finds_its_keys() {
    check(
        Map::fill,
        |map| {
            let keys = map.keys::<1>(1);
            let mut seen = None;
            batch::for_each(
                map,
                1,
                |index| Ok::<_, Infallible>(keys[index]),
                |_, Ok(key)| {
                    let mut value = 0;
                    seen = (key.load(map, &mut value) == Ok(Outcome::Done)).then_some(value);
                },
            );
            seen
        },
        |map| map.put(map.keys::<1>(0)[0], 1),
        |map, seen, ()| assert_eq!(seen, Some(map.keys::<1>(1)[0])),
    );
}

#[test]
fn writes_before_a_store_are_visible_after_a_load() {
    models::check_publication(new_map, |map| map.put(1, 1), Map::get);
}
