//! What a value is: the meaning of a value word.

use super::Blocks;
use crate::base::mem::OutOfMemory;

/// A type of value.
///
/// A function that takes a value word needs a *valid* word: one that [`Value::pack`] of this type
/// returned and whose block, if it has one, is readable; or 0, where a page was discarded. For an
/// optimistic reader the block may already hold something else; then the reader's version check
/// fails.
///
/// # Safety
/// `copy_to` writes exactly the `len` bytes that it is asked for. A word of an `IN_PLACE` type
/// leads to no block. Where `can_refill` returns true, `refill` stays within the block.
pub unsafe trait Value: 'static {
    /// A value as the caller passes it.
    type Ref<'a>: Copy;
    /// Whether the value word is the value itself. If so, it may be overwritten while readers load
    /// it: they get the old value or the new one, both complete.
    const IN_PLACE: bool;

    /// The value word of a value. Allocates and fills a block if the value needs one.
    fn pack(value: Self::Ref<'_>, blocks: &mut impl Blocks) -> Result<u64, OutOfMemory>;
    /// Whether [`Value::refill`] may overwrite the value in its block.
    ///
    /// # Safety
    /// `word` is valid, and nobody else writes its block.
    unsafe fn can_refill(_word: u64, _value: Self::Ref<'_>) -> bool {
        false
    }
    /// Overwrites the value in its block. A reader that runs meanwhile may get a mixture of both.
    ///
    /// # Safety
    /// `word` is valid, nobody else writes its block, and `can_refill` returned true. The version
    /// of the bucket is odd.
    unsafe fn refill(_word: u64, _value: Self::Ref<'_>) {}
    /// Frees the block of a value, if it has one.
    ///
    /// # Safety
    /// `word` is valid, its block came from `blocks` and is in use, and no slot or entry holds the
    /// word any more.
    unsafe fn free(word: u64, blocks: &mut impl Blocks);
    /// Whether this is the value of the word.
    ///
    /// # Safety
    /// `word` is valid.
    unsafe fn equals(word: u64, value: Self::Ref<'_>) -> bool;
    /// Calls `see` with the bytes of the value, in place.
    ///
    /// # Safety
    /// `word` is valid, and nobody writes or frees its block during the call.
    unsafe fn show<R>(word: u64, see: impl FnOnce(&[u8]) -> R) -> R;
    /// The length of the value in bytes.
    ///
    /// # Safety
    /// `word` is valid.
    unsafe fn len(word: u64) -> usize;
    /// Copies the bytes of the value to `target`.
    ///
    /// # Safety
    /// `word` is valid, `len` is what [`Value::len`] returned for it, and `target` is valid for
    /// writes of `len` bytes.
    unsafe fn copy_to(word: u64, target: *mut u8, len: usize);
}
