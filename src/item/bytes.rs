//! Bytes of any length.

use super::{Blocks, Key, Value};
use crate::base::{
    hash::Hasher,
    mem::{Block, OutOfMemory},
    sync::{AtomicU64, Ordering::Relaxed},
};

/// Keys or values of bytes. A value has a block of its own, whose address is its word.
///
/// A key of at most [`INLINE`] bytes lies in its slot, padded with zeros, with its length as the highest byte of the last
/// word: so two such keys are equal if their five words are. A longer one has [`LONG`] as that byte, and its length, the address of its
/// block and its hash as the first three words.
pub struct Bytes;

const CELLS: usize = 5;
/// The longest key that lies in its slot: a UUID in text, a 32-byte digest.
const INLINE: usize = CELLS * 8 - 1;
const LONG: u64 = 0xff;
/// Where the length of a key in its slot is, in the last word.
const LENGTH: u32 = 56;

/// Bytes that are looked for.
#[derive(Clone, Copy, Default)]
pub struct HashedBytes<'a> {
    hash: u64,
    bytes: &'a [u8],
    /// As in a slot, but for the address.
    words: [u64; CELLS],
}

// SAFETY: the block of a long key is its second word, and `LONG` says that there is one; `len` is what either form stores.
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
        let hash = hasher.bytes(bytes);
        let words =
            if bytes.len() <= INLINE { Self::padded(bytes) } else { [bytes.len() as u64, 0, hash, 0, LONG << LENGTH] };
        HashedBytes { hash, bytes, words }
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

    #[inline]
    fn matches(cells: &Self::Cells, hashed: &HashedBytes<'_>, unchanged: impl FnOnce() -> bool) -> bool {
        let differ = |index: usize| cells[index].load(Relaxed) ^ hashed.words[index];
        if hashed.bytes.len() <= INLINE {
            return differ(0) == 0 && (1..CELLS).fold(0, |all, index| all | differ(index)) == 0;
        }
        let address = cells[1].load(Relaxed);
        if differ(0) | differ(2) | differ(CELLS - 1) != 0 || !unchanged() {
            return false;
        }
        // SAFETY: the words belong together, and the last says that the second is the address of a block.
        unsafe { Block::from_word(address) }.is_some_and(|block| block.equals(hashed.bytes))
    }

    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64 {
        if Self::is_long(cells) {
            return cells[2].load(Relaxed);
        }
        hasher.bytes(&Self::inline(cells)[..<Self as Key>::len(cells)])
    }
    fn block(cells: &Self::Cells) -> Option<Block> {
        // SAFETY: a long key's second word is the address of its block, which lives as long as the entry.
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
            // SAFETY: the caller's target takes `len` bytes, and the block has them.
            Some(block) => unsafe { block.copy_to(target, len) },
            // SAFETY: the caller's target takes `len` bytes, which are fewer than the slot's.
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

// SAFETY: `Block::copy_to` writes all that it is asked for; no value is in place.
unsafe impl Value for Bytes {
    type Ref<'a> = &'a [u8];
    const IN_PLACE: bool = false;

    fn in_place(_value: &[u8]) -> Option<u64> {
        None
    }
    fn pack(value: &[u8], blocks: &mut impl Blocks) -> Result<u64, OutOfMemory> {
        Ok(blocks.alloc(value)?.word())
    }
    unsafe fn free(word: u64, blocks: &mut impl Blocks) {
        // SAFETY: the caller's word is the address of a block.
        if let Some(block) = unsafe { Block::from_word(word) } {
            // SAFETY: it came from `blocks`, and the caller's word was the last that led to it.
            unsafe { blocks.free(block) };
        }
    }
    unsafe fn equals(word: u64, value: &[u8]) -> bool {
        // SAFETY: the caller's word is the address of a block.
        unsafe { Block::from_word(word) }.is_some_and(|block| block.equals(value))
    }
    unsafe fn show<R>(word: u64, see: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: the caller's word is the address of a block, which nobody writes meanwhile.
        see(unsafe { Block::from_word(word).map_or(&[], |block| block.as_bytes()) })
    }
    // A word of 0 is found only by a reader that looks at memory given back meanwhile, and whose check fails after this.
    #[inline]
    unsafe fn len(word: u64) -> usize {
        // SAFETY: the caller's word is the address of a readable block.
        unsafe { Block::from_word(word) }.map_or(0, Block::len)
    }
    #[inline]
    unsafe fn copy_to(word: u64, target: *mut u8, len: usize) {
        // SAFETY: the caller's word is the address of a readable block.
        if let Some(block) = unsafe { Block::from_word(word) } {
            // SAFETY: the caller's target takes `len` bytes, which is what the block's length was.
            unsafe { block.copy_to(target, len) };
        }
    }
}
