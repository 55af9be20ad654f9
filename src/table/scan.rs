//! The order of iteration.
//!
//! Every hash has a *position*: from the highest bit on, the bits that choose the shard, then those that choose the bucket,
//! then the others. So a shard is a range of positions and a bucket is a range of positions, whatever the number of
//! buckets is: a split cuts a range in two, a merge joins two. A cursor is a position, and everything below it has been visited. That holds under any
//! growth and shrinkage between two calls; all that a call has to do is to skip, in the bucket it begins with, the
//! entries below the cursor. Entries with equal positions travel together.

use super::{
    Shape, Table,
    bucket::{Bucket, Matches, SLOTS, Slot},
};
use crate::{
    base::{
        hash::{Hasher, bucket_bits, shard_bits},
        invariant::broken,
    },
    item::Key,
};

/// Takes the entries that an iteration comes to.
pub trait Sink<K: Key> {
    /// Takes an entry; one that does not fit is counted, so that [`Sink::overflowed`] tells.
    fn push(&mut self, key: &K::Cells, value: u64);
    /// Takes the entries in these slots of a bucket.
    #[inline(always)]
    fn push_live(&mut self, slots: &[Slot<K>; SLOTS], live: Matches) {
        live.for_each(|slot| self.push(&slots[slot].key, slots[slot].load_value()));
    }
    /// Where the sink stands.
    fn mark(&self) -> Mark;
    /// Forgets what was pushed since.
    fn rewind(&mut self, mark: Mark);
    /// Whether something pushed did not fit.
    fn overflowed(&self) -> bool;
    /// Whether nothing more can fit.
    fn is_full(&self) -> bool;
}

/// A sink's state: entries, bytes of keys, bytes of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub entries: usize,
    pub keys: usize,
    pub values: usize,
}

/// How far a call of [`Table::scan`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the end of all positions, or of those asked for.
    End,
    /// To the end of this table's positions; the cursor is where the next table's begin.
    NextTable,
    /// Long enough for one hold of a lock; there is more in this table.
    Pause,
    /// To the end of the sink's room.
    Full,
    /// Nowhere: the entries at the cursor travel together and do not fit. The sink says how much they need.
    TooSmall,
}

/// Buckets visited in one hold of a lock.
const HOLD: usize = 1024;
/// How many buckets ahead memory is asked for, and that of overflow buckets.
const AHEAD: usize = 32;
const OVERFLOW_AHEAD: usize = 10;

/// The heads of a table's chains from position `at` on, each with the first position after its own. Asks for the memory of each. The
/// table's first head follows its last.
struct Heads<'a, K: Key> {
    table: &'a Table<K>,
    shape: Shape,
    /// How far the positions of a bucket that is not split lie apart.
    width: u64,
    at: u64,
}

impl<'a, K: Key> Heads<'a, K> {
    #[inline(always)]
    fn next(&mut self) -> (Bucket<'a, K>, u64) {
        let Self { table, shape, width, at } = *self;
        let bits = table.bucket_bits_at(at);
        let Some(head) = table.main.by_prefix(shape.prefix(bits)) else {
            broken("a published shape has all its segments")
        };
        head.prefetch();
        let width = if bits < shape.next_split() { width >> 1 } else { width };
        self.at = (at | width).wrapping_add(1);
        (head, self.at)
    }
}

/// Where in a ring of so many heads the one is, at a step, whose memory is here by now.
#[inline(always)]
fn prefetched_at(step: usize, ahead: usize) -> usize {
    (step + OVERFLOW_AHEAD) & (ahead - 1)
}

impl<K: Key> Table<K> {
    /// Hands the entries from position `cursor` up to `until` (0: all) to `sink`, and moves the cursor. For the owner, and for whoever
    /// else keeps writers out during the call.
    pub fn scan(&self, hasher: &Hasher, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Reach {
        let ends = |end: u64| end == 0 || until != 0 && end >= until;
        if self.is_unused() {
            let end = (*cursor | u64::MAX >> self.shard_bits).wrapping_add(1);
            *cursor = if ends(end) { 0 } else { end };
            return if ends(end) { Reach::End } else { Reach::NextTable };
        }
        let shape = self.shape();
        let mut is_start =
            is_start_of_range(*cursor, self.shard_bits + shape.prefix_bits(self.bucket_bits_at(*cursor)));
        let mut heads = Heads { table: self, shape, width: u64::MAX >> (self.shard_bits + shape.bits()), at: *cursor };
        // A small table needs fewer.
        let ahead = AHEAD.min(shape.buckets().next_power_of_two() as usize);
        let mut ring = [heads.next(); AHEAD];
        ring[1..ahead].fill_with(|| heads.next());
        for step in 0..HOLD {
            let (head, end) = core::mem::replace(&mut ring[step & (ahead - 1)], heads.next());
            self.prefetch_overflow(ring[prefetched_at(step, ahead)].0);
            let before = sink.mark();
            let is_whole = is_start && (until == 0 || end != 0 && end <= until);
            self.push_range(hasher, head, is_whole, (*cursor, until), sink);
            if sink.overflowed() {
                sink.rewind(before);
                return if before.entries > 0 {
                    Reach::Full
                } else {
                    self.scan_part(hasher, head, cursor, until, sink)
                };
            }
            if ends(end) {
                *cursor = 0;
                return Reach::End;
            }
            *cursor = end;
            if sink.is_full() {
                return Reach::Full;
            }
            if is_start_of_range(end, self.shard_bits) {
                return Reach::NextTable;
            }
            is_start = true;
        }
        Reach::Pause
    }

    /// Asks for the overflow bucket of a chain that comes later.
    #[inline(always)]
    fn prefetch_overflow(&self, head: Bucket<'_, K>) {
        if let Some(overflow) = self.next_in_chain(head) {
            overflow.prefetch();
        }
    }

    fn position(&self, hasher: &Hasher, slot: &Slot<K>) -> u64 {
        let hash = K::hash_in_slot(&slot.key, hasher);
        let shard = shard_bits(hash) as u64 & ((1 << self.shard_bits) - 1);
        let (chosen_by, others) = (shard << 32 | u64::from(bucket_bits(hash)), hash >> 32);
        chosen_by << (32 - self.shard_bits) | others >> self.shard_bits
    }

    /// The bucket bits of the hashes at a position.
    #[inline(always)]
    fn bucket_bits_at(&self, position: u64) -> u32 {
        (position >> (32 - self.shard_bits)) as u32
    }

    #[inline(always)]
    fn push_range(
        &self,
        hasher: &Hasher,
        head: Bucket<'_, K>,
        whole: bool,
        range: (u64, u64),
        sink: &mut impl Sink<K>,
    ) {
        for bucket in self.chain(head) {
            let live = bucket.tops().live();
            if whole {
                sink.push_live(bucket.slots, live);
                continue;
            }
            for slot in live.map(|slot| &bucket.slots[slot]) {
                if is_within(self.position(hasher, slot), range) {
                    sink.push(&slot.key, slot.load_value());
                }
            }
        }
    }

    /// A chain that does not fit as a whole: one position after the other, lowest first.
    fn scan_part(
        &self,
        hasher: &Hasher,
        head: Bucket<'_, K>,
        cursor: &mut u64,
        until: u64,
        sink: &mut impl Sink<K>,
    ) -> Reach {
        let position = |slot: &Slot<K>| self.position(hasher, slot);
        let lowest_from = |from: u64| {
            let slots = self.chain(head).flat_map(|bucket| bucket.tops().live().map(move |slot| &bucket.slots[slot]));
            slots.map(position).filter(|at| is_within(*at, (from, until))).min()
        };
        while let Some(at) = lowest_from(*cursor) {
            let start = sink.mark();
            let next = at.wrapping_add(1);
            self.push_range(hasher, head, false, (at, next), sink);
            if sink.overflowed() {
                *cursor = at;
                if start.entries == 0 {
                    return Reach::TooSmall;
                }
                sink.rewind(start);
                return Reach::Full;
            }
            *cursor = next;
            if next == 0 {
                return Reach::End;
            }
        }
        // Values may have been deleted meanwhile, where they do not lie in the slots: then all the rest did fit.
        Reach::Full
    }
}

fn is_within(position: u64, (from, until): (u64, u64)) -> bool {
    position >= from && (until == 0 || position < until)
}

/// Whether a range of `bits` leading bits begins at `position`.
fn is_start_of_range(position: u64, bits: u32) -> bool {
    position << bits == 0
}
