//! Overflow buckets: how chains get and free them.
//!
//! They have numbers of their own, from 1 on. Those from `overflow_next` on are **fresh**: no chain
//! has used them since the last shrink, and their segments may not exist yet. Each one below that
//! is in a chain or in the **free list**, which is linked through the number of the next bucket. A
//! free bucket is taken before a fresh one.
//!
//! A reader may follow a chain into a bucket that was freed meanwhile, or that another chain has
//! taken. Its memory is still readable. The version of the head where the reader began has changed,
//! so the reader discards what it found.

use super::{
    Table,
    bucket::{Bucket, MAX_OVERFLOW},
    write::TableMut,
};
use crate::{
    base::{
        invariant::broken,
        mem::OutOfMemory,
        sync::{
            Ordering::{Relaxed, Release},
            fence,
        },
    },
    item::Key,
};

impl<'a, K: Key> TableMut<'a, K> {
    /// Takes an empty overflow bucket that belongs to no chain. Returns its number too.
    pub(super) fn take_overflow(&mut self) -> Result<(u32, Bucket<'a, K>), OutOfMemory> {
        self.reserve_overflow(1)?;
        let writer = &mut *self.writer;
        let is_fresh = writer.overflow_free == 0;
        let number = if is_fresh { writer.overflow_next } else { writer.overflow_free };
        let bucket = self.table.overflow.get(number).ok_or(OutOfMemory)?;
        writer.overflow_used += 1;
        if is_fresh {
            writer.overflow_next += 1;
            writer.overflow_reached = writer.overflow_reached.max(writer.overflow_next.into());
            return Ok((number, bucket));
        }
        // A reader that sees the new contents of this bucket must also see the version change with
        // which it was freed. Another owner may have made that change; this fence, with the
        // reader's Acquire fence, passes it on.
        fence(Release);
        writer.overflow_free = bucket.meta.next();
        writer.overflow_free_count -= 1;
        bucket.meta.end_chain();
        Ok((number, bucket))
    }

    /// Makes sure that the next `count` calls of `take_overflow` succeed: makes the segments of as
    /// many fresh overflow buckets as the free list lacks. If that fails, the segments made so far
    /// stay.
    pub(super) fn reserve_overflow(&mut self, count: u32) -> Result<(), OutOfMemory> {
        let fresh = count.saturating_sub(self.writer.overflow_free_count);
        if fresh == 0 {
            return Ok(());
        }
        let last =
            self.writer.overflow_next.checked_add(fresh - 1).filter(|last| *last <= MAX_OVERFLOW).ok_or(OutOfMemory)?;
        for number in self.writer.overflow_next..=last {
            self.writer.bytes += self.table.overflow.make_segment(self.memory, number)?;
        }
        Ok(())
    }

    /// Puts overflow bucket `first` and those behind it on the free list. No chain leads to them
    /// any more. `first` may be 0: then there are none.
    pub(super) fn free_overflow(&mut self, first: u32) {
        let mut number = first;
        while number != 0
            && let Some(Bucket { meta, .. }) = self.table.overflow.get(number)
        {
            let next = meta.next();
            meta.tophash.store(0, Relaxed);
            meta.set_next(self.writer.overflow_free);
            self.writer.overflow_free = number;
            self.writer.overflow_free_count += 1;
            self.writer.overflow_used -= 1;
            number = next;
        }
    }

    /// How many overflow buckets a chain has.
    pub(super) fn overflow_in(&self, head: Bucket<'a, K>) -> u32 {
        self.table.chain(head).skip(1).count() as u32
    }

    /// The bucket after this one in its chain. If there is none, appends an overflow bucket; the
    /// caller has made sure of it with `reserve_overflow`.
    pub(super) fn extend_chain(&mut self, bucket: Bucket<'a, K>) -> Bucket<'a, K> {
        if let Some(next) = self.table.next_in_chain(bucket) {
            return next;
        }
        let Ok((number, next)) = self.take_overflow() else {
            broken("before entries move, there are as many overflow buckets as they may need")
        };
        bucket.meta.set_next(number);
        next
    }

    /// The first empty slot of a chain and its bucket, or `None`. Also the last bucket that was
    /// searched: if there is no empty slot, that is the last of the chain.
    pub(super) fn vacant_slot(&self, head: Bucket<'a, K>) -> (Option<(Bucket<'a, K>, usize)>, Bucket<'a, K>) {
        let mut last = head;
        for bucket in self.table.chain(head) {
            if let Some(slot) = bucket.tops().empty().first() {
                return (Some((bucket, slot)), bucket);
            }
            last = bucket;
        }
        (None, last)
    }

    /// Moves the last entries of a chain into empty slots before them, and frees the overflow
    /// buckets that become empty. The caller has made the version odd.
    ///
    /// A write that searches only the head does not call this: it would have to wait for the rest
    /// of the chain, which is probably not in the processor's cache.
    #[cold]
    #[inline(never)]
    pub(super) fn compact_chain(&mut self, head: Bucket<'a, K>) {
        let table = self.table;
        while let Some(first) = table.next_in_chain(head) {
            let (mut previous, mut last) = (head, first);
            while let Some(next) = table.next_in_chain(last) {
                (previous, last) = (last, next);
            }
            let tops = last.tops();
            let Some(from) = tops.live().last() else {
                let number = previous.meta.next();
                previous.meta.set_next(0);
                self.free_overflow(number);
                continue;
            };
            let (vacant_slot, _) = self.vacant_slot(head);
            let Some((bucket, slot)) = vacant_slot.filter(|(bucket, _)| !bucket.is_same(&last)) else {
                break;
            };
            bucket.slots[slot].copy_from(&last.slots[from]);
            bucket.set_top(slot, tops.get(from));
            last.remove_in_last_bucket(from);
        }
        table.rebuild_filter(head);
    }
}

impl<K: Key> Table<K> {
    /// Rebuilds the filter of a head from its overflow buckets.
    #[cold]
    pub(super) fn rebuild_filter(&self, head: Bucket<'_, K>) {
        let next = head.meta.next();
        // This empties the filter.
        head.meta.end_chain();
        head.meta.set_next(next);
        for bucket in self.chain(head).skip(1) {
            let tops = bucket.tops();
            tops.live().for_each(|slot| head.meta.set_overflows(tops.get(slot)));
        }
    }
}
