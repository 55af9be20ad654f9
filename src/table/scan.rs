//! The order of iteration.
//!
//! Every hash has a **position**, a 64-bit number:
//!
//! ```text
//! bit 63                                              0
//!     └ shard bits ┘└ bucket bits (32) ┘└ other bits ┘
//! ```
//!
//! So a shard is a range of positions, and so is a bucket, whatever the number of buckets is: a
//! split cuts a range in two, a merge joins two. A **cursor** is a position below which everything
//! was visited. That stays true when the table grows or shrinks between two calls. A call only has
//! to skip the entries below the cursor in the bucket where it begins.
//!
//! Buckets are visited in the order of their positions. The entries of one bucket come in any
//! order.
//!
//! Entries whose hashes collide may share a position. The same call returns all of them.

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
    /// Takes an entry. If it does not fit, only counts what it needs; [`Sink::overflowed`] then
    /// returns true.
    fn push(&mut self, key: &K::Cells, value: u64);
    /// Takes the entries in the slots `live` of a bucket.
    #[inline(always)]
    fn push_live(&mut self, slots: &[Slot<K>; SLOTS], live: Matches) {
        live.for_each(|slot| self.push(&slots[slot].key, slots[slot].load_value()));
    }
    /// How much was taken so far.
    fn mark(&self) -> Mark;
    /// Forgets what was taken since the mark.
    ///
    /// # Safety
    /// [`Sink::mark`] returned the mark, when nothing had overflowed. The sink was not rewound to
    /// an earlier one since.
    unsafe fn rewind(&mut self, mark: Mark);
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
    /// It reached the end of this table's positions. The cursor is the first position of the next
    /// table.
    NextTable,
    /// It visited as many chains as one call may. There may be more in this table.
    Pause,
    /// The sink is full.
    Full,
    /// The entries that share the next position do not fit. The sink tells how much they need.
    TooSmall,
}

/// The most chains that one call visits, since its caller holds a lock meanwhile.
const HOLD: usize = 1024;
/// A head is prefetched this many steps before its chain is visited; a power of two.
const HEADS_AHEAD: usize = 32;
/// The first overflow bucket of a chain is prefetched this many steps before the chain is visited.
/// That is later, as its number is in the head, which must be in the cache by then.
const OVERFLOW_AHEAD: usize = 10;

/// Yields the heads of a table from position `at` on, without end: the first head follows the last.
/// With each comes the first position after its range. Prefetches each head that it yields.
struct Heads<'a, K: Key> {
    table: &'a Table<K>,
    shape: Shape,
    /// The range of a bucket that is not split: the number of its positions, less one.
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

/// The index in the ring of the head whose first overflow bucket is prefetched at this step.
#[inline(always)]
fn overflow_index(step: usize, ring_len: usize) -> usize {
    (step + OVERFLOW_AHEAD) & (ring_len - 1)
}

impl<K: Key> Table<K> {
    /// Hands entries to `sink`: those at `cursor` or after it, and before `until` (0: up to the
    /// end). Moves the cursor past them. The cursor is a position of this table. Only while writers
    /// are kept out.
    pub fn scan(&self, hasher: &Hasher, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Reach {
        // Whether a scan that has come to the position `end` is complete. 0 comes after the last
        // position.
        let is_complete = |end: u64| end == 0 || until != 0 && end >= until;
        if self.is_unused() {
            let end = (*cursor | u64::MAX >> self.shard_bits).wrapping_add(1);
            *cursor = if is_complete(end) { 0 } else { end };
            return if is_complete(end) { Reach::End } else { Reach::NextTable };
        }
        let shape = self.shape();
        // Whether the cursor is the first position of a bucket. After the first bucket it always
        // is.
        let mut begins_bucket =
            is_start_of_range(*cursor, self.shard_bits + shape.prefix_bits(self.bucket_bits_at(*cursor)));
        let mut heads = Heads { table: self, shape, width: u64::MAX >> (self.shard_bits + shape.bits()), at: *cursor };
        // The heads that are prefetched and not yet visited. A small table needs only the first few
        // places.
        let ring_len = HEADS_AHEAD.min(shape.buckets().next_power_of_two() as usize);
        let mut ring = [heads.next(); HEADS_AHEAD];
        ring[1..ring_len].fill_with(|| heads.next());
        for step in 0..HOLD {
            let (head, end) = core::mem::replace(&mut ring[step & (ring_len - 1)], heads.next());
            self.prefetch_overflow(ring[overflow_index(step, ring_len)].0);
            let before = sink.mark();
            let takes_entire_bucket = begins_bucket && (until == 0 || end != 0 && end <= until);
            self.push_range(hasher, head, takes_entire_bucket, (*cursor, until), sink);
            if sink.overflowed() {
                // The next call begins with this bucket. But if it does not even fit into an empty
                // sink, hand out a part of it.
                // SAFETY: the mark is that of this step, which began with nothing overflowed.
                unsafe { sink.rewind(before) };
                return if before.entries > 0 {
                    Reach::Full
                } else {
                    self.scan_positions(hasher, head, cursor, until, sink)
                };
            }
            if is_complete(end) {
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
            begins_bucket = true;
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

    /// Hands out a chain that does not fit as a whole: position by position, the lowest first.
    fn scan_positions(
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
                // SAFETY: the mark is that of this turn, which began with nothing overflowed.
                unsafe { sink.rewind(start) };
                return Reach::Full;
            }
            *cursor = next;
            if next == 0 {
                return Reach::End;
            }
        }
        // Now all of it has fitted. That happens in a read/dirty map, where values may be deleted
        // meanwhile.
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
