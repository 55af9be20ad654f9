//! What a key is in a slot, and how it is compared and hashed there.

use crate::base::{
    hash::{Hasher, slot_bits},
    mem::Block,
    sync::AtomicU64,
};

/// A type of key.
///
/// # Safety
/// `encode` puts the block that it is given where `block` finds it, and nothing else. `copy_to` writes as many bytes as `len` says.
/// `words` are all the cells, and `load` reads them.
pub unsafe trait Key: Sized + 'static {
    /// The part of a slot that holds a key.
    type Cells;
    /// What fills it.
    type Words: AsRef<[u64]> + Copy;
    /// A key as the caller gives it.
    type Ref<'a>: Copy;
    /// A key that is looked for, hashed and in the form of a slot.
    type Hashed<'a>: Copy + Default;
    /// Whether the slots of a bucket are so large that a key has a *home* among them. Otherwise a bucket is filled from slot 0 on.
    const HAS_PREFERRED_SLOT: bool;

    fn words(cells: &Self::Cells) -> &[AtomicU64];
    /// What the slot holds, to be put into another.
    fn load(cells: &Self::Cells) -> Self::Words;
    #[cfg(any(loom, shuttle))]
    fn new_cells() -> Self::Cells;
    fn hashed<'a>(hasher: &Hasher, key: Self::Ref<'a>) -> Self::Hashed<'a>;
    fn hash(hashed: &Self::Hashed<'_>) -> u64;
    /// The home of a hash.
    #[inline(always)]
    fn preferred_slot(hash: u64) -> usize {
        if Self::HAS_PREFERRED_SLOT { slot_bits(hash) } else { 0 }
    }

    /// The bytes that need a block of their own, if this key does.
    fn out_of_line<'a>(hashed: &Self::Hashed<'a>) -> Option<&'a [u8]>;
    /// What to put into the slot, with the block that `out_of_line` asked for.
    fn encode(hashed: &Self::Hashed<'_>, block: Option<Block>) -> Self::Words;

    /// Whether the slot holds this key. Before an address from the slot is followed, `unchanged` must say that the slot's
    /// words belong together; if it does not, the answer is no (and the caller's own check of the version fails as well).
    fn matches(cells: &Self::Cells, hashed: &Self::Hashed<'_>, unchanged: impl FnOnce() -> bool) -> bool;

    // What follows is for whoever owns the table: the slot is in use and does not change.

    fn hash_in_slot(cells: &Self::Cells, hasher: &Hasher) -> u64;
    /// The block of the key in the slot, if it has one.
    fn block(cells: &Self::Cells) -> Option<Block>;
    /// What a look at the bucket shows: a word itself, the length of bytes.
    fn debug_word(cells: &Self::Cells) -> u64;
    /// The length of the key in bytes.
    fn len(cells: &Self::Cells) -> usize;
    /// Writes the key's bytes.
    ///
    /// # Safety
    /// `target` is valid for writes of `len` bytes.
    unsafe fn copy_to(cells: &Self::Cells, target: *mut u8);
}
