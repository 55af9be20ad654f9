//! What a key is: how it lies in a slot, and how it is compared and hashed there.
//!
//! The cells of a slot are written by the owner alone, with Relaxed stores while the chain's
//! version is odd. Optimistic readers load them at any time, and may find some old cells and some
//! new ones. They notice when they check the version.

use crate::base::{
    hash::{Hasher, slot_bits},
    mem::Block,
    sync::AtomicU64,
};

/// A type of key.
///
/// # Safety
/// Of cells that `encode` returned, `block` gives the block that was passed to `encode`, or `None`
/// if there was none. `copy_to` writes exactly `len` bytes. `words` are all the cells, and `load`
/// reads them.
pub unsafe trait Key: Sized + 'static {
    /// The cells of one slot: an array of atomic words.
    ///
    /// A kind may wrap its type of key in one with more cells, for metadata of each entry. The
    /// table copies all cells when an entry moves, and passes readers the slot.
    type Cells;
    /// The contents of the cells.
    type Words: AsRef<[u64]> + Copy;
    /// A key as the caller passes it.
    type Ref<'a>: Copy;
    /// A key to search for: with its hash, and encoded so that it can be compared with cells.
    type Hashed<'a>: Copy + Default;
    /// Whether a bucket of such keys spans so many cache lines that each key prefers one of the
    /// eight slots, for a reader to prefetch. If not, a bucket is filled from slot 0.
    const HAS_PREFERRED_SLOT: bool;

    /// The cells as a slice of words.
    fn words(cells: &Self::Cells) -> &[AtomicU64];
    /// Loads the cells, to copy the key to another slot.
    fn load(cells: &Self::Cells) -> Self::Words;
    /// Cells of zeros, for model checkers: zeroed memory is not a valid value of their atomics.
    #[cfg(any(loom, shuttle))]
    fn new_cells() -> Self::Cells;
    /// Hashes a key and encodes it for a search.
    fn hashed<'a>(hasher: &Hasher, key: Self::Ref<'a>) -> Self::Hashed<'a>;
    /// The hash of the key.
    fn hash(hashed: &Self::Hashed<'_>) -> u64;
    /// The slot that a key with this hash prefers.
    #[inline(always)]
    fn preferred_slot(hash: u64) -> usize {
        if Self::HAS_PREFERRED_SLOT { slot_bits(hash) } else { 0 }
    }

    /// The bytes of the key, if they do not fit in the cells. They need a block.
    fn out_of_line<'a>(hashed: &Self::Hashed<'a>) -> Option<&'a [u8]>;
    /// The cells of this key. `block` holds the bytes that [`Key::out_of_line`] returned, if any.
    fn encode(hashed: &Self::Hashed<'_>, block: Option<Block>) -> Self::Words;

    /// Whether the cells hold this key.
    ///
    /// The caller may be an optimistic reader, which may find some old cells and some new ones.
    /// `unchanged` checks the version: if it returns true, the cells that were loaded before
    /// the call belong together. So this function
    /// - follows an address in the cells only after `unchanged` has returned true, and returns
    ///   false if it has returned false;
    /// - need not call `unchanged` otherwise: the caller checks the version itself before it relies
    ///   on the answer.
    fn matches(cells: &Self::Cells, hashed: &Self::Hashed<'_>, unchanged: impl FnOnce() -> bool) -> bool;

    // The functions below are for the owner. The slot is in use, and nobody changes it meanwhile.

    /// The hash of the key in the cells.
    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64;
    /// The block of the key in the cells, if it has one.
    fn block(cells: &Self::Cells) -> Option<Block>;
    /// What `ptl_map_inspect` reports for the key: the word itself, or the length of the bytes.
    fn debug_word(cells: &Self::Cells) -> u64;
    /// The length of the key in bytes.
    fn len(cells: &Self::Cells) -> usize;
    /// Copies the bytes of the key to `target`.
    ///
    /// # Safety
    /// `target` is valid for writes of [`Key::len`] bytes.
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8);
}
