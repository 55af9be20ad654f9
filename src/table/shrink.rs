//! Shrinking: merges buckets, and releases the memory of those that are no longer used.
//!
//! A shrink undoes splits one by one, the last one first, while readers go on searching. Each
//! **merge** is one change under the versions of both chains: the entries of p1 move into the chain
//! of p0, and the smaller shape is published before the versions become even. The memory that a
//! merge may need is reserved before it begins, so no merge stops half-way. If there is none, the
//! table keeps the buckets that it still has.
//!
//! Then the chains are compacted, and the overflow buckets in use move to the lowest numbers: they
//! are **packed**. Only then are segments released: those after the last bucket in use.
//! `Segments::release` says what remains of a segment that readers may have reached.

use super::{
    bucket::{Bucket, Change, Tops},
    grow::Filler,
    shape::prefix,
    write::{TableMut, WriterState},
};
use crate::{
    base::{
        mem::OutOfMemory,
        sync::{
            Ordering::{Relaxed, Release},
            fence,
        },
    },
    item::Key,
};

impl<'a, K: Key> TableMut<'a, K> {
    /// Whether the table has more than eight times the buckets that it should have for this many
    /// entries.
    pub fn is_oversized(&self, entries: u64) -> bool {
        self.shape().buckets() > 8 * self.buckets_for(entries)
    }

    /// Merges down to the buckets that the entries need, and releases the rest of the memory.
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

    /// Undoes the last split.
    fn merge(&mut self) -> Result<(), OutOfMemory> {
        let shape = self.shape();
        let (bits, split) =
            if shape.split() > 0 { (shape.bits(), shape.split()) } else { (shape.bits() - 1, 1 << (shape.bits() - 1)) };
        let low = self.table.main.by_prefix(prefix(split - 1, bits));
        let high = self.table.main.get(split - 1 + (1 << bits));
        let (Some(low), Some(high)) = (low, high) else { return Err(OutOfMemory) };
        // `low` needs at most one more overflow bucket for each bucket of the other chain.
        self.reserve_overflow(self.overflow_in(high) + 1)?;
        {
            // Odd before the shape is published: a reader that sees the new shape sees these
            // versions changed.
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
        self.check_move(high, low);
        Ok(())
    }

    /// Pushes to `filler` every entry of a chain, from the bucket `first` on.
    fn move_all(&mut self, first: Option<Bucket<'a, K>>, filler: &mut Filler<'a, K>) {
        let mut bucket = first;
        while let Some(this) = bucket {
            // Read these before the filler reaches this bucket and changes them.
            let tops = this.tops();
            bucket = self.table.next_in_chain(this);
            for slot in tops.live() {
                filler.push(self, tops.get(slot), this, slot);
            }
        }
    }

    /// Moves the overflow buckets in use to the lowest numbers, so that the segments behind them
    /// can be released.
    fn pack_overflow(&mut self) {
        // The numbers below `end` are just enough for the buckets in use.
        let end = self.writer.overflow_used + 1;
        // As in `take_overflow`: a reader that sees the new contents of a bucket must also see the
        // version change with which it was freed.
        fence(Release);
        // Keep only the free ones below `end`. They are as many as the buckets in use from `end`
        // on, so `take_overflow` does not fail below.
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
            let mut previous = head;
            while let Some(mut bucket) = self.table.next_in_chain(previous) {
                if previous.meta.next() >= end
                    && let Ok((number, free)) = self.take_overflow()
                {
                    // `take_overflow` has counted `free` as used; `bucket` no longer is.
                    self.writer.overflow_used -= 1;
                    let _change = Change::begin(head.meta);
                    let tops = bucket.tops();
                    tops.live().for_each(|slot| free.slots[slot].copy_from(&bucket.slots[slot]));
                    free.meta.tophash.store(tops.0, Relaxed);
                    free.meta.set_next(bucket.meta.next());
                    previous.meta.set_next(number);
                    bucket.meta.tophash.store(0, Relaxed);
                    bucket.meta.end_chain();
                    bucket = free;
                }
                previous = bucket;
            }
        }
        self.writer.overflow_next = end;
    }

    /// Releases what `prepare` allocated and nothing has used.
    pub fn release_unused_segments(&mut self) {
        if !self.table.is_unused() {
            return self.release_unused();
        }
        // SAFETY: the table has no first bucket, so no reader found any of these segments.
        self.writer.bytes -= unsafe { self.table.main.release(self.memory, 0, 0) };
    }

    /// Releases the segments after the buckets in use.
    fn release_unused(&mut self) {
        let WriterState { stable, reached, overflow_reached, overflow_next, .. } = *self.writer;
        let (reached, overflow_reached) = if stable { (reached, overflow_reached) } else { (0, 0) };
        // SAFETY: the shape ends before these main segments and every chain before these overflow
        // segments, and readers reached only buckets below the two `reached`.
        self.writer.bytes -= unsafe {
            self.table.main.release(self.memory, self.shape().buckets(), reached)
                + self.table.overflow.release(self.memory, overflow_next.into(), overflow_reached)
        };
    }
}
