//! Growing: when a table splits buckets, and how a split divides the entries of a chain.
//!
//! Each split is one change under the versions of both chains. The memory that it may need is
//! reserved before it begins, so no split stops half-way. `shrink` merges buckets again.

use super::{
    Growth, Shape,
    bucket::{Bucket, Change, Matches, SLOTS, Slot, Tops},
    shape::prefix,
    write::TableMut,
};
use crate::{
    base::{
        hash::bucket_bits,
        mem::OutOfMemory,
        sync::Ordering::{Relaxed, Release},
    },
    item::Key,
};

/// [`Growth::Doubling`]: at most 13 / 2 entries per bucket, the load factor of Go's runtime.
const LOAD: (u64, u64) = (13, 2);
/// [`Growth::Linear`]: 16 / 3 entries per bucket on average. A bucket that is not split yet holds
/// about twice as many as one that is.
const LINEAR_LOAD: (u64, u64) = (16, 3);
/// [`Growth::Linear`] with fewer than [`SMALL`] buckets: 4 entries per bucket. So small a table
/// lies in the processor's cache, and there an overflow bucket costs more than anything else.
const SMALL_LOAD: u64 = 4;
const SMALL: u64 = 256;
/// The most splits that one write does.
const STEPS: usize = 2;

/// Fills a chain, bucket after bucket, while entries move into it.
pub(super) struct Filler<'a, K: Key> {
    head: Bucket<'a, K>,
    bucket: Bucket<'a, K>,
    tops: Tops,
}

impl<'a, K: Key> Filler<'a, K> {
    /// `tops` are the tophash bytes of the entries that stay in the head. The overflow buckets
    /// behind it count as empty, and are filled again.
    pub(super) fn new(head: Bucket<'a, K>, tops: Tops) -> Self {
        Self { head, bucket: head, tops }
    }

    /// Adds the entry in slot `from` of `bucket`. That may be a bucket of the chain that is being
    /// filled: the one that the filler has reached, or one behind it.
    ///
    /// Where keys have preferred slots, the entry keeps the number of its slot if that slot is
    /// empty. In a bucket that is filled from itself it always is, so no entry is overwritten
    /// before it has moved.
    #[inline(always)]
    pub(super) fn push(&mut self, owner: &mut TableMut<'a, K>, top: u8, bucket: Bucket<'a, K>, from: usize) {
        let preferred = if K::HAS_PREFERRED_SLOT { from } else { 0 };
        let slot = match self.tops.empty().first_from(preferred) {
            Some(slot) => slot,
            None => {
                self.advance(owner);
                preferred
            }
        };
        let (to, from) = (&self.bucket.slots[slot], &bucket.slots[from]);
        if !core::ptr::eq(to, from) {
            to.copy_from(from);
        }
        self.tops = self.tops.with(slot, top);
    }

    /// Moves on to the next bucket of the chain, and counts all its slots as empty.
    #[cold]
    fn advance(&mut self, owner: &mut TableMut<'a, K>) {
        self.store_tops();
        (self.bucket, self.tops) = (owner.extend_chain(self.bucket), Tops::EMPTY);
    }

    /// Writes the tophash bytes of the bucket that is being filled.
    fn store_tops(&self) {
        self.bucket.meta.tophash.store(self.tops.0, Relaxed);
    }

    /// Ends the chain with the bucket that is being filled. Returns the number of the overflow
    /// bucket after it, or 0, for `free_overflow`.
    #[inline(always)]
    pub(super) fn finish(mut self, owner: &TableMut<'a, K>) -> u32 {
        self.tops = if K::HAS_PREFERRED_SLOT { self.tops.with_gaps_and_rest() } else { self.tops.with_rest() };
        self.store_tops();
        let rest = self.bucket.meta.next();
        self.bucket.meta.end_chain();
        if !self.bucket.is_same(&self.head) {
            owner.table.rebuild_filter(self.head);
        }
        rest
    }
}

impl<'a, K: Key> TableMut<'a, K> {
    pub(super) fn shape(&self) -> Shape {
        self.table.shape()
    }

    /// Publishes a shape. Release: whoever sees it also sees the segments that it needs, and the
    /// entries in the chains where it says that they are.
    pub(super) fn publish(&mut self, bits: u32, split: u32) {
        let shape = if split == 1 << bits { Shape::new(bits + 1, 0) } else { Shape::new(bits, split) };
        self.writer.reached = self.writer.reached.max(shape.buckets());
        self.table.shape.store(shape.0, Release);
    }

    /// How many main buckets a table with this many entries should have.
    pub(super) fn buckets_for(&self, entries: u64) -> u64 {
        match self.writer.growth {
            Growth::Linear => {
                let dense = entries.saturating_mul(LINEAR_LOAD.1).div_ceil(LINEAR_LOAD.0);
                entries.div_ceil(SMALL_LOAD).min(SMALL.max(dense)).max(1)
            }
            Growth::Doubling if entries <= SLOTS as u64 => 1,
            Growth::Doubling => {
                entries.saturating_mul(LOAD.1).div_ceil(LOAD.0).checked_next_power_of_two().unwrap_or(u64::MAX)
            }
        }
    }

    /// How many entries the main buckets are meant for.
    pub(super) fn capacity(&self) -> u64 {
        match self.writer.growth {
            Growth::Linear if self.shape().buckets() < SMALL => self.shape().buckets() * SMALL_LOAD,
            Growth::Linear => self.shape().buckets() * LINEAR_LOAD.0 / LINEAR_LOAD.1,
            Growth::Doubling => ((1 << self.shape().bits()) * LOAD.0 / LOAD.1).max(SLOTS as u64),
        }
    }

    /// Recomputes the limit, after a change of the shape or of `growing`.
    pub(super) fn set_limit(&mut self) {
        self.writer.limit = if self.writer.growing { 0 } else { self.capacity() };
    }

    /// Called by an insert at the limit: makes the first bucket, begins a growth that is due, and
    /// does a few splits of one that is under way.
    #[cold]
    #[inline(never)]
    pub(super) fn grow_for_insert(&mut self) -> Result<(), OutOfMemory> {
        self.make_first_bucket()?;
        if self.writer.growth == Growth::Doubling && !self.writer.growing && self.writer.entries >= self.capacity() {
            self.writer.growing = true;
        }
        for _ in 0..STEPS {
            if self.writer.growing || self.writer.entries < self.capacity() || self.split().is_err() {
                break;
            }
        }
        self.grow_for_write();
        Ok(())
    }

    /// Called by any write: does a few splits of a growth that is under way.
    #[cold]
    #[inline(never)]
    pub(super) fn grow_for_write(&mut self) {
        if self.writer.growing {
            for _ in 0..STEPS {
                // Out of memory: the growth pauses here, and the next write tries again.
                if self.split().is_err() {
                    break;
                }
                if self.shape().split() == 0 {
                    self.writer.growing = false;
                    break;
                }
            }
        }
        self.set_limit();
    }

    /// Splits the next prefix, p: its bucket keeps the entries of p0, and a new main bucket gets
    /// those of p1. If there is no memory for that, no entry is moved.
    fn split(&mut self) -> Result<(), OutOfMemory> {
        let shape = self.shape();
        if shape.bits() == Shape::MAX_BITS {
            return Err(OutOfMemory);
        }
        let high = shape.buckets() as u32;
        // The first split at this B is the first to use a bucket of a new segment.
        if shape.split() == 0 {
            self.make_first_bucket()?;
            self.writer.bytes += self.table.main.make_segment(self.memory, high)?;
        }
        let (Some(low), Some(high)) = (self.table.main.by_prefix(shape.next_split()), self.table.main.get(high)) else {
            return Err(OutOfMemory);
        };
        if low.meta.next() != 0 {
            // `low` fills its own overflow buckets again, and `high` needs at most as many as `low`
            // has.
            self.reserve_overflow(self.overflow_in(low))?;
        }
        {
            let _changes = (Change::begin(low.meta), Change::begin(high.meta));
            let hasher = self.hasher;
            let bit = 31 - shape.bits();
            // 1 for an entry that goes to `high`, 0 for one that stays.
            let goes = |slot: &Slot<K>| bucket_bits(K::hash_in_slot(&slot.key, hasher)) >> bit & 1;
            // The entries of the head that stay keep their slots. About half of them go, at random:
            // a branch on that would be mispredicted half the time, so `going`, a bit for each
            // slot, is computed without one.
            let tops = low.tops();
            let going = tops.live().fold(0, |going, slot| going | goes(&low.slots[slot]) << slot) as u8;
            let mut go = Filler::new(high, Tops::EMPTY);
            let mut stay = Filler::new(low, tops.emptied(going));
            for slot in Matches::of(going) {
                go.push(self, tops.get(slot), low, slot);
            }
            let mut bucket = self.table.next_in_chain(low);
            while let Some(this) = bucket {
                let tops = this.tops();
                bucket = self.table.next_in_chain(this);
                for slot in tops.live() {
                    let from = &this.slots[slot];
                    let filler = if goes(from) != 0 { &mut go } else { &mut stay };
                    filler.push(self, tops.get(slot), this, slot);
                }
            }
            go.finish(self);
            let rest = stay.finish(self);
            self.free_overflow(rest);
            // While the versions are odd: a reader that sees them even again must see the new
            // shape.
            self.publish(shape.bits(), shape.split() + 1);
        }
        self.check_move(low, high);
        self.prefetch_splits();
        Ok(())
    }

    /// Prefetches for the next two splits, which would otherwise wait for one cache line after the
    /// other. For the first split: its overflow bucket, since its heads are in the cache by now.
    /// For the second: both heads.
    fn prefetch_splits(&self) {
        let shape = self.shape();
        // After the last prefix of B bits comes the first one of B + 1 bits.
        let low = |ahead: u32| self.table.main.by_prefix(shape.next_split().wrapping_add(prefix(ahead, shape.bits())));
        if let Some(overflow) = low(0).and_then(|next| self.table.next_in_chain(next)) {
            overflow.prefetch();
        }
        if let Some(next) = low(1) {
            next.prefetch();
        }
        if let Some(high) = self.table.main.get(shape.buckets() as u32 + 1) {
            high.prefetch();
        }
    }

    /// Makes buckets for `entries` in total. If that fails, nothing changes.
    pub fn reserve(&mut self, entries: u64) -> Result<(), OutOfMemory> {
        self.prepare(entries)?;
        let target = self.buckets_for(entries);
        if target <= self.shape().buckets() {
            return Ok(());
        }
        if self.writer.entries == 0 {
            // Buckets beyond the shape are empty, so there is nothing to split.
            let bits = target.ilog2();
            self.publish(bits, (target - (1 << bits)) as u32);
        }
        while self.shape().buckets() < target {
            self.split()?;
        }
        self.writer.growing = false;
        self.set_limit();
        self.check_all();
        Ok(())
    }

    /// Allocates the memory that `reserve(entries)` will need, without using it yet. If that fails,
    /// nothing changes.
    pub fn prepare(&mut self, entries: u64) -> Result<(), OutOfMemory> {
        let taken = self.take_for(entries);
        if taken.is_err() {
            self.release_unused_segments();
        }
        taken
    }

    fn take_for(&mut self, entries: u64) -> Result<(), OutOfMemory> {
        let target = self.buckets_for(entries);
        if target > 1 << Shape::MAX_BITS {
            return Err(OutOfMemory);
        }
        if target <= self.shape().buckets() {
            return self.make_first_bucket();
        }
        // Every segment up to the target, except the first. A segment that exists is not made
        // again.
        for first in (1..Shape::MAX_BITS).map(|bit| 1u32 << bit).take_while(|first| u64::from(*first) < target) {
            self.writer.bytes += self.table.main.make_segment(self.memory, first)?;
        }
        // A split needs at most as many overflow buckets as its chain has, and frees as many.
        self.reserve_overflow(self.table.longest_chain().saturating_sub(1) as u32)?;
        // The first segment last: readers use it as soon as it exists.
        self.make_first_bucket()
    }
}
