//! The order of iteration.
//!
//! Every hash has a *position*: from the highest bit on, the bits that choose the shard, then those that choose the bucket, lowest
//! first, then the others. So a shard is a range of positions and a bucket is a range of positions, whatever the number of
//! buckets is: a split cuts a range in two, a merge joins two. A cursor is a position, and everything below it has been visited. That holds under any
//! growth and shrinkage between two calls; all that a call has to do is to skip, in the bucket it begins with, the
//! entries below the cursor. Entries with equal positions travel together.

use super::{Table, bucket::Bucket, bucket::Slot, key::Key};
use crate::base::{
    hash::{Hasher, shard_bits},
    sync::Ordering::Acquire,
};

/// Takes the entries that an iteration comes to.
pub trait Sink<K: Key> {
    /// Takes an entry; one that does not fit is counted, so that [`Sink::overflowed`] tells.
    fn push(&mut self, key: &K::Cells, value: u64);
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
/// How many buckets ahead memory is asked for, in a table of more than 2^`FAR` buckets: the order of positions jumps to and fro in
/// memory, where no processor sees a pattern.
const AHEAD: u64 = 8;
const FAR: u32 = 4;

impl<K: Key> Table<K> {
    /// Hands the entries from position `cursor` up to `until` (0: all) to `sink`, and moves the cursor. For the owner, and for whoever
    /// else keeps writers out during the call.
    pub fn scan(&self, hasher: &Hasher, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Reach {
        for _ in 0..HOLD {
            let at = *cursor;
            let (bucket, bits) = match self.main.get(0) {
                Some(_) => {
                    let (index, bits) = self.shape().bucket_and_bits(at.reverse_bits() >> self.shard_bits);
                    (self.main.get(index), self.shard_bits + bits)
                }
                None => (None, self.shard_bits),
            };
            if self.shape().bits() > FAR {
                let ahead = at.wrapping_add(AHEAD << (64 - bits));
                self.prefetch(ahead.reverse_bits() >> self.shard_bits);
            }
            let next = end_of_range(at, bits);
            let whole = is_start_of_range(at, bits) && (until == 0 || next != 0 && next <= until);
            if let Some(head) = bucket {
                let start = sink.mark();
                self.push_range(hasher, head, whole, (at, until), sink);
                if sink.overflowed() {
                    sink.rewind(start);
                    return if start.entries > 0 {
                        Reach::Full
                    } else {
                        self.scan_part(hasher, head, cursor, until, sink)
                    };
                }
            }
            if next == 0 || until != 0 && next >= until {
                *cursor = 0;
                return Reach::End;
            }
            *cursor = next;
            if sink.is_full() {
                return Reach::Full;
            }
            if is_start_of_range(next, self.shard_bits) {
                return Reach::NextTable;
            }
        }
        Reach::Pause
    }

    fn position(&self, hasher: &Hasher, slot: &Slot<K>) -> u64 {
        let hash = K::hash_in_slot(&slot.key, hasher);
        let shard = shard_bits(hash) as u64 & ((1 << self.shard_bits) - 1);
        (hash << self.shard_bits | shard).reverse_bits()
    }

    fn push_range(
        &self,
        hasher: &Hasher,
        head: Bucket<'_, K>,
        whole: bool,
        range: (u64, u64),
        sink: &mut impl Sink<K>,
    ) {
        for bucket in self.chain(head) {
            for slot in bucket.tops().live() {
                let slot = &bucket.slots[slot];
                if whole || is_within(self.position(hasher, slot), range) {
                    sink.push(&slot.key, slot.value.load(Acquire));
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

/// The first position after the range of `bits` leading bits that `position` lies in; 0 after the last one.
fn end_of_range(position: u64, bits: u32) -> u64 {
    match bits {
        0 => 0,
        bits => ((position >> (64 - bits)) + 1).checked_shl(64 - bits).unwrap_or(0),
    }
}

/// Whether a range of `bits` leading bits begins at `position`.
fn is_start_of_range(position: u64, bits: u32) -> bool {
    position << bits == 0
}
