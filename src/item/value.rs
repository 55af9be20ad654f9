//! What the value word in a slot means.

use super::Blocks;
use crate::base::mem::OutOfMemory;

/// A type of value.
///
/// # Safety
/// `copy_to` writes all of the `len` bytes that it is asked for. A word that is [`IN_PLACE`](Self::IN_PLACE) leads to no block.
///
/// # Words
/// The functions that take a value word are unsafe for one reason: the word must be one that `pack` of the same type made, and
/// its block, if it has one, must be readable (an optimistic reader may find it reused).
pub unsafe trait Value: 'static {
    /// A value as the caller gives it.
    type Ref<'a>: Copy;
    /// Whether a value may be overwritten under the eyes of a reader: the word is all there is to it.
    const IN_PLACE: bool;

    /// The value word, if it is all there is to the value.
    fn in_place(value: Self::Ref<'_>) -> Option<u64>;
    /// The value word, with a block from `blocks` if it needs one.
    fn pack(value: Self::Ref<'_>, blocks: &mut impl Blocks) -> Result<u64, OutOfMemory>;
    /// Gives back the block of the word, if it has one.
    ///
    /// # Safety
    /// See the trait; the block came from `blocks`, and no slot holds the word any more.
    unsafe fn free(word: u64, blocks: &mut impl Blocks);
    /// Whether the word is this value.
    ///
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
    /// Writes the value's bytes.
    ///
    /// # Safety
    /// See the trait; `len` is what `Value::len` gave for the word, and `target` is valid for writes of so many bytes.
    unsafe fn copy_to(word: u64, target: *mut u8, len: usize);
}
