//! Keys and values of any number of bytes.
//!
//! A value always has a block, even an empty one, and its value word is the block's address.
//!
//! A key of at most 39 bytes lies in the five cells of its slot. A longer one has a block. The
//! highest byte of cell 4 says which: it is the length of the key, or 0xff.
//!
//! ```text
//! byte    0    1    2    3    4    5    6    7
//!       +----+----+----+----+----+----+----+------+
//! cell 0| k0 | k1 | k2 | k3 | k4 | k5 | k6 | k7   |   A key in its slot: its bytes k0, k1, …, then
//! cell 1| k8 | …                                  |   zeros, then its length (0 to 39). Two such
//! cell 2|                                         |   keys are equal if and only if all their cells
//! cell 3|                                         |   are.
//! cell 4| k32| …                      | k38| len  |
//!       +----+----+----+----+----+----+----+------+
//!
//!       +-----------------------------------------+
//! cell 0| length                                  |   A key in a block. Its hash is kept, so that
//! cell 1| address of the block                    |   most other keys are told apart without reading
//! cell 2| hash                                    |   the block, and splitting a bucket need not
//! cell 3| 0                                       |   read it at all.
//! cell 4| 0                                | 0xff |
//!       +----------------------------------+------+
//! ```
//!
//! Byte 0 is the lowest byte of a cell on every processor.

use super::{Blocks, Key, Value};
use crate::base::{
    hash::Hasher,
    mem::{Block, OutOfMemory, is_same_class},
    sync::{AtomicU64, Ordering::Relaxed},
};

/// The type of keys or values that are bytes of any length.
pub struct Bytes;

/// The longest value that is written over an old one, in the same block. A longer one gets a new
/// block: the processor can fill that while it still waits for the slot, which has the address of
/// the old block.
const MAX_REFILL: usize = 256;

const CELLS: usize = 5;
/// The length of the longest key that lies in its slot. A UUID as text and a 32-byte digest fit.
const INLINE: usize = CELLS * 8 - 1;
/// The highest byte of cell 4 for a key in a block.
const LONG: u64 = 0xff;
/// The number of the lowest bit of that byte.
const LENGTH: u32 = 56;

/// A key to search for.
#[derive(Clone, Copy, Default)]
pub struct HashedBytes<'a> {
    hash: u64,
    bytes: &'a [u8],
    /// The cells of this key. For a key in a block the address, in cell 1, is left 0.
    words: [u64; CELLS],
}

// SAFETY: the block of a long key is its second word, and `LONG` says that there is one; `len` is
// what either form stores.
unsafe impl Key for Bytes {
    type Cells = [AtomicU64; CELLS];
    type Words = [u64; CELLS];
    type Ref<'a> = &'a [u8];
    type Hashed<'a> = HashedBytes<'a>;
    const HAS_PREFERRED_SLOT: bool = true;

    #[inline(always)]
    fn words(cells: &Self::Cells) -> &[AtomicU64] {
        cells
    }
    fn load(cells: &Self::Cells) -> [u64; CELLS] {
        core::array::from_fn(|index| cells[index].load(Relaxed))
    }
    #[cfg(any(loom, shuttle))]
    fn new_cells() -> Self::Cells {
        core::array::from_fn(|_| AtomicU64::new(0))
    }

    #[inline]
    fn hashed<'a>(hasher: &Hasher, bytes: Self::Ref<'a>) -> Self::Hashed<'a> {
        if bytes.len() <= INLINE {
            let words = Self::padded(bytes);
            return HashedBytes { hash: hasher.padded(&words), bytes, words };
        }
        let hash = hasher.bytes(bytes);
        HashedBytes { hash, bytes, words: [bytes.len() as u64, 0, hash, 0, LONG << LENGTH] }
    }
    #[inline(always)]
    fn hash(hashed: &HashedBytes<'_>) -> u64 {
        hashed.hash
    }
    fn out_of_line<'a>(hashed: &Self::Hashed<'a>) -> Option<&'a [u8]> {
        (hashed.bytes.len() > INLINE).then_some(hashed.bytes)
    }
    fn encode(hashed: &HashedBytes<'_>, block: Option<Block>) -> [u64; CELLS] {
        let mut words = hashed.words;
        if let Some(block) = block {
            words[1] = block.word();
        }
        words
    }

    #[inline(always)]
    fn matches(cells: &Self::Cells, hashed: &HashedBytes<'_>, unchanged: impl FnOnce() -> bool) -> bool {
        let differ = |index: usize| cells[index].load(Relaxed) ^ hashed.words[index];
        if hashed.bytes.len() <= INLINE {
            // Most other keys differ in cell 0. Compare the other four without a branch for each.
            return differ(0) == 0 && (1..CELLS).fold(0, |all, index| all | differ(index)) == 0;
        }
        let address = cells[1].load(Relaxed);
        if differ(0) | differ(2) | differ(CELLS - 1) != 0 || !unchanged() {
            return false;
        }
        // SAFETY: `unchanged` says that the cells belong together, and cell 4 equals that of a key
        // in a block. So cell 1 is the address of a block, and a stable pool keeps it readable.
        unsafe { Block::from_word(address) }.is_some_and(|block| block.equals(hashed.bytes))
    }

    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64 {
        if Self::is_long(cells) {
            return cells[2].load(Relaxed);
        }
        hasher.padded(&Self::load(cells))
    }
    fn block(cells: &Self::Cells) -> Option<Block> {
        // SAFETY: the slot is in use and does not change. So cell 1 of a key in a block is the
        // address of its block, which is in use as long as the slot is.
        if Self::is_long(cells) { unsafe { Block::from_word(cells[1].load(Relaxed)) } } else { None }
    }
    fn debug_word(cells: &Self::Cells) -> u64 {
        <Self as Key>::len(cells) as u64
    }
    fn len(cells: &Self::Cells) -> usize {
        match cells[CELLS - 1].load(Relaxed) >> LENGTH {
            LONG => cells[0].load(Relaxed) as usize,
            length => length as usize,
        }
    }
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8) {
        let len = <Self as Key>::len(cells);
        match Self::block(cells) {
            // SAFETY: cell 0 is the block's length, and `target` is valid for writes of that.
            Some(block) => unsafe { block.copy_to(target, len) },
            // SAFETY: `len` is at most INLINE here, and `target` is valid for writes of `len`
            // bytes.
            None => unsafe { target.copy_from_nonoverlapping(Self::inline(cells).as_ptr(), len) },
        }
    }
}

impl Bytes {
    /// Whether the key has a block.
    #[inline(always)]
    fn is_long(cells: &[AtomicU64; CELLS]) -> bool {
        cells[CELLS - 1].load(Relaxed) >> LENGTH == LONG
    }

    /// The cells of a key of at most [`INLINE`] bytes.
    ///
    /// Assembled in registers, a word at a time. Copying the bytes to an array and loading its
    /// words would stall: a load of a word must wait for the stores of its bytes.
    #[inline(always)]
    fn padded(bytes: &[u8]) -> [u64; CELLS] {
        let (whole, rest) = bytes.as_chunks::<8>();
        let word = |index: usize| u64::from_le_bytes(whole[index]);
        let last = Self::last_word(bytes, rest.len());
        // One arm for each number of whole words: the keys of a map are often of one length, and
        // then the processor predicts the branch.
        let mut words = match whole.len() {
            0 => [last, 0, 0, 0, 0],
            1 => [word(0), last, 0, 0, 0],
            2 => [word(0), word(1), last, 0, 0],
            3 => [word(0), word(1), word(2), last, 0],
            _ => [word(0), word(1), word(2), word(3), last],
        };
        words[CELLS - 1] |= (bytes.len() as u64) << LENGTH;
        words
    }

    /// A word with the last `len` bytes, fewer than 8, then zeros. If `bytes` are 8 or more, loads
    /// the last 8 and shifts out those that do not belong to the last `len`.
    #[inline(always)]
    fn last_word(bytes: &[u8], len: usize) -> u64 {
        match bytes.last_chunk::<8>() {
            // With `len` 0 all 64 bits are shifted out. One shift cannot do that, two can.
            Some(word) => u64::from_le_bytes(*word) >> 1 >> (63 - 8 * len),
            None => bytes.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte)),
        }
    }

    /// The bytes of the cells: those of a key in its slot come first.
    fn inline(cells: &[AtomicU64; CELLS]) -> [u8; 8 * CELLS] {
        let mut inline = [0; 8 * CELLS];
        let (words, _) = inline.as_chunks_mut::<8>();
        for (word, cell) in words.iter_mut().zip(cells) {
            *word = cell.load(Relaxed).to_le_bytes();
        }
        inline
    }
}

// SAFETY: `Block::copy_to` writes all that it is asked for; no value is in place.
unsafe impl Value for Bytes {
    type Ref<'a> = &'a [u8];
    const IN_PLACE: bool = false;

    #[inline(always)]
    fn pack(value: &[u8], blocks: &mut impl Blocks) -> Result<u64, OutOfMemory> {
        Ok(blocks.alloc(value)?.word())
    }
    #[inline(always)]
    unsafe fn can_refill(word: u64, value: &[u8]) -> bool {
        // SAFETY: the word is the address of a block that is in use.
        let Some(old) = (unsafe { Block::from_word(word) }) else { return false };
        // The callback of an update sees the old value in its block, and may return a part of it as
        // the new one.
        value.len() <= MAX_REFILL && is_same_class(old.len(), value.len()) && !old.holds(value)
    }
    #[inline(always)]
    unsafe fn refill(word: u64, value: &[u8]) {
        // SAFETY: the word is the address of a block that is in use. `can_refill` has found that
        // the value fits its size class, and the caller has made the version odd.
        unsafe {
            if let Some(block) = Block::from_word(word) {
                block.fill(value);
            }
        }
    }
    unsafe fn free(word: u64, blocks: &mut impl Blocks) {
        // SAFETY: a valid value word is 0 or the address of a readable block.
        if let Some(block) = unsafe { Block::from_word(word) } {
            // SAFETY: the block came from `blocks`, is in use, and no slot or entry holds its
            // address.
            unsafe { blocks.free(block) };
        }
    }
    unsafe fn equals(word: u64, value: &[u8]) -> bool {
        // SAFETY: a valid value word is 0 or the address of a readable block.
        unsafe { Block::from_word(word) }.is_some_and(|block| block.equals(value))
    }
    unsafe fn show<R>(word: u64, see: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: a valid value word is 0 or the address of a readable block, and nobody writes or
        // frees that block while `see` runs.
        see(unsafe { Block::from_word(word).map_or(&[], |block| block.as_bytes()) })
    }
    #[inline]
    unsafe fn len(word: u64) -> usize {
        // 0 appears only where a page was discarded; the reader's version check will then fail.
        // SAFETY: a valid value word is 0 or the address of a readable block.
        unsafe { Block::from_word(word) }.map_or(0, Block::len)
    }
    #[inline]
    unsafe fn copy_to(word: u64, target: *mut u8, len: usize) {
        // SAFETY: a valid value word is 0 or the address of a readable block.
        if let Some(block) = unsafe { Block::from_word(word) } {
            // SAFETY: `len` is a length that the block had, and `target` is valid for writes of
            // that.
            unsafe { block.copy_to(target, len) };
        }
    }
}
