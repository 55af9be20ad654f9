//! A block: the bytes of one key or value outside its slot.
//!
//! ```text
//! offset 0   the length in bytes, one word
//! offset 8   the bytes, in whole words, the last one padded with zeros
//! ```
//!
//! A block's address is a word in a slot. It never changes while it is reachable, but an optimistic reader may hold the
//! address of a block that a writer has freed and filled anew meanwhile. Three rules make that harmless:
//! * the memory of a block stays readable while the map lives, and keeps its size class ([`super::pool`]);
//! * every access is a relaxed atomic on a word, so a race is a wrong value and never undefined;
//! * whatever length a reader finds was stored by a block of the same size class, so it never reads past the block.
//!
//! What a reader got is worth nothing until it has checked the version under which it found the address.

use crate::base::{
    arch::{copy_from_shared, copy_to_shared},
    sync::{
        BlockWord,
        Ordering::{Relaxed, Release},
        between_words, fence,
    },
};
use core::ptr::NonNull;

/// Bytes before a block's contents: 8, but a model's words are larger.
pub const HEADER: usize = size_of::<BlockWord>();

/// The address of a block. Copying it does not keep the block alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Block(NonNull<BlockWord>);

impl Block {
    /// Bytes of a block that holds `len` bytes.
    #[inline(always)]
    pub const fn size(len: usize) -> usize {
        HEADER * (1 + len.div_ceil(8))
    }

    /// The block at `memory`.
    ///
    /// # Safety
    /// `memory` is aligned to 8 and starts a block of some size class that stays readable while this value is used.
    pub unsafe fn at(memory: NonNull<u8>) -> Self {
        Self(memory.cast())
    }

    /// The block whose address a slot holds, `None` for 0.
    ///
    /// # Safety
    /// `word` is 0 or came from [`Block::word`], and the memory is still readable.
    #[inline(always)]
    pub unsafe fn from_word(word: u64) -> Option<Self> {
        NonNull::new(core::ptr::with_exposed_provenance_mut(word as usize)).map(Self)
    }

    /// The address, to be kept in a slot.
    #[inline(always)]
    pub fn word(self) -> u64 {
        self.0.as_ptr().expose_provenance() as u64
    }

    pub fn memory(self) -> NonNull<u8> {
        self.0.cast()
    }

    #[inline(always)]
    fn cell(&self, index: usize) -> &BlockWord {
        // SAFETY: callers stay within the length that the block's header gives, which its size class bounds.
        unsafe { self.0.add(index).as_ref() }
    }

    /// The length in bytes.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.cell(0).load(Relaxed) as usize
    }

    /// Fills a block of sufficient size class that nobody else writes.
    #[inline]
    pub fn fill(self, bytes: &[u8]) {
        // A reader that holds the address from the block's last use, and sees the new contents, is to see as well what announced
        // that this use was over, though another thread did that.
        fence(Release);
        self.cell(0).store(bytes.len() as u64, Relaxed);
        // SAFETY: the block has room for the bytes, and they are whole words.
        let copied = unsafe { copy_to_shared(bytes.as_ptr(), self.contents(), bytes.len()) };
        let (words, rest) = bytes[copied..].as_chunks::<8>();
        let first = 1 + copied / 8;
        for (index, word) in words.iter().enumerate() {
            between_words();
            self.cell(first + index).store(u64::from_ne_bytes(*word), Relaxed);
        }
        if !rest.is_empty() {
            self.cell(first + words.len()).store(partial_word(rest), Relaxed);
        }
    }

    /// Whether `bytes` lie in this block.
    #[inline(always)]
    pub fn holds(self, bytes: &[u8]) -> bool {
        (bytes.as_ptr() as usize).wrapping_sub(self.0.as_ptr() as usize) < Self::size(self.len())
    }

    fn contents(self) -> *mut u8 {
        self.0.as_ptr().wrapping_add(1).cast()
    }

    /// The bytes.
    ///
    /// # Safety
    /// Nobody writes the block while they are looked at.
    pub unsafe fn as_bytes<'a>(self) -> &'a [u8] {
        // SAFETY: the contents follow the header; that they do not change is the caller's promise.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().add(1).cast(), self.len()) }
    }

    /// Whether the block holds just these bytes.
    #[inline]
    pub fn equals(self, bytes: &[u8]) -> bool {
        if self.len() != bytes.len() {
            return false;
        }
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().enumerate().all(|(index, word)| self.cell(1 + index).load(Relaxed) == u64::from_ne_bytes(*word))
            && (rest.is_empty() || self.cell(1 + words.len()).load(Relaxed) == partial_word(rest))
    }

    /// Copies the first `len` bytes to `target`.
    ///
    /// # Safety
    /// `len` is at most what [`Block::len`] returned, and `target` is valid for writes of `len` bytes.
    #[inline]
    pub unsafe fn copy_to(self, target: *mut u8, len: usize) {
        let words = len / 8;
        // SAFETY: both sides have `len` bytes.
        let copied = unsafe { copy_from_shared(self.contents(), target, len) };
        for index in copied / 8..words {
            between_words();
            let word = self.cell(1 + index).load(Relaxed);
            // SAFETY: 8 * index + 8 <= len.
            unsafe { target.add(8 * index).cast::<u64>().write_unaligned(word) };
        }
        if !len.is_multiple_of(8) {
            let word = self.cell(1 + words).load(Relaxed).to_ne_bytes();
            // SAFETY: the last len % 8 bytes of the target.
            unsafe { target.add(8 * words).copy_from_nonoverlapping(word.as_ptr(), len % 8) };
        }
    }
}

/// Fewer than 8 bytes as a word, padded with zeros.
#[inline]
fn partial_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_ne_bytes(word)
}
