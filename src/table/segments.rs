//! An array of buckets that grows without moving: segment 0 holds buckets 0 and 1, segment k the buckets from 2^k to 2^(k+1).
//! A segment is one allocation, first the slots of its buckets, then their metadata, so that both
//! addresses follow from the bucket's number alone.
//!
//! Prefix p1 has bucket 2^B + p if p has B bits, and prefixes of zeros have bucket 0: what a prefix ends in, after its last 1, does not
//! matter. With a 1 before the prefix, the number is what lies before that last 1.

use super::bucket::{Bucket, Meta, SLOTS, Slot};
use crate::{
    base::{
        arch::launder,
        mem::{Memory, OutOfMemory},
        sync::{
            AtomicPtr, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    item::Key,
};
use core::{marker::PhantomData, ptr::NonNull};

/// Enough for 2^31 buckets, and as many that a growth under way adds.
const SEGMENTS: usize = if cfg!(loom) { 3 } else { 32 };
/// Of the arrays of segments: they are found by how many zeros a prefix of 32 bits ends in, so that the last segment comes first,
/// and segment 0 twice, for bucket 1 and for bucket 0.
const ENTRIES: usize = SEGMENTS + 1;
/// Of those numbers of zeros, which go up to 32, these lead to no segment. None but in a model.
const FEW_ZEROS: usize = 33 - ENTRIES;
/// Slots begin at a cache line, and a bucket of words is exactly two.
const ALIGN: usize = 128;

/// Both arrays hold, for each segment, where half a bucket before bucket 0 would be if the segment went back that far: 2 i + 1 half_buckets from
/// there is bucket i. NULL: no segment.
pub struct Segments<K> {
    slots: [AtomicPtr<u8>; ENTRIES],
    /// Set after `slots`.
    metas: [AtomicPtr<u8>; ENTRIES],
    /// A bit for each segment whose pages went back to the system. For the owner.
    discarded: AtomicU64,
    key: PhantomData<fn() -> K>,
}

/// The segment of bucket `index`.
#[inline(always)]
fn segment_of(index: u32) -> usize {
    (index | 1).ilog2() as usize
}

/// Where a segment is in the arrays.
#[inline(always)]
fn entry_of(segment: usize) -> usize {
    SEGMENTS - 1 - segment
}

/// Everywhere it is.
fn entries_of(segment: usize) -> core::ops::RangeInclusive<usize> {
    entry_of(segment)..=entry_of(segment) + usize::from(segment == 0)
}

/// The first bucket of a segment, and how many there are.
fn buckets_of(segment: usize) -> (usize, usize) {
    (if segment == 0 { 0 } else { 1 << segment }, if segment == 0 { 2 } else { 1 << segment })
}

impl<K: Key> Segments<K> {
    const BUCKET_SLOTS: usize = SLOTS * size_of::<Slot<K>>();
    const HALF_SLOTS: usize = Self::BUCKET_SLOTS / 2;
    const HALF_META: usize = size_of::<Meta>() / 2;
    /// Bytes of one bucket with its metadata.
    const BUCKET: usize = Self::BUCKET_SLOTS + size_of::<Meta>();

    pub fn new() -> Self {
        let none = || core::array::from_fn(|_| AtomicPtr::new(core::ptr::null_mut()));
        Self { slots: none(), metas: none(), discarded: AtomicU64::new(0), key: PhantomData }
    }

    /// The bucket of a prefix, in the highest of 32 bits, if its segment exists.
    #[inline(always)]
    pub fn by_prefix(&self, prefix: u32) -> Option<Bucket<'_, K>> {
        let prefixed = 1 << 32 | u64::from(prefix);
        let zeros = prefixed.trailing_zeros();
        // SAFETY: the number found so is one of this segment's.
        unsafe { self.bucket(zeros as usize - FEW_ZEROS, (prefixed >> zeros) as usize) }
    }

    /// Bucket `index`, if its segment exists.
    #[inline(always)]
    pub fn get(&self, index: u32) -> Option<Bucket<'_, K>> {
        // SAFETY: as above.
        unsafe { self.bucket(entry_of(segment_of(index)), 2 * index as usize + 1) }
    }

    /// The bucket `half_buckets` half_buckets from where an entry of the arrays says.
    ///
    /// # Safety
    /// The bucket is one of the segment's, if that exists.
    #[inline(always)]
    unsafe fn bucket(&self, entry: usize, half_buckets: usize) -> Option<Bucket<'_, K>> {
        debug_assert!(entry < ENTRIES, "no segment has place {entry}");
        // A shape that needs the segment was published after it, and overflow numbers are checked by version before they
        // are followed: Acquire is for the first bucket, which comes without a new shape.
        let metas = self.metas[entry].load(Acquire);
        if metas.is_null() {
            return None;
        }
        let slots = self.slots[entry].load(Relaxed);
        // SAFETY: `make` laid the segment out so.
        unsafe {
            let slots = launder(slots.wrapping_add(half_buckets * Self::HALF_SLOTS).cast::<[Slot<K>; SLOTS]>());
            let meta = metas.wrapping_add(half_buckets * Self::HALF_META).cast::<Meta>();
            // Known here, and lost on the compiler otherwise, which would ask once more.
            core::hint::assert_unchecked(!meta.is_null() && !slots.is_null());
            Some(Bucket { meta: &*meta, slots: &*slots })
        }
    }

    /// Sees to it that there is the segment of bucket `index`; returns the bytes that come from the system for that.
    pub fn make(&self, memory: &Memory, index: u32) -> Result<u64, OutOfMemory> {
        let number = segment_of(index);
        let size = Self::size(number).ok_or(OutOfMemory)?;
        if let Some(start) = self.start(number) {
            let discarded = self.discarded.load(Relaxed);
            self.discarded.store(discarded & !(1 << number), Relaxed);
            let bytes = || memory.discardable(start.as_ptr(), Self::slots(number), size);
            return Ok(if discarded >> number & 1 != 0 { bytes() } else { 0 });
        }
        let start = memory.alloc(size, ALIGN)?.as_ptr();
        let (first, buckets) = buckets_of(number);
        #[cfg(any(loom, shuttle))]
        // SAFETY: the bytes are ours alone.
        unsafe {
            Self::write_zeros(start, buckets);
        }
        let (before, metas) = (2 * first + 1, start.wrapping_add(buckets * Self::BUCKET_SLOTS));
        for entry in entries_of(number) {
            self.slots[entry].store(start.wrapping_sub(before * Self::HALF_SLOTS), Relaxed);
            self.metas[entry].store(metas.wrapping_sub(before * Self::HALF_META), Release);
        }
        Ok(size as u64)
    }

    /// Takes all segments out of use that begin at bucket `from` or later. To those that begin below `stable` optimistic readers may have
    /// come: only the pages of their slots go back, and the metadata stays, so that a bucket's version never goes back to one that a reader may
    /// remember. The others are freed. Returns the bytes that went back.
    ///
    /// # Safety
    /// No bucket of those segments is in use, and no reader comes to one that begins at `stable` or later.
    pub unsafe fn release(&self, memory: &Memory, from: u64, stable: u64) -> u64 {
        let mut bytes = 0;
        for number in (0..SEGMENTS).filter(|number| buckets_of(*number).0 as u64 >= from) {
            if buckets_of(number).0 as u64 >= stable {
                // SAFETY: passed on from the caller.
                bytes += unsafe { self.free(memory, number) };
                continue;
            }
            let (Some(start), Some(size)) = (self.start(number), Self::size(number)) else { continue };
            #[cfg(any(loom, shuttle))]
            self.forget(number);
            let (slots, discarded) = (Self::slots(number), self.discarded.load(Relaxed));
            // SAFETY: the slots are out of use, and readers check versions.
            let went = unsafe { memory.discard(start.as_ptr(), slots, size) };
            if went > 0 && discarded >> number & 1 == 0 {
                self.discarded.store(discarded | 1 << number, Relaxed);
                bytes += went;
            }
        }
        bytes
    }

    /// Frees a segment; returns its bytes.
    ///
    /// # Safety
    /// Nobody has come to it, or nobody will any more.
    unsafe fn free(&self, memory: &Memory, number: usize) -> u64 {
        let (Some(start), Some(size)) = (self.start(number), Self::size(number)) else { return 0 };
        for entry in entries_of(number) {
            self.slots[entry].store(core::ptr::null_mut(), Relaxed);
            self.metas[entry].store(core::ptr::null_mut(), Relaxed);
        }
        // SAFETY: allocated by `make` with this layout.
        unsafe { memory.free(start, size, ALIGN) };
        size as u64
    }

    /// Writes what in a model is not made of zeros: its atomics.
    ///
    /// # Safety
    /// At `start` there is room for a segment of so many buckets.
    #[cfg(any(loom, shuttle))]
    unsafe fn write_zeros(start: *mut u8, buckets: usize) {
        for within in 0..buckets {
            // SAFETY: passed on from the caller.
            unsafe {
                let slots = start.add(within * Self::BUCKET_SLOTS).cast::<Slot<K>>();
                (0..SLOTS).for_each(|slot| slots.add(slot).write(Slot::new()));
                start.add(buckets * Self::BUCKET_SLOTS).cast::<Meta>().add(within).write(Meta::new());
            }
        }
    }

    /// What discarding its pages does to a segment, in a model.
    #[cfg(any(loom, shuttle))]
    fn forget(&self, number: usize) {
        let (first, buckets) = buckets_of(number);
        for slot in (first..first + buckets).filter_map(|index| self.get(index as u32)).flat_map(|bucket| bucket.slots)
        {
            K::words(&slot.key).iter().chain([&slot.value]).for_each(|word| word.store(0, Relaxed));
        }
    }

    /// The memory of a segment, if there is one. For the owner.
    fn start(&self, number: usize) -> Option<NonNull<u8>> {
        let entry = entry_of(number);
        if self.metas[entry].load(Relaxed).is_null() {
            return None;
        }
        let before = 2 * buckets_of(number).0 + 1;
        NonNull::new(self.slots[entry].load(Relaxed).wrapping_add(before * Self::HALF_SLOTS))
    }

    /// Bytes held: of every segment, without what went back to the system.
    pub fn bytes(&self, memory: &Memory) -> u64 {
        let segments = (0..SEGMENTS).filter_map(|number| Some((number, self.start(number)?, Self::size(number)?)));
        let held = |(number, start, size): (usize, NonNull<u8>, usize)| {
            let discarded = self.discarded.load(Relaxed) >> number & 1 != 0;
            let gone = if discarded { memory.discardable(start.as_ptr(), Self::slots(number), size) } else { 0 };
            size as u64 - gone
        };
        segments.map(held).sum()
    }

    /// Bytes of the slots of a segment.
    fn slots(number: usize) -> usize {
        buckets_of(number).1 * Self::BUCKET_SLOTS
    }

    fn size(number: usize) -> Option<usize> {
        buckets_of(number).1.checked_mul(Self::BUCKET)
    }
}
