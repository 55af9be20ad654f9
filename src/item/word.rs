//! Keys and values of one 64-bit word, in the machine's byte order. A slot holds them directly.

use super::{Blocks, Key, Value};
use crate::base::{
    hash::Hasher,
    mem::{Block, OutOfMemory},
    sync::{AtomicU64, Ordering::Relaxed},
};

/// The type of keys or values that are one 64-bit word.
pub struct Word;

// SAFETY: a word has no block, and `copy_to` writes 8 bytes.
unsafe impl Key for Word {
    type Cells = [AtomicU64; 1];
    type Words = [u64; 1];
    type Ref<'a> = u64;
    /// The hash, then the key.
    type Hashed<'a> = (u64, u64);
    const HAS_PREFERRED_SLOT: bool = false;

    #[inline(always)]
    fn words(cells: &Self::Cells) -> &[AtomicU64] {
        cells
    }
    fn load(cells: &Self::Cells) -> [u64; 1] {
        [cells[0].load(Relaxed)]
    }
    #[cfg(any(loom, shuttle))]
    fn new_cells() -> Self::Cells {
        [AtomicU64::new(0)]
    }
    #[inline(always)]
    fn hashed<'a>(hasher: &Hasher, key: Self::Ref<'a>) -> Self::Hashed<'a> {
        (hasher.word(key), key)
    }
    #[inline(always)]
    fn hash(hashed: &(u64, u64)) -> u64 {
        hashed.0
    }
    fn out_of_line<'a>(_hashed: &Self::Hashed<'a>) -> Option<&'a [u8]> {
        None
    }
    fn encode(hashed: &(u64, u64), _block: Option<Block>) -> [u64; 1] {
        [hashed.1]
    }
    #[inline(always)]
    fn matches(cells: &Self::Cells, hashed: &(u64, u64), _unchanged: impl FnOnce() -> bool) -> bool {
        cells[0].load(Relaxed) == hashed.1
    }
    #[inline(always)]
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
    #[inline(always)]
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8) {
        // SAFETY: `target` is valid for writes of `len` bytes, which is 8.
        unsafe { target.cast::<u64>().write_unaligned(cells[0].load(Relaxed)) };
    }
}

// SAFETY: a word has no block, and `copy_to` writes 8 bytes, which is every length that it is asked
// for.
unsafe impl Value for Word {
    type Ref<'a> = u64;
    const IN_PLACE: bool = true;

    #[inline(always)]
    fn pack(value: u64, _blocks: &mut impl Blocks) -> Result<u64, OutOfMemory> {
        Ok(value)
    }
    #[inline(always)]
    unsafe fn free(_word: u64, _blocks: &mut impl Blocks) {}
    #[inline(always)]
    unsafe fn equals(word: u64, value: u64) -> bool {
        word == value
    }
    unsafe fn show<R>(word: u64, see: impl FnOnce(&[u8]) -> R) -> R {
        // A reference into the word itself, so that the bytes are aligned to 8.
        // SAFETY: `word` is 8 initialised bytes and lives until `see` returns.
        see(unsafe { &*core::ptr::from_ref(&word).cast::<[u8; 8]>() })
    }
    #[inline(always)]
    unsafe fn len(_word: u64) -> usize {
        8
    }
    #[inline(always)]
    unsafe fn copy_to(word: u64, target: *mut u8, _len: usize) {
        // SAFETY: `target` is valid for writes of `len` bytes, which is 8.
        unsafe { target.cast::<u64>().write_unaligned(word) };
    }
}
