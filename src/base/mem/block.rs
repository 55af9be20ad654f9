//! A block: the bytes of one key or value that do not lie in the slot itself.
//!
//! ```text
//!  0        8               16              24
//! +--------+---------------+---------------+- - -+----------------------------+
//! | length | bytes 0 to 7  | bytes 8 to 15 |     | the last bytes, then zeros |
//! +--------+---------------+---------------+- - -+----------------------------+
//! ```
//!
//! A slot holds the block's address as a word. While it does, the block is overwritten only with
//! the version of its bucket odd. And a late reader may hold the address of a block that was freed
//! and filled again. Three rules make that harmless:
//!
//! * The memory stays readable and in its size class for as long as the map lives
//!   ([`super::pool`]).
//! * Every access is a relaxed atomic access to one word, or an instruction that the compiler
//!   cannot see into ([`crate::base::arch`]). A race yields a wrong value, never undefined
//!   behaviour.
//! * Every length that a reader can find was stored for a block of the same size class, or is the 0
//!   of a discarded page. So a reader never reads past the end of the block.
//!
//! A reader must not use what it read until it has checked the version under which it found the
//! address.
//!
//! In a free block the word after the length links the free list ([`super::size_class`]).

use crate::base::{
    arch::{copy_from_shared, copy_to_shared},
    sync::{
        BlockWord,
        Ordering::{Relaxed, Release},
        between_words, fence,
    },
};
use core::ptr::NonNull;

/// The size of the length word: 8 bytes, except in loom's models, whose atomics are larger.
pub const HEADER: usize = size_of::<BlockWord>();

/// The address of a block. Copying it does not keep the block alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Block(NonNull<BlockWord>);

impl Block {
    /// The size of a block that holds `len` bytes.
    #[inline(always)]
    pub const fn size(len: usize) -> usize {
        HEADER * (1 + len.div_ceil(8))
    }

    /// The block at `memory`.
    ///
    /// # Safety
    /// `memory` is aligned to 8 and is the start of a block of some size class. The block stays
    /// readable while the returned value is used.
    pub unsafe fn at(memory: NonNull<u8>) -> Self {
        Self(memory.cast())
    }

    /// The block whose address is `word`; `None` for 0.
    ///
    /// # Safety
    /// `word` is 0 or came from [`Block::word`]. The block stays readable while the returned value
    /// is used.
    #[inline(always)]
    pub unsafe fn from_word(word: u64) -> Option<Self> {
        NonNull::new(core::ptr::with_exposed_provenance_mut(word as usize)).map(Self)
    }

    /// The address as a word, for a slot.
    #[inline(always)]
    pub fn word(self) -> u64 {
        self.0.as_ptr().expose_provenance() as u64
    }

    pub fn memory(self) -> NonNull<u8> {
        self.0.cast()
    }

    /// Word `index` of the block. Word 0 is the length.
    ///
    /// # Safety
    /// The word lies within the block's size class: it is the length, or within a length that the
    /// block has, had or is about to get.
    #[inline(always)]
    unsafe fn cell(&self, index: usize) -> &BlockWord {
        // SAFETY: the block is readable while this value is used, by the contract of `at` and
        // `from_word`, and the word is one of it.
        unsafe { self.0.add(index).as_ref() }
    }

    /// The length in bytes.
    #[inline(always)]
    pub fn len(self) -> usize {
        // SAFETY: every block has a length.
        unsafe { self.cell(0) }.load(Relaxed) as usize
    }

    /// Writes `bytes` and their length.
    ///
    /// # Safety
    /// The block is in use, and has a size class that `bytes` fit. Either no slot holds its address
    /// yet, or the caller has made the version odd.
    #[inline]
    pub unsafe fn fill(self, bytes: &[u8]) {
        // A late reader that sees these contents must also see the version change that retired the
        // old ones, or it would take these for them. Another thread may have made that change; this
        // fence, with the reader's Acquire fence, passes it on.
        fence(Release);
        // SAFETY: every block has a length.
        unsafe { self.cell(0) }.store(bytes.len() as u64, Relaxed);
        // SAFETY: the block has room for the bytes, and they are whole words.
        let copied = unsafe { copy_to_shared(bytes.as_ptr(), self.contents(), bytes.len()) };
        let (words, rest) = bytes[copied..].as_chunks::<8>();
        let first = 1 + copied / 8;
        for (index, word) in words.iter().enumerate() {
            between_words();
            // SAFETY: the size class fits `bytes`, and this is a word of them.
            unsafe { self.cell(first + index) }.store(u64::from_ne_bytes(*word), Relaxed);
        }
        if !rest.is_empty() {
            // SAFETY: as above.
            unsafe { self.cell(first + words.len()) }.store(partial_word(rest), Relaxed);
        }
    }

    /// Whether `bytes` are a part of this block.
    #[inline(always)]
    pub fn holds(self, bytes: &[u8]) -> bool {
        (bytes.as_ptr() as usize).wrapping_sub(self.0.as_ptr() as usize) < Self::size(self.len())
    }

    /// The address of the first byte.
    fn contents(self) -> *mut u8 {
        self.0.as_ptr().wrapping_add(1).cast()
    }

    /// The bytes, in place.
    ///
    /// # Safety
    /// Nobody writes or frees the block while the returned slice is used.
    pub unsafe fn as_bytes<'a>(self) -> &'a [u8] {
        // SAFETY: `len` bytes follow the length word, and the caller keeps writers away from them.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().add(1).cast(), self.len()) }
    }

    /// Whether the block holds exactly these bytes.
    #[inline]
    pub fn equals(self, bytes: &[u8]) -> bool {
        if self.len() != bytes.len() {
            return false;
        }
        let (words, rest) = bytes.as_chunks::<8>();
        // SAFETY: the block had this length a moment ago, and the words lie within it.
        let load = |index: usize| unsafe { self.cell(1 + index) }.load(Relaxed);
        words.iter().enumerate().all(|(index, word)| load(index) == u64::from_ne_bytes(*word))
            && (rest.is_empty() || load(words.len()) == partial_word(rest))
    }

    /// Copies the first `len` bytes to `target`.
    ///
    /// # Safety
    /// `len` is at most what [`Block::len`] returned, and `target` is valid for writes of `len`
    /// bytes.
    #[inline]
    pub unsafe fn copy_to(self, target: *mut u8, len: usize) {
        let words = len / 8;
        // SAFETY: both sides have `len` bytes.
        let copied = unsafe { copy_from_shared(self.contents(), target, len) };
        for index in copied / 8..words {
            between_words();
            // SAFETY: 8 * index + 8 <= len, which the block has and the target fits.
            unsafe { target.add(8 * index).cast::<u64>().write_unaligned(self.cell(1 + index).load(Relaxed)) };
        }
        if !len.is_multiple_of(8) {
            // SAFETY: 8 * words + len % 8 == len, which the block has and the target fits.
            unsafe {
                let word = self.cell(1 + words).load(Relaxed).to_ne_bytes();
                target.add(8 * words).copy_from_nonoverlapping(word.as_ptr(), len % 8);
            }
        }
    }
}

/// The word that holds fewer than 8 bytes, padded with zeros.
#[inline]
fn partial_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_ne_bytes(word)
}
