//! The C interface as a C program sees it: declarations written by hand after include/portolan.h.
//! They are bound by name when the test is linked. Those of the operations on one key are generated
//! from the table in `operations.rs`.

use super::operations::operations;
use std::ffi::{c_char, c_void};

pub type Status = i32;

#[repr(C)]
pub struct Map {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Allocator {
    pub alloc: Option<unsafe extern "C" fn(usize, usize, *mut c_void) -> *mut c_void>,
    pub free: Option<unsafe extern "C" fn(*mut c_void, usize, usize, *mut c_void)>,
    pub user: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Options {
    pub size: usize,
    pub kind: u32,
    pub flags: u32,
    pub key_size: u64,
    pub value_size: u64,
    pub capacity: u64,
    pub seed: u64,
    pub shards: u32,
    pub hash_bits: u32,
    pub allocator: Allocator,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct U64 {
    pub value: u64,
    pub status: Status,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    pub size: usize,
    pub kind: u32,
    pub bucket_bits: u32,
    pub key_size: u64,
    pub value_size: u64,
    pub entries: u64,
    pub buckets: u64,
    pub overflow_buckets: u64,
    pub load_factor: f64,
    pub growing: u64,
    pub split: u64,
    pub shards: u64,
    pub shard_entries_min: u64,
    pub shard_entries_max: u64,
    pub longest_chain: u64,
    pub promotions: u64,
    pub misses: u64,
    pub dirty_entries: u64,
    pub read_entries: u64,
    pub expunged: u64,
    pub table_bytes: u64,
    pub bytes_live: u64,
    pub bytes_reserved: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    pub size: usize,
    pub version: u32,
    pub overflow: u32,
    pub tophash: [u8; 8],
    pub state: [u8; 8],
    pub keys: [u64; 8],
    pub values: [u64; 8],
    pub table_bucket_bits: u64,
    pub table_buckets: u64,
}

pub type Visit = unsafe extern "C" fn(*const c_void, usize, *const c_void, usize, *mut c_void) -> i32;

pub type Update = unsafe extern "C" fn(*const c_void, usize, *mut *const c_void, *mut usize, *mut c_void) -> i32;

pub const UPDATE_KEEP: i32 = 0;
pub const UPDATE_STORE: i32 = 1;
pub const UPDATE_DELETE: i32 = 2;

unsafe extern "C" {
    pub fn ptl_version() -> *const c_char;
    pub fn ptl_version_number() -> u32;
    pub fn ptl_status_string(status: Status) -> *const c_char;

    pub fn ptl_map_new(options: *const Options, map: *mut *mut Map) -> Status;
    pub fn ptl_map_retain(map: *mut Map) -> Status;
    pub fn ptl_map_release(map: *mut Map) -> Status;

    pub fn ptl_map_add(map: *mut Map, key: *const u8, key_size: usize, delta: u64, sum: *mut u64) -> Status;

    pub fn ptl_map_update(
        map: *mut Map,
        key: *const u8,
        key_size: usize,
        update: Option<Update>,
        user: *mut c_void,
    ) -> Status;

    pub fn ptl_map_range(map: *const Map, visit: Option<Visit>, user: *mut c_void) -> Status;
    pub fn ptl_map_delete_if(map: *mut Map, predicate: Option<Visit>, user: *mut c_void, deleted: *mut u64) -> Status;
    pub fn ptl_map_clear(map: *mut Map) -> Status;
    pub fn ptl_map_len(map: *const Map, len: *mut u64) -> Status;
    pub fn ptl_map_reserve(map: *mut Map, entries: u64) -> Status;
    pub fn ptl_map_shrink(map: *mut Map) -> Status;
    pub fn ptl_map_clone(map: *const Map, options: *const Options, copy: *mut *mut Map) -> Status;
    pub fn ptl_map_equal(map: *const Map, other: *const Map) -> Status;
    pub fn ptl_map_stats(map: *const Map, stats: *mut Stats) -> Status;
    pub fn ptl_map_inspect(map: *const Map, table: u64, bucket: u64, depth: u64, out: *mut Bucket) -> Status;

    pub fn ptl_map_begin_scan(map: *const Map, start: *mut u64) -> Status;
    pub fn ptl_map_scan(
        map: *const Map,
        cursor: *mut u64,
        end: u64,
        keys: *mut u8,
        keys_size: *mut usize,
        key_offsets: *mut usize,
        values: *mut u8,
        values_size: *mut usize,
        value_offsets: *mut usize,
        count: *mut usize,
    ) -> Status;
    pub fn ptl_map_load_many(
        map: *const Map,
        keys: *const u8,
        key_offsets: *const usize,
        count: usize,
        values: *mut u8,
        values_size: *mut usize,
        value_offsets: *mut usize,
        statuses: *mut Status,
    ) -> Status;
    pub fn ptl_map_store_many(
        map: *mut Map,
        keys: *const u8,
        key_offsets: *const usize,
        values: *const u8,
        value_offsets: *const usize,
        count: usize,
        statuses: *mut Status,
    ) -> Status;
    pub fn ptl_map_delete_many(
        map: *mut Map,
        keys: *const u8,
        key_offsets: *const usize,
        count: usize,
        statuses: *mut Status,
    ) -> Status;

    pub fn ptl_map_add_u64(map: *mut Map, key: u64, delta: u64) -> U64;
    pub fn ptl_map_scan_u64(
        map: *const Map,
        cursor: *mut u64,
        end: u64,
        keys: *mut u64,
        values: *mut u64,
        count: *mut usize,
    ) -> Status;
    pub fn ptl_map_load_many_u64(
        map: *const Map,
        keys: *const u64,
        count: usize,
        values: *mut u64,
        statuses: *mut Status,
    ) -> Status;
    pub fn ptl_map_store_many_u64(
        map: *mut Map,
        keys: *const u64,
        values: *const u64,
        count: usize,
        statuses: *mut Status,
    ) -> Status;
    pub fn ptl_map_delete_many_u64(map: *mut Map, keys: *const u64, count: usize, statuses: *mut Status) -> Status;
}

macro_rules! prototypes {
    (
        values { $($Value:ident($($given:ident),*) gives $with:ident: rust $r:tt c($value:ident, $value_u64:ident);)* }
        statuses { $($Plain:ident($($argument:ident),*): rust $s:tt c($plain:ident, $plain_u64:ident);)* }
    ) => {
        unsafe extern "C" {
            $(pub fn $value(
                map: *const Map,
                key: *const u8,
                key_size: usize,
                $($given: *const u8, _: usize,)*
                out: *mut u8,
                room: usize,
                size: *mut usize,
            ) -> Status;
            pub fn $value_u64(map: *const Map, key: u64 $(, $given: u64)*) -> U64;)*
            $(pub fn $plain(map: *const Map, key: *const u8, key_size: usize $(, $argument: *const u8, _: usize)*) -> Status;
            pub fn $plain_u64(map: *const Map, key: u64 $(, $argument: u64)*) -> Status;)*
        }
    };
}
operations!(prototypes);
