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

pub const SLOTS: usize = 8;

/// Tophash of a slot that is empty, like every one after it in the chain.
pub const EMPTY_REST: u8 = 0;
/// Tophash of a slot that is empty.
pub const EMPTY_ONE: u8 = 1;
/// All that is known of a bucket without its slots.
#[repr(C, align(16))]
pub struct Meta {
    pub tophash: AtomicU64,
    /// Odd while the owner changes the chain that this bucket is the head of. Not used in an overflow bucket.
    pub version: AtomicU32,
    /// The lower bits are the number of the next bucket of the chain in the overflow pool, 0 for none; in a free one, the next free
    /// one. The upper eight are, in the head of a chain, its filter: of each entry in an overflow bucket it has the bit
    /// of [`filter_bit`], so that most searches for what is not there end at the head. Bits of entries
    /// that a split or a delete took away are gone when that returns.
    overflow: AtomicU32,
}

/// More overflow buckets than this no table has.
pub const MAX_OVERFLOW: u32 = (1 << FILTER) - 1;
const FILTER: u32 = 24;

/// The bit of a tophash in a filter.
#[inline(always)]
pub fn filter_bit(top: u8) -> u32 {
    1 << FILTER << (top & 7)
}

impl Meta {
    /// The next bucket of the chain, 0 for none.
    #[inline(always)]
    pub fn next(&self) -> u32 {
        self.overflow.load(Relaxed) & MAX_OVERFLOW
    }
    /// Keeps the filter.
    pub fn set_next(&self, number: u32) {
        self.overflow.store(self.overflow.load(Relaxed) & !MAX_OVERFLOW | number, Relaxed);
    }
    /// Of a head: whether an entry of this tophash may be in an overflow bucket.
    #[inline(always)]
    pub fn may_overflow(&self, top: u8) -> bool {
        self.overflow.load(Relaxed) & filter_bit(top) != 0
    }
    /// Of a head: the bits of all entries in overflow buckets.
    pub fn filter(&self) -> u32 {
        self.overflow.load(Relaxed) & !MAX_OVERFLOW
    }
    /// Of a head: an entry of this tophash is in an overflow bucket.
    pub fn set_overflows(&self, top: u8) {
        self.overflow.store(self.overflow.load(Relaxed) | filter_bit(top), Relaxed);
    }
    /// The chain ends here, and its filter is empty.
    pub fn end_chain(&self) {
        self.overflow.store(0, Relaxed);
    }
}

#[repr(C)]
pub struct Slot<K: Key> {
    pub key: K::Cells,
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
    /// The value word. Acquire pairs with the Release store of the word: what it is the address of, if it is one, is visible.
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

/// The two parts of one bucket.
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
    /// Asks for the metadata, and for the slots where they are few enough to be worth it before a tophash has matched.
    #[inline(always)]
    pub fn prefetch(&self) {
        if !K::HAS_PREFERRED_SLOT {
            prefetch(&self.slots[0]);
            prefetch(&self.slots[4]);
        }
        prefetch(self.meta);
    }

    /// The same for one hash.
    #[inline(always)]
    pub fn prefetch_for(&self, hash: u64) {
        self.prefetch();
        if K::HAS_PREFERRED_SLOT {
            let home = &self.slots[K::preferred_slot(hash)];
            prefetch(home);
            // Which may be on the next cache line.
            prefetch(&home.value);
        }
    }

    pub fn is_same(&self, other: &Self) -> bool {
        core::ptr::eq(self.meta, other.meta)
    }

    #[inline(always)]
    pub fn tops(&self) -> Tops {
        Tops(self.meta.tophash.load(Relaxed))
    }

    /// Puts an entry into a slot that is empty, of a head or the first empty one of its bucket.
    #[inline(always)]
    pub fn write_slot(&self, slot: usize, top: u8, key: K::Words, value: u64) {
        let cells = &self.slots[slot];
        for (cell, word) in K::words(&cells.key).iter().zip(key.as_ref()) {
            cell.store(*word, Relaxed);
        }
        cells.value.store(value, Release);
        let tops = self.tops().with(slot, top);
        // In another bucket than the last of a chain every empty slot is marked already.
        let tops = if K::HAS_PREFERRED_SLOT && self.meta.next() == 0 { tops.joined() } else { tops };
        self.meta.tophash.store(tops.0, Relaxed);
    }

    /// Empties a slot of the last bucket of a chain.
    #[inline(always)]
    pub fn remove_last(&self, slot: usize) {
        self.meta.tophash.store(self.tops().with(slot, EMPTY_ONE).trimmed().0, Relaxed);
    }

    /// Empties a slot of a bucket of any chain.
    #[inline(always)]
    pub fn remove(&self, slot: usize) {
        if self.meta.next() == 0 { self.remove_last(slot) } else { self.set_top(slot, EMPTY_ONE) }
    }

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

    #[inline(always)]
    pub fn matching(self, top: u8) -> Matches {
        Matches(equal_bytes(self.0, top))
    }
    /// Slots with a key.
    #[inline(always)]
    pub fn live(self) -> Matches {
        Matches(!self.empty().0)
    }
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
    /// With these slots emptied: bit 0 stands for slot 0.
    pub fn emptied(self, slots: u8) -> Self {
        Matches(slots).fold(self, |tops, slot| tops.with(slot, EMPTY_ONE))
    }
    /// For the last bucket of a chain: the empty slots at its end as [`EMPTY_REST`].
    #[inline(always)]
    pub fn trimmed(self) -> Self {
        // Of a tophash another bit than the lowest is set; all that is above the last one is empty.
        match self.0 & !EMPTY_ONES {
            0 => Self::EMPTY,
            used => Self(self.0 & u64::MAX >> (used.leading_zeros() & !7)),
        }
    }
    /// After a slot was filled that was not the first empty one: the empty ones before it as [`EMPTY_ONE`].
    #[inline(always)]
    pub fn joined(self) -> Self {
        // The highest bit of each byte that is a tophash: the sum carries into it, and no further.
        let live = ((self.0 & !EMPTY_ONES & !HIGHEST) + !HIGHEST) | self.0;
        Self(self.0 | (!live >> 7 & EMPTY_ONES)).trimmed()
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
    /// The first one from a slot on, after the last comes slot 0.
    #[inline(always)]
    pub fn first_from(self, slot: usize) -> Option<usize> {
        let turned = Self(self.0.rotate_right(slot as u32));
        turned.first().map(|first| (first + slot) & (SLOTS - 1))
    }
    /// Bit 0 stands for slot 0.
    pub fn mask(self) -> u8 {
        self.0
    }
    /// Those after the first.
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

/// A change of a chain: its head's version is odd from here to the drop, and a new even one then.
pub struct Change<'a>(&'a AtomicU32);

impl<'a> Change<'a> {
    pub fn begin(head: &'a Meta) -> Self {
        let version = &head.version;
        version.store(version.load(Relaxed).wrapping_add(1), Relaxed);
        // No write of the change may be seen before the odd version.
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
        let without = |bytes, slot| Tops(u64::from_le_bytes(bytes)).emptied(1u8 << slot).trimmed().0.to_le_bytes();
        assert_eq!(without([9, 8, 7, 6, 5, 4, 3, 2], 3), [9, 8, 7, 1, 5, 4, 3, 2]);
        assert_eq!(without([9, 8, 7, 6, 5, 4, 3, 2], 7), [9, 8, 7, 6, 5, 4, 3, 0]);
        assert_eq!(without([9, 1, 1, 255, 1, 128, 0, 0], 5), [9, 1, 1, 255, 0, 0, 0, 0]);
        assert_eq!(without([1, 1, 2, 0, 0, 0, 0, 0], 2), [0; 8]);
        let joined = |bytes| Tops(u64::from_le_bytes(bytes)).joined().0.to_le_bytes();
        assert_eq!(joined([0, 1, 2, 0, 128, 129, 0, 7]), [1, 1, 2, 1, 128, 129, 1, 7]);
        assert_eq!(joined([0, 255, 0, 2, 0, 1, 0, 0]), [1, 255, 1, 2, 0, 0, 0, 0]);
        let empty = Matches::of(0b0100_0010);
        assert_eq!([0, 1, 2, 6, 7].map(|slot| empty.first_from(slot)), [1, 1, 6, 6, 1].map(Some));
        assert_eq!(Matches::of(0).first_from(3), None);
    }
}
