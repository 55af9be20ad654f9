//! Statistics of a map, and copies of its buckets.

use super::{
    boundary::call,
    map_handle::{borrow, ptl_map},
    options::{c_width, unknown_part},
    status::ptl_status,
};
use crate::map::{BucketView, Map, Outcome, SlotState, Stats};

/// Statistics of a map. Initialise the struct with PTL_STATS_INIT.
#[repr(C)]
pub struct ptl_stats {
    /// Set by the caller: sizeof(ptl_stats). The call does not change it.
    pub size: usize,
    /// PTL_MAP_*.
    pub kind: u32,
    /// B of the largest table. The table has 2^B main buckets and, while it grows, one more for
    /// each bucket that was split.
    pub bucket_bits: u32,
    /// PTL_BYTES or PTL_WORD.
    pub key_size: u64,
    /// PTL_BYTES or PTL_WORD.
    pub value_size: u64,
    /// Entries, as ptl_map_len counts them.
    pub entries: u64,
    /// Main buckets of all tables, each with room for 8 entries.
    pub buckets: u64,
    /// Overflow buckets in use, in all tables.
    pub overflow_buckets: u64,
    /// Entries per main bucket. Growth keeps it at 6.5 or below, and at 8 or below in a table of
    /// one bucket. In a sharded map it is near 5.3, and near 4 in small ones.
    pub load_factor: f64,
    /// Tables that are growing at the moment.
    pub growing: u64,
    /// Buckets that those tables have split so far.
    pub split: u64,
    /// Shards: the tables of a sharded map; 1 in other kinds.
    pub shards: u64,
    /// Entries of the shard that has the fewest.
    pub shard_entries_min: u64,
    /// Entries of the shard that has the most.
    pub shard_entries_max: u64,
    /// The most buckets that the search for one key may read: a main bucket and its overflow
    /// buckets.
    pub longest_chain: u64,
    /// read_dirty: how often the dirty map has become the read map. This and the next four members
    /// are 0 in other kinds.
    pub promotions: u64,
    /// read_dirty: lookups that the read map could not answer, since the last promotion.
    pub misses: u64,
    /// read_dirty: entries of the dirty map. The read map is amended when there are any.
    pub dirty_entries: u64,
    /// read_dirty: entries of the read map, deleted ones included.
    pub read_entries: u64,
    /// read_dirty: entries of the read map that were deleted and are not in the dirty map.
    pub expunged: u64,
    /// Memory held for tables and for read_dirty's entries, in bytes.
    pub table_bytes: u64,
    /// Memory in use for keys and values that are not stored inline.
    pub bytes_live: u64,
    /// Memory held for those, in use or not.
    pub bytes_reserved: u64,
}

/// A slot's state: empty, and so are all later slots of the bucket and of the overflow buckets
/// behind it.
pub const PTL_SLOT_EMPTY_REST: u8 = 0;
/// A slot's state: empty.
pub const PTL_SLOT_EMPTY_ONE: u8 = 1;
/// A slot's state: it holds an entry.
pub const PTL_SLOT_LIVE: u8 = 2;
/// A slot's state in read_dirty: the key was deleted, and its entry is kept for the next store.
pub const PTL_SLOT_NIL: u8 = 3;
/// A slot's state in read_dirty: the key was deleted, and is not in the dirty map.
pub const PTL_SLOT_EXPUNGED: u8 = 4;

/// One bucket of eight slots. Initialise the struct with PTL_BUCKET_INIT.
#[repr(C)]
pub struct ptl_bucket {
    /// Set by the caller: sizeof(ptl_bucket). The call does not change it.
    pub size: usize,
    /// Changes when an entry is added to the bucket, removed or moved; this tells readers without a
    /// lock that they must read again. It need not change when a value is overwritten by a single
    /// store.
    pub version: u32,
    /// Number of the next overflow bucket; 0 if there is none.
    pub overflow: u32,
    /// The top byte of each key's hash. A search compares it before it compares a key.
    pub tophash: [u8; 8],
    /// PTL_SLOT_* of each slot.
    pub state: [u8; 8],
    /// The keys if they are words, else their lengths in bytes.
    pub keys: [u64; 8],
    /// The values if they are words, else their lengths in bytes.
    pub values: [u64; 8],
    /// B of this table.
    pub table_bucket_bits: u64,
    /// Main buckets of this table.
    pub table_buckets: u64,
}

fn slot_state(state: SlotState) -> u8 {
    match state {
        SlotState::EmptyRest => PTL_SLOT_EMPTY_REST,
        SlotState::EmptyOne => PTL_SLOT_EMPTY_ONE,
        SlotState::Live => PTL_SLOT_LIVE,
        SlotState::Nil => PTL_SLOT_NIL,
        SlotState::Expunged => PTL_SLOT_EXPUNGED,
    }
}

fn c_bucket(size: usize, found: &BucketView) -> ptl_bucket {
    ptl_bucket {
        size,
        version: found.version,
        overflow: found.overflow,
        tophash: found.tophash,
        state: found.state.map(slot_state),
        keys: found.keys,
        values: found.values,
        table_bucket_bits: found.table_bucket_bits,
        table_buckets: found.table_buckets,
    }
}

fn c_stats(map: &Map, size: usize, stats: &Stats) -> ptl_stats {
    ptl_stats {
        size,
        kind: map.config().kind.number(),
        bucket_bits: stats.bucket_bits,
        key_size: c_width(map.config().key),
        value_size: c_width(map.config().value),
        entries: stats.entries,
        buckets: stats.buckets,
        overflow_buckets: stats.overflow_buckets,
        load_factor: stats.load_factor,
        growing: stats.growing,
        split: stats.split,
        shards: stats.shards,
        shard_entries_min: stats.shard_entries_min,
        shard_entries_max: stats.shard_entries_max,
        longest_chain: stats.longest_chain,
        promotions: stats.promotions,
        misses: stats.misses,
        dirty_entries: stats.dirty_entries,
        read_entries: stats.read_entries,
        expunged: stats.expunged,
        table_bytes: stats.table_bytes,
        bytes_live: stats.bytes_live,
        bytes_reserved: stats.bytes_reserved,
    }
}

/// Returns statistics of a map. The numbers are read one after the other, so they need not agree
/// with each other while other threads write.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: `*stats` is filled, except its `size`. Members that this version does not know are set
///   to 0.
/// - PTL_E_NULL: `stats` is NULL.
/// - PTL_E_SIZE: `stats->size` is smaller than the struct was in the first version of the library,
///   or too large to be the size of a struct.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_stats(map: *const ptl_map, stats: *mut ptl_stats) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that the struct is NULL or as large as its `size` says.
        let unknown = unsafe { unknown_part(stats.cast(), size_of::<ptl_stats>())? };
        let found = map.stats()?;
        // SAFETY: `unknown_part` has checked that the struct has the members of this version.
        // `unknown` is the rest of the struct.
        unsafe {
            stats.write(c_stats(map, (*stats).size, &found));
            (*unknown).fill(0);
        }
        Ok(Outcome::Done)
    })
}

/// Returns a copy of one bucket, to draw or to explain the table. To work on entries, use
/// ptl_map_scan.
///
/// `table` is the number of a shard in a sharded map. In a read_dirty map, 0 is the read map and 1
/// the dirty map. Other kinds have only table 0. `bucket` is the number of a main bucket, from 0 up
/// to but not including `table_buckets`, which each call that succeeds returns. `depth` 0 is the
/// main bucket itself, 1 its first overflow bucket, and so on. The next write may change the sizes
/// and the numbers.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: `*out` is filled, except its `size`. Members that this version does not know are set
///   to 0.
/// - PTL_NOT_FOUND: there is no such table, bucket or overflow bucket.
/// - PTL_E_NULL: `out` is NULL.
/// - PTL_E_SIZE: `out->size` is smaller than the struct was in the first version of the library, or
///   too large to be the size of a struct.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_inspect(
    map: *const ptl_map,
    table: u64,
    bucket: u64,
    depth: u64,
    out: *mut ptl_bucket,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that the struct is NULL or as large as its `size` says.
        let unknown = unsafe { unknown_part(out.cast(), size_of::<ptl_bucket>())? };
        let Some(found) = map.inspect(table, bucket, depth)? else { return Ok(Outcome::NotFound) };
        // SAFETY: `unknown_part` has checked that the struct has the members of this version.
        // `unknown` is the rest of the struct.
        unsafe {
            out.write(c_bucket((*out).size, &found));
            (*unknown).fill(0);
        }
        Ok(Outcome::Done)
    })
}
