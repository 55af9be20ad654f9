//! The order of iteration.
//!
//! Every hash has a **position**, a 64-bit number:
//!
//! ```text
//! bit 63                                              0
//!     └ shard bits ┘└ bucket bits (32) ┘└ other bits ┘
//! ```
//!
//! So a shard is a range of positions, and so is a bucket, whatever the number of buckets is: a split
//! cuts a range in two, a merge joins two. A **cursor** is a position below which everything was visited.
//! That stays true when the table grows or shrinks between two calls. All that a call has to do is to
//! skip, in the bucket where it begins, the entries below the cursor.
//!
//! Entries whose hashes collide may share a position. One call returns all of them.

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

/// Takes the entries of an iteration.
pub trait Sink<K: Key> {
    /// Takes an entry. One that does not fit is only counted; then [`Sink::overflowed`] returns true.
    fn push(&mut self, key: &K::Cells, value: u64);
    /// Takes the entries in the slots `live` of a bucket.
    #[inline(always)]
    fn push_live(&mut self, slots: &[Slot<K>; SLOTS], live: Matches) {
        live.for_each(|slot| self.push(&slots[slot].key, slots[slot].load_value()));
    }
    /// How much was taken so far.
    fn mark(&self) -> Mark;
    /// Forgets what was taken since the mark.
    fn rewind(&mut self, mark: Mark);
    /// Whether an entry did not fit.
    fn overflowed(&self) -> bool;
    /// Whether nothing more can fit.
    fn is_full(&self) -> bool;
}

/// How much a sink has taken: entries, bytes of keys, bytes of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub entries: usize,
    pub keys: usize,
    pub values: usize,
}

/// Why a call of [`Table::scan`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It reached the end of all positions, or of those asked for.
    End,
    /// It reached the end of this table's positions. The cursor is the first one of the next table.
    NextTable,
    /// It visited as many buckets as one hold of a lock allows. There may be more in this table.
    Pause,
    /// The sink is full.
    Full,
    /// The entries that share the next position do not fit. The sink tells how much they need.
    TooSmall,
}

/// Buckets visited in one hold of a lock.
const HOLD: usize = 1024;
/// How many heads ahead of the visit memory is prefetched; a power of two.
const HEADS_AHEAD: usize = 32;
/// The same of the first overflow buckets, whose numbers stand in heads that are in cache by then.
const OVERFLOW_AHEAD: usize = 10;

/// The heads of a table from position `at` on, each with the first position after its range. Prefetches
/// them. The first head follows the last.
struct Heads<'a, K: Key> {
    table: &'a Table<K>,
    shape: Shape,
    /// The number of positions of a bucket that is not split, less one.
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

/// Ring index of the head that was prefetched long enough ago to be in cache at this step.
#[inline(always)]
fn prefetched_at(step: usize, ahead: usize) -> usize {
    (step + OVERFLOW_AHEAD) & (ahead - 1)
}

impl<K: Key> Table<K> {
    /// Hands the entries from position `cursor` up to `until` (0: all) to `sink`, and moves the cursor.
    /// While writers are kept out.
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
        // A small table has fewer heads than the ring has places.
        let ahead = HEADS_AHEAD.min(shape.buckets().next_power_of_two() as usize);
        let mut ring = [heads.next(); HEADS_AHEAD];
        ring[1..ahead].fill_with(|| heads.next());
        for step in 0..HOLD {
            let (head, end) = core::mem::replace(&mut ring[step & (ahead - 1)], heads.next());
            self.prefetch_overflow(ring[prefetched_at(step, ahead)].0);
            let before = sink.mark();
            let takes_entire_bucket = is_start && (until == 0 || end != 0 && end <= until);
            self.push_range(hasher, head, takes_entire_bucket, (*cursor, until), sink);
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

    /// Prefetches the first overflow bucket of a chain that is visited later.
    #[inline(always)]
    fn prefetch_overflow(&self, head: Bucket<'_, K>) {
        if let Some(overflow) = self.next_in_chain(head) {
            overflow.prefetch();
        }
    }

    /// The position of an entry.
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

    /// Hands the entries of a chain to `sink`: all of them, or those in a range of positions.
    #[inline(always)]
    fn push_range(
        &self,
        hasher: &Hasher,
        head: Bucket<'_, K>,
        entire: bool,
        range: (u64, u64),
        sink: &mut impl Sink<K>,
    ) {
        for bucket in self.chain(head) {
            let live = bucket.tops().live();
            if entire {
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

    /// The entries of a chain that does not fit as a whole: position by position, the lowest first.
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
        // Of read/dirty entries, values may have been deleted since the chain did not fit. Then the rest fitted.
        Reach::Full
    }
}

/// Whether a position lies in a range; an end of 0 means no end.
fn is_within(position: u64, (from, until): (u64, u64)) -> bool {
    position >= from && (until == 0 || position < until)
}

/// Whether a position is the first one of those that share its highest `bits` bits.
fn is_start_of_range(position: u64, bits: u32) -> bool {
    position << bits == 0
}
