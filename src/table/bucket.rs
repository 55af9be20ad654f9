//! A bucket: its metadata, its slots, and the tophash bytes.

use crate::{
    base::{
        arch::{equal_bytes, prefetch},
        sync::{
            AtomicU32, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
            fence,
        },
    },
    item::Key,
};

/// Slots in a bucket.
pub const SLOTS: usize = 8;

/// The tophash of an empty slot after which the whole chain is empty.
pub const EMPTY_REST: u8 = 0;
/// The tophash of any other empty slot.
pub const EMPTY_ONE: u8 = 1;

/// A bucket without its slots. All zero is an empty bucket that has no overflow bucket.
///
/// Readers load all three words; only the owner stores them.
#[repr(C, align(16))]
pub struct Meta {
    /// One byte for each slot, slot 0 lowest.
    pub tophash: AtomicU64,
    /// Of a head: odd while the owner changes its chain. Not used in an overflow bucket.
    pub version: AtomicU32,
    /// ```text
    /// bit 31     24 23                  0
    ///     └ filter ┘└ number of the next ┘
    /// ```
    /// The number is that of the next overflow bucket of the chain; 0: the chain ends here. In a
    /// free overflow bucket it is the number of the next free one.
    ///
    /// The filter is used in heads only. It has the [`filter_bit`] of each entry that lies in an
    /// overflow bucket of the chain, so most searches for an absent key end at the head. When a
    /// split or a delete has taken entries away, it also clears their bits.
    overflow: AtomicU32,
}

/// The highest number of an overflow bucket.
pub const MAX_OVERFLOW: u32 = (1 << FILTER) - 1;
/// Where the filter begins.
const FILTER: u32 = 24;

/// The filter bit of a tophash: one of eight, by its lowest three bits.
#[inline(always)]
pub fn filter_bit(top: u8) -> u32 {
    1 << FILTER << (top & 7)
}

impl Meta {
    /// The number of the next bucket of the chain, 0 for none.
    #[inline(always)]
    pub fn next(&self) -> u32 {
        self.overflow.load(Relaxed) & MAX_OVERFLOW
    }
    /// Sets that number, and keeps the filter.
    pub fn set_next(&self, number: u32) {
        self.overflow.store(self.overflow.load(Relaxed) & !MAX_OVERFLOW | number, Relaxed);
    }
    /// Of a head: whether an entry with this tophash may lie in an overflow bucket.
    #[inline(always)]
    pub fn may_overflow(&self, top: u8) -> bool {
        self.overflow.load(Relaxed) & filter_bit(top) != 0
    }
    /// Of a head: the bits of all tophashes that it records.
    pub fn filter(&self) -> u32 {
        self.overflow.load(Relaxed) & !MAX_OVERFLOW
    }
    /// Of a head: records that an entry with this tophash lies in an overflow bucket.
    pub fn set_overflows(&self, top: u8) {
        self.overflow.store(self.overflow.load(Relaxed) | filter_bit(top), Relaxed);
    }
    /// Ends the chain here, with an empty filter.
    pub fn end_chain(&self) {
        self.overflow.store(0, Relaxed);
    }
}

/// A key and its value. What it holds counts only while its tophash is not an empty state.
#[repr(C)]
pub struct Slot<K: Key> {
    /// Written by the owner while the chain's version is odd.
    pub key: K::Cells,
    /// The value itself, or the address of its block. 0 in memory that was discarded.
    pub value: AtomicU64,
}

#[cfg(any(loom, shuttle))]
impl Meta {
    pub fn new() -> Self {
        Self { tophash: AtomicU64::new(0), version: AtomicU32::new(0), overflow: AtomicU32::new(0) }
    }
}

#[cfg(any(loom, shuttle))]
impl<K: Key> Slot<K> {
    pub fn new() -> Self {
        Self { key: K::new_cells(), value: AtomicU64::new(0) }
    }
}

impl<K: Key> Slot<K> {
    /// The value word. Acquire pairs with the Release store of a block's address, so its contents
    /// are visible.
    #[inline(always)]
    pub fn load_value(&self) -> u64 {
        self.value.load(Acquire)
    }
    /// Copies key and value from another slot.
    pub fn copy_from(&self, other: &Self) {
        for (to, from) in K::words(&self.key).iter().zip(K::words(&other.key)) {
            to.store(from.load(Relaxed), Relaxed);
        }
        self.value.store(other.value.load(Relaxed), Relaxed);
    }
}

/// The two parts of a bucket, which lie apart in memory.
pub struct Bucket<'a, K: Key> {
    pub meta: &'a Meta,
    pub slots: &'a [Slot<K>; SLOTS],
}

impl<K: Key> Clone for Bucket<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Key> Copy for Bucket<'_, K> {}

impl<K: Key> Bucket<'_, K> {
    /// Prefetches the metadata, and the slots if they are only two cache lines.
    #[inline(always)]
    pub fn prefetch(&self) {
        if !K::HAS_PREFERRED_SLOT {
            prefetch(&self.slots[0]);
            prefetch(&self.slots[4]);
        }
        prefetch(self.meta);
    }

    /// As `prefetch`, for a search of one hash: of larger slots, the preferred one.
    #[inline(always)]
    pub fn prefetch_for(&self, hash: u64) {
        self.prefetch();
        if K::HAS_PREFERRED_SLOT {
            let slot = &self.slots[K::preferred_slot(hash)];
            prefetch(slot);
            // The value may lie on the next cache line.
            prefetch(&slot.value);
        }
    }

    /// Whether both are the same bucket.
    pub fn is_same(&self, other: &Self) -> bool {
        core::ptr::eq(self.meta, other.meta)
    }

    /// The tophash bytes.
    #[inline(always)]
    pub fn tops(&self) -> Tops {
        Tops(self.meta.tophash.load(Relaxed))
    }

    /// Puts an entry into an empty slot: any of a head, or the first empty one of an overflow
    /// bucket.
    #[inline(always)]
    pub fn write_slot(&self, slot: usize, top: u8, key: K::Words, value: u64) {
        let cells = &self.slots[slot];
        for (cell, word) in K::words(&cells.key).iter().zip(key.as_ref()) {
            cell.store(*word, Relaxed);
        }
        cells.value.store(value, Release);
        let tops = self.tops().with(slot, top);
        // Only the last bucket of a chain has EMPTY_REST. The slot may lie in the middle of such
        // slots: those before it become EMPTY_ONE.
        let tops = if K::HAS_PREFERRED_SLOT && self.meta.next() == 0 { tops.with_gaps_and_rest() } else { tops };
        self.meta.tophash.store(tops.0, Relaxed);
    }

    /// Empties a slot of a bucket that is the last of its chain.
    #[inline(always)]
    pub fn remove_in_last_bucket(&self, slot: usize) {
        self.meta.tophash.store(self.tops().with(slot, EMPTY_ONE).with_rest().0, Relaxed);
    }

    /// Empties a slot.
    #[inline(always)]
    pub fn remove(&self, slot: usize) {
        if self.meta.next() == 0 { self.remove_in_last_bucket(slot) } else { self.set_top(slot, EMPTY_ONE) }
    }

    /// Sets the tophash of a slot.
    #[inline(always)]
    pub fn set_top(&self, slot: usize, top: u8) {
        self.meta.tophash.store(self.tops().with(slot, top).0, Relaxed);
    }
}

/// The tophash bytes of a bucket, slot 0 lowest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tops(pub u64);

/// Every byte [`EMPTY_ONE`].
pub const EMPTY_ONES: u64 = u64::from_ne_bytes([EMPTY_ONE; SLOTS]);
pub const HIGHEST: u64 = u64::from_ne_bytes([0x80; SLOTS]);

impl Tops {
    pub const EMPTY: Self = Self(0);

    /// Slots with this tophash.
    #[inline(always)]
    pub fn matching(self, top: u8) -> Matches {
        Matches(equal_bytes(self.0, top))
    }
    /// Slots with a key.
    #[inline(always)]
    pub fn live(self) -> Matches {
        Matches(!self.empty().0)
    }
    /// Slots without a key.
    #[inline(always)]
    pub fn empty(self) -> Matches {
        Matches(equal_bytes(self.0, EMPTY_REST) | equal_bytes(self.0, EMPTY_ONE))
    }
    #[inline(always)]
    pub fn get(self, slot: usize) -> u8 {
        (self.0 >> (8 * slot)) as u8
    }
    #[inline(always)]
    pub fn with(self, slot: usize, top: u8) -> Self {
        Self(self.0 & !(0xff << (8 * slot)) | (top as u64) << (8 * slot))
    }
    /// With the slots in `slots` emptied (bit 0: slot 0).
    pub fn emptied(self, slots: u8) -> Self {
        Matches(slots).fold(self, |tops, slot| tops.with(slot, EMPTY_ONE))
    }
    /// With the empty slots after the last entry marked [`EMPTY_REST`]. For the last bucket of a
    /// chain.
    #[inline(always)]
    pub fn with_rest(self) -> Self {
        // Empty states are 0x00 and 0x01; every tophash has a bit above bit 0. Mask bit 0 of each
        // byte away: the highest byte left is the last slot in use.
        match self.0 & !EMPTY_ONES {
            0 => Self::EMPTY,
            used => Self(self.0 & u64::MAX >> (used.leading_zeros() & !7)),
        }
    }
    /// With the empty slots before the last entry marked [`EMPTY_ONE`], and those after it
    /// [`EMPTY_REST`].
    #[inline(always)]
    pub fn with_gaps_and_rest(self) -> Self {
        // Bit 7 of each byte that is a tophash: adding 0x7f carries into bit 7 if any of bits 1 to
        // 6 is set, and never into the next byte.
        let live = ((self.0 & !EMPTY_ONES & !HIGHEST) + !HIGHEST) | self.0;
        Self(self.0 | (!live >> 7 & EMPTY_ONES)).with_rest()
    }
}

/// Slots of one bucket, in order.
#[derive(Clone, Copy)]
pub struct Matches(u8);

impl Matches {
    /// Bit 0 stands for slot 0.
    pub fn of(slots: u8) -> Self {
        Self(slots)
    }
    #[inline(always)]
    pub fn has(self, slot: usize) -> bool {
        self.0 >> slot & 1 != 0
    }
    /// The first one, if there is any.
    #[inline(always)]
    pub fn first(self) -> Option<usize> {
        // The mask keeps the bound visible to the compiler.
        (self.0 != 0).then(|| self.0.trailing_zeros() as usize & (SLOTS - 1))
    }
    /// The first one from `slot` on; slot 0 follows the last.
    #[inline(always)]
    pub fn first_from(self, slot: usize) -> Option<usize> {
        let turned = Self(self.0.rotate_right(slot as u32));
        turned.first().map(|first| (first + slot) & (SLOTS - 1))
    }
    /// Bit 0 stands for slot 0.
    pub fn mask(self) -> u8 {
        self.0
    }
    /// All but the first.
    #[inline(always)]
    pub fn rest(self) -> Self {
        Self(self.0 & self.0.wrapping_sub(1))
    }
}

impl Iterator for Matches {
    type Item = usize;
    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let first = self.first();
        *self = self.rest();
        first
    }
}

/// A change of a chain. The head's version is odd from `begin` to the drop, which makes it even
/// again.
pub struct Change<'a>(&'a AtomicU32);

impl<'a> Change<'a> {
    pub fn begin(head: &'a Meta) -> Self {
        let version = &head.version;
        version.store(version.load(Relaxed).wrapping_add(1), Relaxed);
        // Whoever sees a write of this change also sees the odd version.
        fence(Release);
        Self(version)
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tops_match_exactly() {
        let tops = Tops(u64::from_le_bytes([0, 1, 2, 3, 255, 128, 127, 2]));
        let slots = |matches: Matches| matches.collect::<Vec<_>>();
        assert_eq!(slots(tops.matching(2)), [2, 7]);
        assert_eq!(slots(tops.matching(3)), [3]);
        assert_eq!(slots(tops.matching(128)), [5]);
        assert_eq!(slots(tops.empty()), [0, 1]);
        assert_eq!(slots(tops.live()), [2, 3, 4, 5, 6, 7]);
        let without = |bytes, slot| Tops(u64::from_le_bytes(bytes)).emptied(1u8 << slot).with_rest().0.to_le_bytes();
        assert_eq!(without([9, 8, 7, 6, 5, 4, 3, 2], 3), [9, 8, 7, 1, 5, 4, 3, 2]);
        assert_eq!(without([9, 8, 7, 6, 5, 4, 3, 2], 7), [9, 8, 7, 6, 5, 4, 3, 0]);
        assert_eq!(without([9, 1, 1, 255, 1, 128, 0, 0], 5), [9, 1, 1, 255, 0, 0, 0, 0]);
        assert_eq!(without([1, 1, 2, 0, 0, 0, 0, 0], 2), [0; 8]);
        let marked = |bytes| Tops(u64::from_le_bytes(bytes)).with_gaps_and_rest().0.to_le_bytes();
        assert_eq!(marked([0, 1, 2, 0, 128, 129, 0, 7]), [1, 1, 2, 1, 128, 129, 1, 7]);
        assert_eq!(marked([0, 255, 0, 2, 0, 1, 0, 0]), [1, 255, 1, 2, 0, 0, 0, 0]);
        let empty = Matches::of(0b0100_0010);
        assert_eq!([0, 1, 2, 6, 7].map(|slot| empty.first_from(slot)), [1, 1, 6, 6, 1].map(Some));
        assert_eq!(Matches::of(0).first_from(3), None);
    }
}
