//! Keys: a word, or bytes of any length. What a key is in a slot, and how it is compared and hashed there.

use crate::base::{
    hash::{Hasher, home_bits},
    mem::Block,
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
    /// Whether the slots of a bucket are so large that a key has a *home* among them. Otherwise a bucket is filled from slot 0 on.
    const HAS_HOME: bool;

    fn words(cells: &Self::Cells) -> &[AtomicU64];
    /// What the slot holds, to be put into another.
    fn load(cells: &Self::Cells) -> Self::Words;
    #[cfg(any(loom, shuttle))]
    fn new_cells() -> Self::Cells;
    fn probe<'a>(hasher: &Hasher, key: Self::Ref<'a>) -> Self::Probe<'a>;
    fn hash(probe: &Self::Probe<'_>) -> u64;
    /// The home of a hash.
    #[inline(always)]
    fn home(hash: u64) -> usize {
        if Self::HAS_HOME { home_bits(hash) } else { 0 }
    }

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
    const HAS_HOME: bool = false;

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
/// A key of at most [`INLINE`] bytes lies in its slot, padded with zeros, with its length as the highest byte of the last
/// word: so two such keys are equal if their five words are. A longer one has [`LONG`] as that byte, and its length, the address of its
/// block and its hash as the first three words.
pub struct Bytes;

const CELLS: usize = 5;
/// The longest key that lies in its slot: a UUID in text, a 32-byte digest.
pub const INLINE: usize = CELLS * 8 - 1;
const LONG: u64 = 0xff;
/// Where the length of a key in its slot is, in the last word.
const LENGTH: u32 = 56;

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
    const HAS_HOME: bool = true;

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
    fn probe<'a>(hasher: &Hasher, bytes: Self::Ref<'a>) -> Self::Probe<'a> {
        let hash = hasher.bytes(bytes);
        let words =
            if bytes.len() <= INLINE { Self::padded(bytes) } else { [bytes.len() as u64, 0, hash, 0, LONG << LENGTH] };
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
        let differ = |index: usize| cells[index].load(Relaxed) ^ probe.words[index];
        if probe.bytes.len() <= INLINE {
            return differ(0) == 0 && (1..CELLS).fold(0, |all, index| all | differ(index)) == 0;
        }
        let address = cells[1].load(Relaxed);
        if differ(0) | differ(2) | differ(CELLS - 1) != 0 || !unchanged() {
            return false;
        }
        // SAFETY: the words belong together, and the last says that the second is the address of a block.
        unsafe { Block::from_word(address) }.is_some_and(|block| block.equals(probe.bytes))
    }

    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64 {
        if Self::is_long(cells) {
            return cells[2].load(Relaxed);
        }
        hasher.bytes(&Self::inline(cells)[..Self::len(cells)])
    }
    fn block(cells: &Self::Cells) -> Option<Block> {
        // SAFETY: a long key's second word is the address of its block, which lives as long as the entry.
        if Self::is_long(cells) { unsafe { Block::from_word(cells[1].load(Relaxed)) } } else { None }
    }
    fn shown(cells: &Self::Cells) -> u64 {
        Self::len(cells) as u64
    }
    fn len(cells: &Self::Cells) -> usize {
        match cells[CELLS - 1].load(Relaxed) >> LENGTH {
            LONG => cells[0].load(Relaxed) as usize,
            length => length as usize,
        }
    }
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8) {
        let len = Self::len(cells);
        match Self::block(cells) {
            // SAFETY: passed on from the caller.
            Some(block) => unsafe { block.copy_to(target, len) },
            // SAFETY: passed on from the caller.
            None => unsafe { target.copy_from_nonoverlapping(Self::inline(cells).as_ptr(), len) },
        }
    }
}

impl Bytes {
    #[inline(always)]
    fn is_long(cells: &[AtomicU64; CELLS]) -> bool {
        cells[CELLS - 1].load(Relaxed) >> LENGTH == LONG
    }

    /// A key of at most [`INLINE`] bytes, as in a slot. Put together from words: one that is read right after its bytes were written would
    /// have to wait for them.
    #[inline(always)]
    fn padded(bytes: &[u8]) -> [u64; CELLS] {
        let mut words = core::array::from_fn(|index| match bytes.get(8 * index..) {
            None | Some([]) => 0,
            Some(rest) => match rest.first_chunk::<8>() {
                Some(word) => u64::from_le_bytes(*word),
                None => Self::last_word(bytes, rest.len()),
            },
        });
        words[CELLS - 1] |= (bytes.len() as u64) << LENGTH;
        words
    }

    /// The last `len` bytes, fewer than 8.
    #[inline(always)]
    fn last_word(bytes: &[u8], len: usize) -> u64 {
        match bytes.last_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word) >> (64 - 8 * len),
            None => bytes.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte)),
        }
    }

    /// The bytes of a key in its slot, and what follows them.
    fn inline(cells: &[AtomicU64; CELLS]) -> [u8; 8 * CELLS] {
        let mut inline = [0; 8 * CELLS];
        let (words, _) = inline.as_chunks_mut::<8>();
        for (word, cell) in words.iter_mut().zip(cells) {
            *word = cell.load(Relaxed).to_le_bytes();
        }
        inline
    }
}
