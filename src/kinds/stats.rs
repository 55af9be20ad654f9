//! Statistics of a map, and copies of single buckets for debugging.

use super::locked_table::TableState;
use crate::{
    item::{Key, Value},
    table::{EMPTY_ONE, EMPTY_REST, SLOTS, Slot, Table},
};

/// Statistics of a map: sums over all its tables unless a field says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// As counted by `len`.
    pub entries: u64,
    /// Entries per main bucket.
    pub load_factor: f64,
    /// B of the largest table.
    pub bucket_bits: u32,
    /// Main buckets.
    pub buckets: u64,
    /// Overflow buckets in use.
    pub overflow_buckets: u64,
    /// Tables in the middle of a growth.
    pub growing: u64,
    /// Buckets that those have split so far.
    pub split: u64,
    /// Tables among which the hash chooses.
    pub shards: u64,
    /// Entries of the emptiest shard.
    pub shard_entries_min: u64,
    /// Entries of the fullest shard.
    pub shard_entries_max: u64,
    /// Buckets in the longest chain.
    pub longest_chain: u64,
    /// Read/dirty: how often the dirty map has become the read map.
    pub promotions: u64,
    /// Read/dirty: lookups that the read map could not answer, since the last promotion.
    pub misses: u64,
    /// Read/dirty: entries of the dirty map.
    pub dirty_entries: u64,
    /// Read/dirty: entries of the read map, deleted ones included.
    pub read_entries: u64,
    /// Read/dirty: entries of the read map that were deleted and are not in the dirty map.
    pub expunged: u64,
    /// Bytes allocated for tables and for the entries of a read/dirty map.
    pub table_bytes: u64,
    /// Bytes of the blocks that hold keys and values.
    pub bytes_live: u64,
    /// Bytes allocated for blocks, in use or free.
    pub bytes_reserved: u64,
}

impl Stats {
    /// Adds the statistics of one table, apart from its entries: see [`Stats::add_shard`].
    pub fn add_table<K: Key>(&mut self, table: &Table<K>, state: &TableState) {
        let (shape, writer) = (table.shape(), &state.writer);
        self.bucket_bits = self.bucket_bits.max(shape.bits());
        self.buckets += if table.is_unused() { 0 } else { shape.buckets() };
        self.overflow_buckets += writer.overflow_used() as u64;
        self.growing += u64::from(shape.split() > 0);
        self.split += shape.split() as u64;
        self.longest_chain = self.longest_chain.max(table.longest_chain());
        self.table_bytes += writer.bytes();
        self.bytes_live += state.pool.live();
        self.bytes_reserved += state.pool.reserved();
    }

    /// Counts one shard and its entries.
    pub fn add_shard(&mut self, entries: u64) {
        self.shard_entries_min = if self.shards == 0 { entries } else { self.shard_entries_min.min(entries) };
        self.shard_entries_max = self.shard_entries_max.max(entries);
        self.entries += entries;
        self.shards += 1;
    }
}

/// The state of a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum SlotState {
    #[default]
    /// Empty, and so is every slot after it.
    EmptyRest = 0,
    /// Empty.
    EmptyOne = 1,
    /// It holds an entry.
    Live = 2,
    /// Read/dirty only: the key is deleted, and its entry is kept for the next store.
    Nil = 3,
    /// Read/dirty only: the key is deleted, and it is not in the dirty map.
    Expunged = 4,
}

/// A copy of one bucket, taken at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BucketView {
    /// Changes whenever an entry comes, goes or moves.
    pub version: u32,
    /// Number of the next overflow bucket in the chain; 0 if this is the last.
    pub overflow: u32,
    /// The top byte of each key's hash.
    pub tophash: [u8; SLOTS],
    /// What each slot is.
    pub state: [SlotState; SLOTS],
    /// The keys themselves if they are words, else their lengths in bytes.
    pub keys: [u64; SLOTS],
    /// The values themselves if they are words, else their lengths in bytes.
    pub values: [u64; SLOTS],
    /// B of the table.
    pub table_bucket_bits: u64,
    /// Main buckets of the table.
    pub table_buckets: u64,
}

impl BucketView {
    /// Copies the bucket `depth` steps down the chain of main bucket `bucket`. `value` returns the
    /// state and the value to show for a slot. The caller keeps writers out.
    pub fn of<K: Key>(
        table: &Table<K>,
        bucket: u64,
        depth: u64,
        value: impl Fn(&Slot<K>) -> (SlotState, u64),
    ) -> Option<Self> {
        let (shape, view) = (table.shape(), table.view(bucket, depth)?);
        let tophash = view.tops.0.to_le_bytes();
        let mut this = Self {
            version: view.version,
            overflow: view.overflow,
            tophash,
            table_bucket_bits: shape.bits() as u64,
            table_buckets: shape.buckets(),
            ..Self::default()
        };
        for (index, slot) in view.slots.iter().enumerate() {
            match tophash[index] {
                EMPTY_REST => this.state[index] = SlotState::EmptyRest,
                EMPTY_ONE => this.state[index] = SlotState::EmptyOne,
                _ => {
                    (this.state[index], this.values[index]) = value(slot);
                    this.keys[index] = K::debug_word(&slot.key);
                }
            }
        }
        Some(this)
    }

    /// Like [`BucketView::of`], for a table whose slots hold the values themselves.
    ///
    /// # Safety
    ///
    /// The values are of type `V`, and no other thread changes the table meanwhile.
    pub unsafe fn of_values<K: Key, V: Value>(table: &Table<K>, bucket: u64, depth: u64) -> Option<Self> {
        Self::of(table, bucket, depth, |slot| {
            let word = slot.load_value();
            // SAFETY: the slot is in use and nobody changes it, by our contract, so its word is
            // that of a live `V`.
            (SlotState::Live, unsafe { if V::IN_PLACE { word } else { V::len(word) as u64 } })
        })
    }
}
