//! An array of buckets that grows without moving: segment 0 holds bucket 0, segment k the buckets from 2^(k-1) to 2^k.
//! A segment is one allocation, first the slots of its buckets, then their metadata, so that both
//! addresses follow from the bucket's number alone.

use super::{
    bucket::{Bucket, Meta, SLOTS, Slot},
    key::Key,
};
use crate::base::{
    alloc::{Memory, OutOfMemory},
    sync::{
        AtomicPtr, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};
use core::{marker::PhantomData, ptr::NonNull};

/// Enough for 2^31 buckets, and as many that a growth under way adds.
const SEGMENTS: usize = if cfg!(loom) { 4 } else { 33 };
/// Slots begin at a cache line, and a bucket of words is exactly two.
const ALIGN: usize = 128;

pub struct Segments<K> {
    start: [AtomicPtr<u8>; SEGMENTS],
    /// A bit for each segment whose pages went back to the system. For the owner.
    discarded: AtomicU64,
    key: PhantomData<fn() -> K>,
}

/// What making a segment took.
pub struct Made {
    /// There was none, so that no reader can have come to it.
    pub fresh: bool,
    /// Bytes from the system.
    pub bytes: u64,
}

/// The segment of bucket `index`, and the first bucket of that segment.
#[inline(always)]
fn segment_of(index: u32) -> (usize, u32) {
    let segment = (u32::BITS - index.leading_zeros()) as usize;
    (segment, ((1u64 << segment) >> 1) as u32)
}

/// How many buckets the segment that begins with bucket `first` holds.
#[inline(always)]
fn buckets_in(first: u32) -> usize {
    first.max(1) as usize
}

impl<K: Key> Segments<K> {
    const BUCKET_SLOTS: usize = SLOTS * size_of::<Slot<K>>();
    /// Bytes of one bucket with its metadata.
    const BUCKET: usize = Self::BUCKET_SLOTS + size_of::<Meta>();

    pub fn new() -> Self {
        Self {
            start: core::array::from_fn(|_| AtomicPtr::new(core::ptr::null_mut())),
            discarded: AtomicU64::new(0),
            key: PhantomData,
        }
    }

    /// Bucket `index`, if its segment exists.
    #[inline(always)]
    pub fn get(&self, index: u32) -> Option<Bucket<'_, K>> {
        let (segment, first) = segment_of(index);
        // A shape that needs the segment was published after it, and overflow numbers are checked by version before they
        // are followed: Acquire is for the first bucket, which comes without a new shape.
        let start = self.start[segment].load(Acquire);
        if start.is_null() {
            return None;
        }
        let within = (index - first) as usize;
        let metas = Self::slots(first);
        // SAFETY: `within` is less than the number of buckets in the segment, which is laid out so.
        unsafe {
            let slots = start.add(within * Self::BUCKET_SLOTS).cast::<[Slot<K>; SLOTS]>();
            let meta = start.add(metas + within * size_of::<Meta>()).cast::<Meta>();
            Some(Bucket { meta: &*meta, slots: &*slots })
        }
    }

    /// Bucket `index`, whose segment exists.
    #[inline(always)]
    pub fn at(&self, index: u32) -> Bucket<'_, K> {
        match self.get(index) {
            Some(bucket) => bucket,
            None => unreachable!("bucket {index} has no segment"),
        }
    }

    /// Sees to it that there is the segment of bucket `index`.
    pub fn make(&self, memory: &Memory, index: u32) -> Result<Made, OutOfMemory> {
        let (segment, first) = segment_of(index);
        if !self.start[segment].load(Relaxed).is_null() {
            let discarded = self.discarded.load(Relaxed);
            self.discarded.store(discarded & !(1 << segment), Relaxed);
            let bytes = if discarded >> segment & 1 != 0 { Self::slots(first) as u64 } else { 0 };
            return Ok(Made { fresh: false, bytes });
        }
        let size = Self::size(first).ok_or(OutOfMemory)?;
        let start = memory.alloc(size, ALIGN)?;
        #[cfg(loom)]
        for within in 0..buckets_in(first) {
            // SAFETY: the bytes are ours alone; a model's atomics are not valid as zeros.
            unsafe {
                let slots = start.add(within * Self::BUCKET_SLOTS).cast::<Slot<K>>();
                (0..SLOTS).for_each(|slot| slots.add(slot).write(Slot::new()));
                start.add(buckets_in(first) * Self::BUCKET_SLOTS).cast::<Meta>().add(within).write(Meta::new());
            }
        }
        self.start[segment].store(start.as_ptr(), Release);
        Ok(Made { fresh: true, bytes: size as u64 })
    }

    /// Undoes `make`; returns the bytes freed.
    ///
    /// # Safety
    /// The segment that begins with bucket `first` was made, and no reader or owner came to it.
    pub unsafe fn unmake(&self, memory: &Memory, first: u32) -> u64 {
        let start = self.start[segment_of(first).0].swap(core::ptr::null_mut(), Relaxed);
        if let (Some(start), Some(size)) = (NonNull::new(start), Self::size(first)) {
            // SAFETY: allocated by `make` with this layout.
            unsafe { memory.free(start, size, ALIGN) };
            return size as u64;
        }
        0
    }

    /// Takes all segments out of use that begin at bucket `from` or later. Without `stable` their memory is freed (then no
    /// optimistic reader may be about). With it, only the pages of their slots go back: the metadata stays, so that a bucket's
    /// version never goes back to one that a reader may remember. Returns the bytes that went back.
    ///
    /// # Safety
    /// No bucket of those segments is in use.
    pub unsafe fn release(&self, memory: &Memory, from: u32, stable: bool) -> u64 {
        let mut freed = 0;
        for (segment, start) in self.start.iter().enumerate() {
            let first = ((1u64 << segment) >> 1) as u32;
            let Some(memory_of) = NonNull::new(start.load(Relaxed)).filter(|_| first >= from) else { continue };
            let Some(size) = Self::size(first) else { continue };
            if stable {
                #[cfg(loom)]
                self.forget(first);
                let (slots, discarded) = (Self::slots(first), self.discarded.load(Relaxed));
                // SAFETY: the slots are out of use, and readers check versions.
                if unsafe { memory.discard(memory_of.as_ptr(), slots, size) } && discarded >> segment & 1 == 0 {
                    self.discarded.store(discarded | 1 << segment, Relaxed);
                    freed += slots as u64;
                }
            } else {
                start.store(core::ptr::null_mut(), Relaxed);
                // SAFETY: allocated by `make` with this layout.
                unsafe { memory.free(memory_of, size, ALIGN) };
                freed += size as u64;
            }
        }
        freed
    }

    /// What discarding its pages does to a segment, in a model.
    #[cfg(loom)]
    fn forget(&self, first: u32) {
        for index in first..first + buckets_in(first) as u32 {
            for slot in self.at(index).slots {
                K::words(&slot.key).iter().chain([&slot.value]).for_each(|word| word.store(0, Relaxed));
            }
        }
    }

    /// Bytes of the slots of the segment that begins with bucket `first`.
    fn slots(first: u32) -> usize {
        buckets_in(first) * Self::BUCKET_SLOTS
    }

    fn size(first: u32) -> Option<usize> {
        buckets_in(first).checked_mul(Self::BUCKET)
    }
}
