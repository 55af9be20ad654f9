//! A kind that keeps metadata in each slot wraps its type of key in one with more cells.

use super::*;
use crate::base::mem::Block;

/// A word, and one more word that says something about the entry.
struct Marked;

// SAFETY: as for `Word`; `words` are both cells.
unsafe impl Key for Marked {
    type Cells = [AtomicU64; 2];
    type Words = [u64; 2];
    type Ref<'a> = u64;
    type Hashed<'a> = (u64, u64);
    const HAS_PREFERRED_SLOT: bool = false;

    fn words(cells: &Self::Cells) -> &[AtomicU64] {
        cells
    }
    fn load(cells: &Self::Cells) -> [u64; 2] {
        [cells[0].load(Relaxed), cells[1].load(Relaxed)]
    }
    #[cfg(any(loom, shuttle))]
    fn new_cells() -> Self::Cells {
        [AtomicU64::new(0), AtomicU64::new(0)]
    }
    fn hashed<'a>(hasher: &Hasher, key: Self::Ref<'a>) -> Self::Hashed<'a> {
        Word::hashed(hasher, key)
    }
    fn hash(hashed: &(u64, u64)) -> u64 {
        Word::hash(hashed)
    }
    fn out_of_line<'a>(_hashed: &Self::Hashed<'a>) -> Option<&'a [u8]> {
        None
    }
    /// A new entry has the metadata 0.
    fn encode(hashed: &(u64, u64), _block: Option<Block>) -> [u64; 2] {
        [hashed.1, 0]
    }
    fn matches(cells: &Self::Cells, hashed: &(u64, u64), _unchanged: impl FnOnce() -> bool) -> bool {
        cells[0].load(Relaxed) == hashed.1
    }
    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64 {
        hasher.word(cells[0].load(Relaxed))
    }
    fn block(_cells: &Self::Cells) -> Option<Block> {
        None
    }
    fn debug_word(cells: &Self::Cells) -> u64 {
        cells[0].load(Relaxed)
    }
    fn len(_cells: &Self::Cells) -> usize {
        8
    }
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8) {
        // SAFETY: `target` is valid for writes of `len` bytes, which is 8.
        unsafe { target.cast::<u64>().write_unaligned(cells[0].load(Relaxed)) };
    }
}

#[test]
fn metadata_moves_with_its_entry() {
    const COUNT: u64 = 2000;
    for growth in GROWTHS {
        with_table::<Marked>(growth, 0, |table, owner| {
            let mark_of = |key: u64| {
                let hashed = Marked::hashed(owner.hasher, key);
                table.get(&hashed, |slot| slot.key[1].load(Relaxed)).ok().flatten()
            };
            let insert = |owner: &mut TableMut<'_, Marked>, keys: core::ops::Range<u64>| {
                for key in keys {
                    let hashed = Marked::hashed(owner.hasher, key);
                    owner.insert(Marked::hash(&hashed), Marked::encode(&hashed, None), key).unwrap();
                }
            };
            insert(owner, 0..10);
            // A reader marks what it finds, without a lock.
            for key in 0..10 {
                let hashed = Marked::hashed(owner.hasher, key);
                table.get(&hashed, |slot| slot.key[1].store(key + 1, Relaxed)).unwrap().unwrap();
            }
            insert(owner, 10..COUNT);
            assert!((0..10).all(|key| mark_of(key) == Some(key + 1)), "after growth");
            assert!((10..COUNT).all(|key| mark_of(key) == Some(0)), "of new entries");
            for key in 10..COUNT {
                let place = owner.find(&Marked::hashed(owner.hasher, key)).unwrap();
                owner.delete(&place);
            }
            owner.shrink().unwrap();
            assert!((0..10).all(|key| mark_of(key) == Some(key + 1)), "after a shrink");
        });
    }
}
