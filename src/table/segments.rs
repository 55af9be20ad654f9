//! An array of buckets that grows without moving. Segment 0 holds buckets 0 and 1, segment k the
//! buckets from 2^k up to 2^(k+1). A segment is one allocation:
//!
//! ```text
//! ┌ slots of its first bucket ┬ … ┬ of its last ┬ metadata of its first bucket ┬ … ┬ of its last ┐
//! ```
//!
//! So both addresses of a bucket follow from its number alone.
//!
//! # From a prefix to its bucket
//! A prefix that ends in 1, say p1 where p has B bits, has bucket 2^B + p. A prefix that ends in 0
//! kept the bucket of the shorter prefix when that was split. So zeros at the end do not matter:
//! strip them and the last 1, put a 1 in front, and what is left is the number.
//!
//! ```text
//! prefix 0 1 1 0 0 0 …   strip zeros: 0 1 1   strip the last 1: 0 1   1 in front: 1 0 1   bucket 5
//! ```

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

/// Enough for 2^31 buckets, and for as many that a growth under way adds.
const SEGMENTS: usize = if cfg!(loom) { 3 } else { 32 };
/// Entries of the arrays below. The index is the number of zeros at the end of a prefix, so the
/// last segment comes first, and segment 0 comes twice: for bucket 1 and for bucket 0.
const ENTRIES: usize = SEGMENTS + 1;
/// Prefixes that end in fewer zeros than this have no segment. 0, except under loom, which has
/// fewer segments.
const FEW_ZEROS: usize = 33 - ENTRIES;
/// Slots begin at a cache line. The slots of a bucket of words are exactly two.
const ALIGN: usize = 128;

/// The segments of one table: of its main buckets, or of its overflow buckets.
///
/// Each entry of the arrays is a biased base pointer: the address of the segment's first bucket,
/// less `2 first + 1` halves of a bucket. So bucket i of any segment lies `2 i + 1` halves from its
/// base, and nobody has to subtract the number of the segment's first bucket. NULL: there is no
/// such segment.
///
/// Readers load both arrays; only the owner stores them.
pub struct Segments<K> {
    slots: [AtomicPtr<u8>; ENTRIES],
    /// Stored after `slots`, with Release: a reader that sees this one sees the other.
    metas: [AtomicPtr<u8>; ENTRIES],
    /// A bit for each segment whose pages were discarded. Only the owner uses it.
    discarded: AtomicU64,
    key: PhantomData<fn() -> K>,
}

/// The segment of bucket `index`.
#[inline(always)]
fn segment_of(index: u32) -> usize {
    (index | 1).ilog2() as usize
}

/// The index of a segment in the arrays; of segment 0, the lower one.
#[inline(always)]
fn entry_of(segment: usize) -> usize {
    SEGMENTS - 1 - segment
}

/// All its indices.
fn entries_of(segment: usize) -> core::ops::RangeInclusive<usize> {
    entry_of(segment)..=entry_of(segment) + usize::from(segment == 0)
}

/// The first bucket of a segment, and how many it has.
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

    /// The bucket of a prefix (in the highest of 32 bits), if its segment exists.
    #[inline(always)]
    pub fn by_prefix(&self, prefix: u32) -> Option<Bucket<'_, K>> {
        let prefixed = 1 << 32 | u64::from(prefix);
        let zeros = prefixed.trailing_zeros();
        // SAFETY: the bucket number found so lies in the segment of that many zeros.
        unsafe { self.bucket(zeros as usize - FEW_ZEROS, (prefixed >> zeros) as usize) }
    }

    /// Bucket `index`, if its segment exists.
    #[inline(always)]
    pub fn get(&self, index: u32) -> Option<Bucket<'_, K>> {
        // SAFETY: `segment_of` gives the segment in which the bucket lies.
        unsafe { self.bucket(entry_of(segment_of(index)), 2 * index as usize + 1) }
    }

    /// The bucket that lies `half_buckets` halves of a bucket from the base in `entry`.
    ///
    /// # Safety
    /// If the segment exists, the bucket is one of its buckets.
    #[inline(always)]
    unsafe fn bucket(&self, entry: usize, half_buckets: usize) -> Option<Bucket<'_, K>> {
        debug_assert!(entry < ENTRIES, "no segment has place {entry}");
        // A shape is published after the segments that it needs, and an overflow number is checked
        // by version before it is followed. Acquire is for the first bucket, which comes without a
        // new shape.
        let metas = self.metas[entry].load(Acquire);
        if metas.is_null() {
            return None;
        }
        let slots = self.slots[entry].load(Relaxed);
        // SAFETY: `make_segment` laid the segment out so.
        unsafe {
            let slots = launder(slots.wrapping_add(half_buckets * Self::HALF_SLOTS).cast::<[Slot<K>; SLOTS]>());
            let meta = metas.wrapping_add(half_buckets * Self::HALF_META).cast::<Meta>();
            // Both are non-null here. Tell the compiler, so `Option<Bucket>` needs no second test.
            core::hint::assert_unchecked(!meta.is_null() && !slots.is_null());
            Some(Bucket { meta: &*meta, slots: &*slots })
        }
    }

    /// Makes the segment in which bucket `index` lies, unless it exists. Returns the bytes that
    /// this takes from the system: of a segment whose pages were discarded, those pages.
    pub fn make_segment(&self, memory: &Memory, index: u32) -> Result<u64, OutOfMemory> {
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

    /// Takes out of use all segments that begin at bucket `from` or later. Returns the bytes that
    /// went back to the system.
    ///
    /// Readers may have reached a segment that begins below `stable`. Of such a segment only the
    /// pages of slots are discarded. Its metadata stays, so that no bucket's version ever goes back
    /// to one that a reader may remember. All other segments are freed.
    ///
    /// # Safety
    /// No bucket of those segments is in use, and no reader reaches one that begins at `stable` or
    /// later.
    pub unsafe fn release(&self, memory: &Memory, from: u64, stable: u64) -> u64 {
        let mut bytes = 0;
        for number in (0..SEGMENTS).filter(|number| buckets_of(*number).0 as u64 >= from) {
            if buckets_of(number).0 as u64 >= stable {
                // SAFETY: no reader has reached this segment, by the contract above.
                bytes += unsafe { self.free(memory, number) };
                continue;
            }
            let (Some(start), Some(size)) = (self.start(number), Self::size(number)) else { continue };
            #[cfg(any(loom, shuttle))]
            self.forget(number);
            let (slots, discarded) = (Self::slots(number), self.discarded.load(Relaxed));
            // SAFETY: no slot is in use, and late readers throw away what they read: they check
            // versions.
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
    /// Nobody reads the segment, now or later.
    unsafe fn free(&self, memory: &Memory, number: usize) -> u64 {
        let (Some(start), Some(size)) = (self.start(number), Self::size(number)) else { return 0 };
        for entry in entries_of(number) {
            self.slots[entry].store(core::ptr::null_mut(), Relaxed);
            self.metas[entry].store(core::ptr::null_mut(), Relaxed);
        }
        // SAFETY: allocated by `make_segment` with this layout.
        unsafe { memory.free(start, size, ALIGN) };
        size as u64
    }

    /// Creates the atomics of a segment: for a model checker's atomics, zero bytes are not a valid
    /// value.
    ///
    /// # Safety
    /// `start` is valid for writes of a segment of `buckets` buckets.
    #[cfg(any(loom, shuttle))]
    unsafe fn write_zeros(start: *mut u8, buckets: usize) {
        for within in 0..buckets {
            // SAFETY: each bucket lies in the memory of the segment, by the contract above.
            unsafe {
                let slots = start.add(within * Self::BUCKET_SLOTS).cast::<Slot<K>>();
                (0..SLOTS).for_each(|slot| slots.add(slot).write(Slot::new()));
                start.add(buckets * Self::BUCKET_SLOTS).cast::<Meta>().add(within).write(Meta::new());
            }
        }
    }

    /// Under a model checker: zeroes the slots, as discarding their pages does.
    #[cfg(any(loom, shuttle))]
    fn forget(&self, number: usize) {
        let (first, buckets) = buckets_of(number);
        for slot in (first..first + buckets).filter_map(|index| self.get(index as u32)).flat_map(|bucket| bucket.slots)
        {
            K::words(&slot.key).iter().chain([&slot.value]).for_each(|word| word.store(0, Relaxed));
        }
    }

    /// The memory of a segment, if it exists. For the owner.
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

    /// Bytes of a segment.
    fn size(number: usize) -> Option<usize> {
        buckets_of(number).1.checked_mul(Self::BUCKET)
    }
}
