//! Keys: a word, or bytes of any length. What a key is in a slot, and how it is compared and hashed there.

use crate::base::{
    block::Block,
    hash::Hasher,
    sync::{AtomicU64, Ordering::Relaxed},
};

/// A type of key.
pub trait Key: Sized + 'static {
    /// The part of a slot that holds a key.
    type Cells;
    /// What fills it.
    type Words: AsRef<[u64]> + Copy;
    /// A key as the caller gives it.
    type Ref<'a>: Copy;
    /// A key that is looked for, hashed and in the form of a slot.
    type Probe<'a>: Copy;

    fn words(cells: &Self::Cells) -> &[AtomicU64];
    /// What the slot holds, to be put into another.
    fn load(cells: &Self::Cells) -> Self::Words;
    #[cfg(loom)]
    fn new_cells() -> Self::Cells;
    fn probe<'a>(hasher: &Hasher, key: Self::Ref<'a>) -> Self::Probe<'a>;
    fn hash(probe: &Self::Probe<'_>) -> u64;

    /// The bytes that need a block of their own, if this key does.
    fn outside<'a>(probe: &Self::Probe<'a>) -> Option<&'a [u8]>;
    /// What to put into the slot, with the block that `outside` asked for.
    fn packed(probe: &Self::Probe<'_>, block: Option<Block>) -> Self::Words;

    /// Whether the slot holds this key. Before an address from the slot is followed, `unchanged` must say that the slot's
    /// words belong together; if it does not, the answer is no (and the caller's own check of the version fails as well).
    fn matches(cells: &Self::Cells, probe: &Self::Probe<'_>, unchanged: impl FnOnce() -> bool) -> bool;

    // What follows is for whoever owns the table: the slot is in use and does not change.

    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64;
    /// The block of the key in the slot, if it has one.
    fn block(cells: &Self::Cells) -> Option<Block>;
    /// What a look at the bucket shows: a word itself, the length of bytes.
    fn shown(cells: &Self::Cells) -> u64;
    /// The length of the key in bytes.
    fn len(cells: &Self::Cells) -> usize;
    /// # Safety
    /// `target` is valid for writes of `len` bytes.
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8);
}

/// Keys of one 64-bit word.
pub struct Word;

impl Key for Word {
    type Cells = [AtomicU64; 1];
    type Words = [u64; 1];
    type Ref<'a> = u64;
    /// The hash and the key.
    type Probe<'a> = (u64, u64);

    #[inline(always)]
    fn words(cells: &Self::Cells) -> &[AtomicU64] {
        cells
    }
    fn load(cells: &Self::Cells) -> [u64; 1] {
        [cells[0].load(Relaxed)]
    }
    #[cfg(loom)]
    fn new_cells() -> Self::Cells {
        [AtomicU64::new(0)]
    }
    #[inline(always)]
    fn probe<'a>(hasher: &Hasher, key: Self::Ref<'a>) -> Self::Probe<'a> {
        (hasher.word(key), key)
    }
    #[inline(always)]
    fn hash(probe: &(u64, u64)) -> u64 {
        probe.0
    }
    fn outside<'a>(_probe: &Self::Probe<'a>) -> Option<&'a [u8]> {
        None
    }
    fn packed(probe: &(u64, u64), _block: Option<Block>) -> [u64; 1] {
        [probe.1]
    }
    #[inline(always)]
    fn matches(cells: &Self::Cells, probe: &(u64, u64), _unchanged: impl FnOnce() -> bool) -> bool {
        cells[0].load(Relaxed) == probe.1
    }
    #[inline(always)]
    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64 {
        hasher.word(cells[0].load(Relaxed))
    }
    fn block(_cells: &Self::Cells) -> Option<Block> {
        None
    }
    fn shown(cells: &Self::Cells) -> u64 {
        cells[0].load(Relaxed)
    }
    fn len(_cells: &Self::Cells) -> usize {
        8
    }
    #[inline(always)]
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8) {
        // SAFETY: passed on from the caller.
        unsafe { target.cast::<u64>().write_unaligned(cells[0].load(Relaxed)) };
    }
}

/// Keys of bytes.
///
/// A key of at most [`INLINE`] bytes lies in its slot: the lowest byte of the first word is its length, the others are the key,
/// padded with zeros, so that two such keys are equal if their five words are. A longer one has [`LONG`] in
/// that lowest byte and its length above it, then the address of its block, then its hash.
pub struct Bytes;

const CELLS: usize = 5;
/// The longest key that lies in its slot: a UUID in text, a 32-byte digest.
pub const INLINE: usize = CELLS * 8 - 1;
const LONG: u64 = 0xff;

/// Bytes that are looked for.
#[derive(Clone, Copy)]
pub struct BytesProbe<'a> {
    hash: u64,
    bytes: &'a [u8],
    /// As in a slot, but for the address.
    words: [u64; CELLS],
}

impl Key for Bytes {
    type Cells = [AtomicU64; CELLS];
    type Words = [u64; CELLS];
    type Ref<'a> = &'a [u8];
    type Probe<'a> = BytesProbe<'a>;

    #[inline(always)]
    fn words(cells: &Self::Cells) -> &[AtomicU64] {
        cells
    }
    fn load(cells: &Self::Cells) -> [u64; CELLS] {
        core::array::from_fn(|index| cells[index].load(Relaxed))
    }
    #[cfg(loom)]
    fn new_cells() -> Self::Cells {
        core::array::from_fn(|_| AtomicU64::new(0))
    }

    #[inline]
    fn probe<'a>(hasher: &Hasher, bytes: Self::Ref<'a>) -> Self::Probe<'a> {
        let hash = hasher.bytes(bytes);
        let words = if bytes.len() <= INLINE {
            let mut inline = [0u8; 8 * CELLS];
            inline[0] = bytes.len() as u8;
            inline[1..=bytes.len()].copy_from_slice(bytes);
            let (words, _) = inline.as_chunks::<8>();
            core::array::from_fn(|index| u64::from_le_bytes(words[index]))
        } else {
            [(bytes.len() as u64) << 8 | LONG, 0, hash, 0, 0]
        };
        BytesProbe { hash, bytes, words }
    }
    #[inline(always)]
    fn hash(probe: &BytesProbe<'_>) -> u64 {
        probe.hash
    }
    fn outside<'a>(probe: &Self::Probe<'a>) -> Option<&'a [u8]> {
        (probe.bytes.len() > INLINE).then_some(probe.bytes)
    }
    fn packed(probe: &BytesProbe<'_>, block: Option<Block>) -> [u64; CELLS] {
        let mut words = probe.words;
        if let Some(block) = block {
            words[1] = block.word();
        }
        words
    }

    #[inline]
    fn matches(cells: &Self::Cells, probe: &BytesProbe<'_>, unchanged: impl FnOnce() -> bool) -> bool {
        let word = |index: usize| cells[index].load(Relaxed);
        if word(0) != probe.words[0] {
            return false;
        }
        if probe.bytes.len() <= INLINE {
            return (1..CELLS).fold(0, |differ, index| differ | (word(index) ^ probe.words[index])) == 0;
        }
        let address = word(1);
        if word(2) != probe.hash || !unchanged() {
            return false;
        }
        // SAFETY: the words belong together, and the first says that the second is the address of a block.
        unsafe { Block::from_word(address) }.is_some_and(|block| block.equals(probe.bytes))
    }

    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64 {
        if Self::is_long(cells) {
            return cells[2].load(Relaxed);
        }
        let inline = Self::inline(cells);
        hasher.bytes(&inline[1..=inline[0] as usize])
    }
    fn block(cells: &Self::Cells) -> Option<Block> {
        // SAFETY: a long key's second word is the address of its block, which lives as long as the entry.
        if Self::is_long(cells) { unsafe { Block::from_word(cells[1].load(Relaxed)) } } else { None }
    }
    fn shown(cells: &Self::Cells) -> u64 {
        Self::len(cells) as u64
    }
    fn len(cells: &Self::Cells) -> usize {
        let first = cells[0].load(Relaxed);
        if first & 0xff == LONG { (first >> 8) as usize } else { first as usize & 0xff }
    }
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8) {
        let len = Self::len(cells);
        match Self::block(cells) {
            // SAFETY: passed on from the caller.
            Some(block) => unsafe { block.copy_to(target, len) },
            // SAFETY: passed on from the caller.
            None => unsafe { target.copy_from_nonoverlapping(Self::inline(cells)[1..].as_ptr(), len) },
        }
    }
}

impl Bytes {
    #[inline(always)]
    fn is_long(cells: &[AtomicU64; CELLS]) -> bool {
        cells[0].load(Relaxed) & 0xff == LONG
    }

    /// The length byte and the key that follows it.
    fn inline(cells: &[AtomicU64; CELLS]) -> [u8; 8 * CELLS] {
        let mut inline = [0; 8 * CELLS];
        let (words, _) = inline.as_chunks_mut::<8>();
        for (word, cell) in words.iter_mut().zip(cells) {
            *word = cell.load(Relaxed).to_le_bytes();
        }
        inline
    }
}
