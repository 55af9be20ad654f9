//! Values: a word, or bytes of any length. What the value word in a slot means.

use super::blocks::Blocks;
use crate::{
    base::mem::{Block, OutOfMemory},
    table::{Bytes, Word},
};

/// A type of value.
///
/// The functions that take a value word are unsafe for one reason: the word must be one that `pack` of the same type made, and
/// its block, if it has one, must be readable (an optimistic reader may find it reused).
pub trait Value: 'static {
    /// A value as the caller gives it.
    type Ref<'a>: Copy;
    /// Whether a value may be overwritten under the eyes of a reader: the word is all there is to it.
    const IN_PLACE: bool;

    /// The value word, if it is all there is to the value.
    fn in_place(value: Self::Ref<'_>) -> Option<u64>;
    fn pack(value: Self::Ref<'_>, blocks: &mut impl Blocks) -> Result<u64, OutOfMemory>;
    /// # Safety
    /// See the trait; and no slot holds the word any more.
    unsafe fn free(word: u64, blocks: &mut impl Blocks);
    /// # Safety
    /// See the trait.
    unsafe fn equals(word: u64, value: Self::Ref<'_>) -> bool;
    /// Shows the value as bytes. For whoever keeps writers out.
    ///
    /// # Safety
    /// See the trait; and nobody writes the block meanwhile.
    unsafe fn show<R>(word: u64, see: impl FnOnce(&[u8]) -> R) -> R;
    /// The length in bytes.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn len(word: u64) -> usize;
    /// # Safety
    /// See the trait; `len` is what `Value::len` gave for the word, and `target` is valid for writes of so many bytes.
    unsafe fn copy_to(word: u64, target: *mut u8, len: usize);
}

impl Value for Word {
    type Ref<'a> = u64;
    const IN_PLACE: bool = true;

    #[inline(always)]
    fn in_place(value: u64) -> Option<u64> {
        Some(value)
    }
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
        // Aligned as a word is.
        // SAFETY: a word is 8 bytes.
        see(unsafe { &*core::ptr::from_ref(&word).cast::<[u8; 8]>() })
    }
    #[inline(always)]
    unsafe fn len(_word: u64) -> usize {
        8
    }
    #[inline(always)]
    unsafe fn copy_to(word: u64, target: *mut u8, _len: usize) {
        // SAFETY: passed on from the caller.
        unsafe { target.cast::<u64>().write_unaligned(word) };
    }
}

impl Value for Bytes {
    type Ref<'a> = &'a [u8];
    const IN_PLACE: bool = false;

    fn in_place(_value: &[u8]) -> Option<u64> {
        None
    }
    fn pack(value: &[u8], blocks: &mut impl Blocks) -> Result<u64, OutOfMemory> {
        Ok(blocks.alloc(value)?.word())
    }
    unsafe fn free(word: u64, blocks: &mut impl Blocks) {
        // SAFETY: passed on from the caller.
        if let Some(block) = unsafe { Block::from_word(word) } {
            // SAFETY: as above.
            unsafe { blocks.free(block) };
        }
    }
    unsafe fn equals(word: u64, value: &[u8]) -> bool {
        // SAFETY: passed on from the caller.
        unsafe { Block::from_word(word) }.is_some_and(|block| block.equals(value))
    }
    unsafe fn show<R>(word: u64, see: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: passed on from the caller.
        see(unsafe { Block::from_word(word).map_or(&[], |block| block.as_bytes()) })
    }
    // A word of 0 is found only by a reader that looks at memory given back meanwhile, and whose check fails after this.
    #[inline]
    unsafe fn len(word: u64) -> usize {
        // SAFETY: passed on from the caller.
        unsafe { Block::from_word(word) }.map_or(0, Block::len)
    }
    #[inline]
    unsafe fn copy_to(word: u64, target: *mut u8, len: usize) {
        // SAFETY: passed on from the caller.
        if let Some(block) = unsafe { Block::from_word(word) } {
            // SAFETY: as above.
            unsafe { block.copy_to(target, len) };
        }
    }
}
