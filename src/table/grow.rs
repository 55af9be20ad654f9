//! Growing and shrinking: everything that moves entries between buckets.
//!
//! Each step moves the entries of one chain (of two when they merge) and is one change of it under its version. The memory that a
//! step may need is there before it begins, so no step stops half-way.

use super::{
    Growth, Shape,
    bucket::{Bucket, Change, Matches, SLOTS, Slot, Tops},
    shape::prefix,
    write::{TableMut, WriterState},
};
use crate::{
    base::{
        hash::bucket_bits,
        invariant::broken,
        mem::OutOfMemory,
        sync::{
            Ordering::{Relaxed, Release},
            fence,
        },
    },
    item::Key,
};

/// The runtime's load factor, 13 / 2.
const LOAD: (u64, u64) = (13, 2);
/// [`Growth::Linear`] keeps this many entries to a bucket, 16 / 3: unsplit buckets hold up to twice what split ones do.
const LINEAR_LOAD: (u64, u64) = (16, 3);
/// Until there are `SMALL` buckets it keeps only this many: so few bytes lie in the processor's cache anyway, and an overflow bucket
/// then costs more than all else.
const SMALL_LOAD: u64 = 4;
const SMALL: u64 = 256;
/// Splits with each write.
const STEPS: usize = 2;

/// Fills the empty slots of a chain, bucket after bucket.
struct Filler<'a, K: Key> {
    head: Bucket<'a, K>,
    bucket: Bucket<'a, K>,
    tops: Tops,
}

impl<'a, K: Key> Filler<'a, K> {
    /// `tops` is what the head holds already; the overflow buckets behind it count as empty.
    fn new(head: Bucket<'a, K>, tops: Tops) -> Self {
        Self { head, bucket: head, tops }
    }

    /// Adds an entry from slot `from` of `bucket`, which may be one of the same chain that the filler has not passed. Where a key has a home, the
    /// entry keeps its slot if it can; in a bucket that is filled while it is read, it always can.
    #[inline(always)]
    fn push(&mut self, owner: &mut TableMut<'a, K>, top: u8, bucket: Bucket<'a, K>, from: usize) {
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

    /// Goes on to the next bucket, in which every slot is empty.
    #[cold]
    fn advance(&mut self, owner: &mut TableMut<'a, K>) {
        self.store_tops();
        (self.bucket, self.tops) = (owner.extend_chain(self.bucket), Tops::EMPTY);
    }

    fn store_tops(&self) {
        self.bucket.meta.tophash.store(self.tops.0, Relaxed);
    }

    /// Ends the chain here; returns the overflow bucket that followed.
    #[inline(always)]
    fn finish(mut self, owner: &TableMut<'a, K>) -> u32 {
        self.tops = if K::HAS_PREFERRED_SLOT { self.tops.joined() } else { self.tops.trimmed() };
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
    fn shape(&self) -> Shape {
        self.table.shape()
    }

    fn publish(&mut self, bits: u32, split: u32) {
        let shape = if split == 1 << bits { Shape::new(bits + 1, 0) } else { Shape::new(bits, split) };
        self.writer.reached = self.writer.reached.max(shape.buckets());
        self.table.shape.store(shape.0, Release);
    }

    /// The bucket after this one in its chain. If there is none, one that `reserve_overflow` prepared.
    fn extend_chain(&mut self, bucket: Bucket<'a, K>) -> Bucket<'a, K> {
        if let Some(next) = self.table.next_in_chain(bucket) {
            return next;
        }
        let Ok((number, next)) = self.take_overflow() else {
            broken("before entries move, there are as many overflow buckets as they may need")
        };
        bucket.meta.set_next(number);
        next
    }

    /// Buckets that so many entries should have.
    fn buckets_for(&self, entries: u64) -> u64 {
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

    /// How many entries the buckets are meant for.
    pub(super) fn capacity(&self) -> u64 {
        match self.writer.growth {
            Growth::Linear if self.shape().buckets() < SMALL => self.shape().buckets() * SMALL_LOAD,
            Growth::Linear => self.shape().buckets() * LINEAR_LOAD.0 / LINEAR_LOAD.1,
            Growth::Doubling => ((1 << self.shape().bits()) * LOAD.0 / LOAD.1).max(SLOTS as u64),
        }
    }

    /// To be called after whatever changes what the limit depends on.
    pub(super) fn set_limit(&mut self) {
        self.writer.limit = if self.writer.growing { 0 } else { self.capacity() };
    }

    /// Before an insert at the limit: makes the first bucket, starts growth where it is due, does a little of what is under way.
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

    /// With any write: does a little of what is under way.
    #[cold]
    #[inline(never)]
    pub(super) fn grow_for_write(&mut self) {
        if self.writer.growing {
            for _ in 0..STEPS {
                // For want of memory the growth stays where it is; the next write tries again.
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

    /// Pushes every entry from this bucket of a chain on to `filler`.
    fn move_all(&mut self, first: Option<Bucket<'a, K>>, filler: &mut Filler<'a, K>) {
        let mut bucket = first;
        while let Some(this) = bucket {
            // Read before the filler can come to this bucket and change them.
            let tops = this.tops();
            bucket = self.table.next_in_chain(this);
            for slot in tops.live() {
                filler.push(self, tops.get(slot), this, slot);
            }
        }
    }

    fn overflow_in(&self, head: Bucket<'a, K>) -> u32 {
        self.table.chain(head).skip(1).count() as u32
    }

    /// Splits the next prefix.
    fn split(&mut self) -> Result<(), OutOfMemory> {
        let shape = self.shape();
        if shape.bits() == Shape::MAX_BITS {
            return Err(OutOfMemory);
        }
        let high = shape.buckets() as u32;
        // The first bucket of a segment is the first that comes into use.
        if shape.split() == 0 {
            self.make_first_bucket()?;
            self.writer.bytes += self.table.main.make(self.memory, high)?;
        }
        let (Some(low), Some(high)) = (self.table.main.by_prefix(shape.next_split()), self.table.main.get(high)) else {
            return Err(OutOfMemory);
        };
        if low.meta.next() != 0 {
            // What the two chains need beyond the one is at most what the one has.
            self.reserve_overflow(self.overflow_in(low))?;
        }
        {
            let _changes = (Change::begin(low.meta), Change::begin(high.meta));
            let hasher = self.hasher;
            let bit = 31 - shape.bits();
            let goes = |slot: &Slot<K>| bucket_bits(K::hash_in_slot(&slot.key, hasher)) >> bit & 1;
            // What stays in the head stays where it is. Which entries go is random: bits in place of branches.
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
            self.publish(shape.bits(), shape.split() + 1);
        }
        self.check_move([low, high]);
        self.prefetch_splits();
        Ok(())
    }

    /// Asks for the memory of the splits to come, which otherwise would wait for one cache line after the other: of the next one
    /// for the overflow bucket, since its head is here by now, of the one after it for the heads.
    fn prefetch_splits(&self) {
        let shape = self.shape();
        // After the last prefix comes the first one again, in twice as many.
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

    /// Undoes the last split.
    fn merge(&mut self) -> Result<(), OutOfMemory> {
        let shape = self.shape();
        let (bits, split) =
            if shape.split() > 0 { (shape.bits(), shape.split()) } else { (shape.bits() - 1, 1 << (shape.bits() - 1)) };
        let low = self.table.main.by_prefix(prefix(split - 1, bits));
        let high = self.table.main.get(split - 1 + (1 << bits));
        let (Some(low), Some(high)) = (low, high) else { return Err(OutOfMemory) };
        self.reserve_overflow(self.overflow_in(high) + 1)?;
        {
            let _changes = (Change::begin(low.meta), Change::begin(high.meta));
            let mut filler = Filler::new(low, low.tops());
            self.move_all(self.table.next_in_chain(low), &mut filler);
            self.move_all(Some(high), &mut filler);
            let rest = filler.finish(self);
            self.free_overflow(rest);
            let rest = Filler::new(high, Tops::EMPTY).finish(self);
            self.free_overflow(rest);
            self.publish(bits, split - 1);
        }
        self.check_move([low]);
        Ok(())
    }

    /// Whether the table has many times the buckets that so many entries should have.
    pub fn is_oversized(&self, entries: u64) -> bool {
        self.shape().buckets() > 8 * self.buckets_for(entries)
    }

    /// Makes room for `entries` in all. Nothing changes if that fails.
    pub fn reserve(&mut self, entries: u64) -> Result<(), OutOfMemory> {
        self.prepare(entries)?;
        let target = self.buckets_for(entries);
        if target <= self.shape().buckets() {
            return Ok(());
        }
        if self.writer.entries == 0 {
            // Buckets out of use are empty.
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

    /// Takes the memory that a `reserve` of so many entries needs, and does not use it yet. Nothing changes if that fails.
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
        // One bucket of each segment up to the target, but for the first segment. Where there is one, nothing is made.
        for first in (1..Shape::MAX_BITS).map(|bit| 1u32 << bit).take_while(|first| u64::from(*first) < target) {
            self.writer.bytes += self.table.main.make(self.memory, first)?;
        }
        // A split needs as many as its chain has, and leaves no more in use than there were.
        self.reserve_overflow(self.table.longest_chain().saturating_sub(1) as u32)?;
        // Last: readers come to it as soon as it is there.
        self.make_first_bucket()
    }

    /// Gives back what was prepared and is not used.
    pub fn release_unused_segments(&mut self) {
        if !self.table.is_unused() {
            return self.release_unused();
        }
        // SAFETY: no shape that has one of them was ever published.
        self.writer.bytes -= unsafe { self.table.main.release(self.memory, 0, 0) };
    }

    /// Gives the memory behind the buckets in use back, as far as it is whole segments.
    fn release_unused(&mut self) {
        let WriterState { stable, reached, overflow_reached, overflow_next, .. } = *self.writer;
        let (reached, overflow_reached) = if stable { (reached, overflow_reached) } else { (0, 0) };
        // SAFETY: the shape and every chain end before them, and readers came only to those that were reached.
        self.writer.bytes -= unsafe {
            self.table.main.release(self.memory, self.shape().buckets(), reached)
                + self.table.overflow.release(self.memory, overflow_next.into(), overflow_reached)
        };
    }

    /// Merges down to what the entries need and gives the rest of the memory back.
    pub fn shrink(&mut self) -> Result<(), OutOfMemory> {
        if self.table.is_unused() {
            return Ok(());
        }
        let target = self.buckets_for(self.writer.entries);
        let mut result = Ok(());
        while self.shape().buckets() > target && result.is_ok() {
            result = self.merge();
        }
        self.writer.growing &= self.shape().split() != 0;
        self.set_limit();
        for head in self.table.heads() {
            if head.meta.next() != 0 {
                let _change = Change::begin(head.meta);
                self.compact_chain(head);
            }
        }
        self.pack_overflow();
        self.release_unused();
        self.check_all();
        result
    }

    /// Moves the overflow buckets in use to the lowest numbers.
    fn pack_overflow(&mut self) {
        let end = self.writer.overflow_used + 1;
        // As in `take_overflow`.
        fence(Release);
        // Of the free ones keep those that stay: as many as there are others to be moved there.
        let mut number = core::mem::take(&mut self.writer.overflow_free);
        self.writer.overflow_free_count = 0;
        while number != 0
            && let Some(Bucket { meta, .. }) = self.table.overflow.get(number)
        {
            let next = meta.next();
            if number < end {
                meta.set_next(self.writer.overflow_free);
                self.writer.overflow_free = number;
                self.writer.overflow_free_count += 1;
            } else {
                meta.end_chain();
            }
            number = next;
        }
        for head in self.table.heads() {
            let mut bucket = head;
            while let Some(mut place) = self.table.next_in_chain(bucket) {
                if bucket.meta.next() >= end
                    && let Ok((number, free)) = self.take_overflow()
                {
                    self.writer.overflow_used -= 1;
                    let _change = Change::begin(head.meta);
                    let from = core::mem::replace(&mut place, free);
                    let tops = from.tops();
                    tops.live().for_each(|slot| place.slots[slot].copy_from(&from.slots[slot]));
                    place.meta.tophash.store(tops.0, Relaxed);
                    place.meta.set_next(from.meta.next());
                    bucket.meta.set_next(number);
                    from.meta.tophash.store(0, Relaxed);
                    from.meta.end_chain();
                }
                bucket = place;
            }
        }
        self.writer.overflow_next = end;
    }
}
