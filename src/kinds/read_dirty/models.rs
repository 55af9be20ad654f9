//! Loom models of the read/dirty map: two threads on one small map, in every interleaving with up
//! to a few preemptions. `ci/models.sh` runs them.

use super::*;
use crate::{
    item::Word,
    kinds::{
        models::{self, Words},
        operation::Store,
    },
};
use loom::{model::Builder, sync::Arc, thread};

type Map = ReadDirty<Word, Word>;

fn new_map() -> Map {
    Map::new(Hasher::new(7, 0).unwrap(), Memory::new(Default::default()))
}

/// [`models::check`] on a new read/dirty map.
fn check<A: 'static, B: 'static>(
    prepare: fn(&Map),
    first: fn(&Map) -> A,
    second: fn(&Map) -> B,
    after: fn(&Map, A, B),
) {
    models::check(new_map, prepare, first, second, after);
}

/// Key 1 has value 1 and is in the read map.
fn promoted(map: &Map) {
    map.put(1, 1);
    map.before_iteration().unwrap();
}

/// Key 1 is in the read map and nil.
fn deleted(map: &Map) {
    promoted(map);
    map.take(1);
}

/// Key 1 is in the read map and expunged.
fn expunged(map: &Map) {
    deleted(map);
    map.put(2, 2);
}

/// Frees the entry of an expunged key by a promotion, and reuses it for key 3.
fn reuse(map: &Map) {
    map.before_iteration().unwrap();
    map.put(3, 3);
}

#[test]
fn a_load_during_a_delete() {
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
fn a_load_during_an_overwrite() {
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
fn a_delete_and_a_swap_return_each_value_once() {
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
fn a_store_while_its_key_is_expunged() {
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
fn a_load_during_a_promotion() {
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
fn a_load_does_not_return_the_value_of_a_reused_entry() {
    // Key 1 is expunged. The promotion frees its entry, which key 3 then reuses.
    check(
        expunged,
        |map| map.get(1),
        reuse,
        |map, loaded, ()| {
            assert_eq!(loaded, None);
            assert_eq!((map.get(1), map.get(2), map.get(3)), (None, Some(2), Some(3)));
        },
    );
}

#[test]
fn a_read_map_that_comes_back_has_a_new_generation() {
    // Two promotions. The first frees key 1's entry, which key 3 reuses. The second makes the
    // former table the read map again.
    let second = |map: &Map| {
        map.take(1);
        map.put(2, 2);
        map.before_iteration().unwrap();
        map.put(3, 3);
        map.before_iteration().unwrap();
    };
    check(
        promoted,
        |map| map.get(1),
        second,
        |map, loaded, ()| {
            assert!(matches!(loaded, None | Some(1)), "{loaded:?}");
            assert_eq!((map.get(1), map.get(2), map.get(3)), (None, Some(2), Some(3)));
        },
    );
}

#[test]
fn a_load_that_locks_a_reused_entry_does_not_return_its_value() {
    // A reader that is disturbed in every attempt locks key 1's entry. By then key 3 may have
    // reused it.
    let mut builder = Builder::new();
    // The failure needs loads that return old values, not preemptions. Without those the model is
    // small enough to finish.
    builder.preemption_bound = Some(0);
    builder.max_branches = 50_000;
    builder.check(|| {
        let map = Arc::new(new_map());
        promoted(&map);
        let other = map.clone();
        let reader = thread::spawn(move || other.load_read(&Word::hashed(&other.hasher, 1), true, |word| word));
        for _ in 0..2 {
            map.take(1);
            map.put(1, 1);
        }
        map.take(1);
        map.put(2, 2);
        reuse(&map);
        let seen = reader.join().unwrap();
        assert!(matches!(seen, Attempt::Undecided | Attempt::Miss | Attempt::Hit(1)), "{seen:?}");
    });
}

#[test]
fn a_store_to_an_expunged_key_while_its_entry_is_freed() {
    check(
        expunged,
        |map| map.put(1, 7),
        reuse,
        |map, (), ()| {
            assert_eq!((map.get(1), map.get(2), map.get(3), map.len()), (Some(7), Some(2), Some(3), Ok(3)));
        },
    );
}

#[test]
fn a_store_during_a_clear() {
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
fn a_load_during_a_clear_and_an_insert() {
    let second = |map: &Map| {
        map.clear().unwrap();
        map.put(3, 3);
    };
    check(promoted, |map| map.get(1), second, |_, loaded, ()| assert!(matches!(loaded, None | Some(1))));
}

#[test]
fn a_delete_finds_its_key_while_its_read_map_becomes_the_dirty_map() {
    check(
        promoted,
        |map| map.take(1),
        |map| {
            map.put(2, 2);
            map.before_iteration().unwrap();
            map.put(3, 3);
        },
        |map, taken, ()| assert_eq!((taken, map.get(1)), (Some(1), None)),
    );
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

loom::lazy_static! {
    /// The contents of the blocks of [`Numbered`] values: 10 and 11 at first, 99 after they are
    /// freed.
    static ref BLOCKS: [AtomicU64; 2] = [AtomicU64::new(10), AtomicU64::new(11)];
}

/// A type of values whose words are indexes into [`BLOCKS`].
struct Numbered;

// SAFETY: no `Block` is behind a number, and nobody asks for its bytes.
unsafe impl Value for Numbered {
    type Ref<'a> = u64;
    const IN_PLACE: bool = false;

    fn pack(value: u64, _blocks: &mut impl Blocks) -> Result<u64, crate::base::mem::OutOfMemory> {
        Ok(value)
    }
    unsafe fn free(word: u64, _blocks: &mut impl Blocks) {
        BLOCKS[word as usize].store(99, Relaxed);
    }
    unsafe fn equals(word: u64, value: u64) -> bool {
        word == value
    }
    unsafe fn show<R>(_word: u64, see: impl FnOnce(&[u8]) -> R) -> R {
        see(&[])
    }
    unsafe fn len(_word: u64) -> usize {
        0
    }
    unsafe fn copy_to(_word: u64, _target: *mut u8, _len: usize) {}
}

/// Loads key 1, which has block 0, while `writes` runs. The result must be among `allowed`.
fn check_blocks(allowed: &'static [Option<u64>], writes: fn(&ReadDirty<Word, Numbered>, &(u64, u64))) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(move || {
        let (hasher, memory) = (Hasher::new(7, 0).unwrap(), Memory::new(Default::default()));
        let map = Arc::new(ReadDirty::<Word, Numbered>::new(hasher, memory));
        let hashed = Word::hashed(&map.hasher, 1);
        map.write(&hashed, Store(0)).unwrap();
        map.before_iteration().unwrap();
        let other = map.clone();
        let reader =
            thread::spawn(move || other.load_read(&hashed, true, |block| BLOCKS[block as usize].load(Relaxed)));
        writes(&map, &hashed);
        let seen = match reader.join().unwrap() {
            Attempt::Hit(contents) => Some(contents),
            Attempt::Miss => None,
            Attempt::Undecided => return,
        };
        assert!(allowed.contains(&seen), "the load returned {seen:?}, not one of {allowed:?}");
    });
}

#[test]
fn a_block_freed_by_an_overwrite_is_never_read() {
    check_blocks(&[Some(10), Some(11)], |map, hashed| assert_eq!(map.write(hashed, Store(1)), Ok(Outcome::Done)));
}

#[test]
fn a_block_freed_by_a_delete_is_never_read() {
    check_blocks(&[Some(10), None], |map, hashed| {
        assert_eq!(map.write(hashed, crate::kinds::operation::Delete), Ok(Outcome::Done));
    });
}

#[test]
fn a_block_freed_before_its_key_is_stored_again_is_never_read() {
    check_blocks(&[Some(10), None, Some(11)], |map, hashed| {
        assert_eq!(map.write(hashed, crate::kinds::operation::Delete), Ok(Outcome::Done));
        assert_eq!(map.write(hashed, Store(1)), Ok(Outcome::Done));
    });
}

#[test]
fn writes_before_a_store_are_visible_after_a_load() {
    models::check_publication(new_map, promoted, Words::get);
}
