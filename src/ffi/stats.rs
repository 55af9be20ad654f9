//! Looking inside a map.

use super::{
    boundary::call,
    map_handle::{borrow, ptl_map},
    options::{tail, width_number},
    status::ptl_status,
};
use crate::map::{BucketView, Map, Outcome, SlotState, Stats};

/// How a map is built. Begin with PTL_STATS_INIT.
#[repr(C)]
pub struct ptl_stats {
    /// In: sizeof(ptl_stats). Left alone.
    pub size: usize,
    /// PTL_MAP_*.
    pub kind: u32,
    /// B of the largest table. It has 2^B main buckets, and while it grows one more for each that was split.
    pub bucket_bits: u32,
    /// PTL_BYTES or PTL_WORD.
    pub key_size: u64,
    /// PTL_BYTES or PTL_WORD.
    pub value_size: u64,
    /// As ptl_map_len counts them.
    pub entries: u64,
    /// Main buckets of all tables, each with room for 8 entries.
    pub buckets: u64,
    /// Overflow buckets in use, in all tables.
    pub overflow_buckets: u64,
    /// Entries for each main bucket. Growing keeps it at 6.5 at the most, 8 where there is one bucket; with
    /// PTL_MAP_SHARDED near 5.3, and near 4 in small maps.
    pub load_factor: f64,
    /// Tables in the middle of a growth.
    pub growing: u64,
    /// Buckets that those growths have split so far.
    pub split: u64,
    /// Tables that a key may belong to: 1 in all kinds but sharded.
    pub shards: u64,
    /// Entries of the emptiest of them.
    pub shard_entries_min: u64,
    /// Entries of the fullest of them.
    pub shard_entries_max: u64,
    /// The most buckets that a key may have to be looked for in: a main bucket and its overflow buckets.
    pub longest_chain: u64,
    /// read_dirty: how often the dirty map has become the read map. This and the next four are 0 in other
    /// kinds.
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

/// A slot's state: empty, and so are all after it in this bucket and its overflow buckets.
pub const PTL_SLOT_EMPTY_REST: u8 = 0;
/// A slot's state: empty.
pub const PTL_SLOT_EMPTY_ONE: u8 = 1;
/// A slot's state: an entry.
pub const PTL_SLOT_LIVE: u8 = 2;
/// A slot's state in read_dirty: the entry was deleted, and its place is kept for the key.
pub const PTL_SLOT_NIL: u8 = 3;
/// A slot's state in read_dirty: the entry was deleted, and is not in the dirty map.
pub const PTL_SLOT_EXPUNGED: u8 = 4;

/// One bucket of eight slots. Begin with PTL_BUCKET_INIT.
#[repr(C)]
pub struct ptl_bucket {
    /// In: sizeof(ptl_bucket). Left alone.
    pub size: usize,
    /// Changes whenever an entry comes to the bucket, goes or moves, which is how readers without a lock notice it.
    /// (Overwriting a value may be a single step, which they cannot see half of; then it does not change.)
    pub version: u32,
    /// Number of the next overflow bucket; 0 is none.
    pub overflow: u32,
    /// The top byte of each key's hash, looked at before any key.
    pub tophash: [u8; 8],
    /// PTL_SLOT_* of each slot.
    pub state: [u8; 8],
    /// The keys where they are words; where they are bytes, their lengths.
    pub keys: [u64; 8],
    /// The values where they are words; where they are bytes, their lengths.
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

fn view(size: usize, found: &BucketView) -> ptl_bucket {
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

fn report(map: &Map, size: usize, stats: &Stats) -> ptl_stats {
    ptl_stats {
        size,
        kind: map.config().kind.number(),
        bucket_bits: stats.bucket_bits,
        key_size: width_number(map.config().key),
        value_size: width_number(map.config().value),
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

/// Tells how a map is built at the moment. The numbers are gathered one after the other: while others write,
/// they need not agree with each other.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: `*stats` is filled, all but its `size`; members beyond this version's are 0.
/// - PTL_E_NULL: `stats` is NULL.
/// - PTL_E_SIZE: `stats->size` is less than the struct had in the first version, or no size of a struct at
///   all.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_stats(map: *const ptl_map, stats: *mut ptl_stats) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's struct, which is as large as it says.
        let unknown = unsafe { tail(stats.cast(), size_of::<ptl_stats>())? };
        let found = map.stats()?;
        // SAFETY: the struct has the part that this version knows, and `unknown` is the rest of it.
        unsafe {
            stats.write(report(map, (*stats).size, &found));
            (*unknown).fill(0);
        }
        Ok(Outcome::Done)
    })
}

/// Copies out one bucket as it stands, for drawing and teaching. A program that works on entries wants
/// ptl_map_scan.
///
/// `table` is the number of a shard; a map of the other kinds has table 0, and read_dirty has its read map as
/// 0 and its dirty map as 1. `bucket` counts from 0 to `table_buckets`, which every answer tells. `depth` 0
/// is the bucket itself, 1 and more the overflow buckets that hang on it. Sizes and numbers may change with
/// the next write.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: `*out` is filled, all but its `size`; members beyond this version's are 0.
/// - PTL_NOT_FOUND: there is no such table, bucket or overflow bucket.
/// - PTL_E_NULL: `out` is NULL.
/// - PTL_E_SIZE: `out->size` is less than the struct had in the first version, or no size of a struct at all.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_inspect(
    map: *const ptl_map,
    table: u64,
    bucket: u64,
    depth: u64,
    out: *mut ptl_bucket,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's struct, which is as large as it says.
        let unknown = unsafe { tail(out.cast(), size_of::<ptl_bucket>())? };
        let Some(found) = map.inspect(table, bucket, depth)? else { return Ok(Outcome::NotFound) };
        // SAFETY: the struct has the part that this version knows, and `unknown` is the rest of it.
        unsafe {
            out.write(view((*out).size, &found));
            (*unknown).fill(0);
        }
        Ok(Outcome::Done)
    })
}
