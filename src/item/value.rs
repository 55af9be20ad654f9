//! What the value word in a slot means.

use super::Blocks;
use crate::base::mem::OutOfMemory;

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
    /// Whether the value may be overwritten by [`Value::refill`].
    ///
    /// # Safety
    /// See the trait; and nobody else writes the block.
    unsafe fn can_refill(_word: u64, _value: Self::Ref<'_>) -> bool {
        false
    }
    /// Overwrites the value in its block. Readers that do not notice that may get a mixture.
    ///
    /// # Safety
    /// See the trait; nobody else writes the block, and `can_refill` said so.
    unsafe fn refill(_word: u64, _value: Self::Ref<'_>) {}
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
