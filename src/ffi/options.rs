//! Structs that grow with the library: each begins with its own size, as its caller's header knew it.

use super::refusal::Refusal;
use crate::map::{Allocator, Config, Kind, MAX_SHARDS, Width};
use std::ffi::c_void;

/// Kind: one table for one thread at a time.
pub const PTL_MAP_BUCKETED: u32 = 1;
/// Kind: one table behind a mutex.
pub const PTL_MAP_MUTEX: u32 = 2;
/// Kind: one table behind a reader-writer lock.
pub const PTL_MAP_RWMUTEX: u32 = 3;
/// Kind: many tables, each with a lock for its writers; readers take none. 0 means this one.
pub const PTL_MAP_SHARDED: u32 = 4;
/// Kind: a table to read without a lock, and a locked one for new keys.
pub const PTL_MAP_READ_DIRTY: u32 = 5;

/// key_size, value_size: bytes of any length.
pub const PTL_BYTES: u64 = 0;
/// key_size, value_size: one 64-bit word, stored inline.
pub const PTL_WORD: u64 = 8;

/// hash_bits: all keys have one hash, the worst case. For tests.
pub const PTL_HASH_CONSTANT: u32 = 0xffff_ffff;

/// Where a map's memory comes from. All zero is the system's allocator; otherwise both functions are given.
/// They are called from any thread, several at once, sometimes inside a lock of the map: they must not call a
/// function on that map, and must return.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ptl_allocator {
    /// Memory of at least `size` bytes (never 0), aligned to `align` (a power of two). NULL means that there
    /// is none.
    pub alloc: Option<unsafe extern "C" fn(size: usize, align: usize, user: *mut c_void) -> *mut c_void>,
    /// Takes back what `alloc` gave for this `size` and `align`. `memory` is never NULL.
    pub free: Option<unsafe extern "C" fn(memory: *mut c_void, size: usize, align: usize, user: *mut c_void)>,
    /// Handed to both, and otherwise left alone.
    pub user: *mut c_void,
}

/// What ptl_map_new is asked for. Begin with PTL_MAP_OPTIONS_INIT and set what should differ: zero is the
/// default everywhere. A later version may add members at the end; a program that sets none of them works
/// with both versions, whichever it was compiled for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ptl_map_options {
    /// sizeof(ptl_map_options).
    pub size: usize,
    /// PTL_MAP_*; 0 is PTL_MAP_SHARDED.
    pub kind: u32,
    /// 0: no bit is defined yet.
    pub flags: u32,
    /// PTL_BYTES or PTL_WORD.
    pub key_size: u64,
    /// PTL_BYTES or PTL_WORD.
    pub value_size: u64,
    /// Entries to make room for at once; 0 for none.
    pub capacity: u64,
    /// 0 takes a seed from the system's randomness. Another number makes hashing reproducible, and the order of
    /// iteration in a map that is filled in the same way; do not use one where strangers choose the keys.
    pub seed: u64,
    /// How many tables a sharded map has: rounded up to a power of two, at most 4096; 0 chooses by the number
    /// of processors. Other kinds have no use for it.
    pub shards: u32,
    /// For tests: 1 to 63 keeps only so many bits of each hash, PTL_HASH_CONSTANT none; 0 keeps all.
    pub hash_bits: u32,
    /// All zero is the system's.
    pub allocator: ptl_allocator,
}

/// No struct of this interface comes near this size; a `size` beyond it is not one.
const LARGEST: usize = 4096;

/// What lies beyond the part of a caller's struct that this version knows, and starts at `known`.
///
/// # Safety
/// `place` is NULL, or points to a `size_t` that says how many bytes there are.
pub unsafe fn tail(place: *mut c_void, known: usize) -> Result<*mut [u8], Refusal> {
    if place.is_null() {
        return Err(Refusal::NULL);
    }
    // SAFETY: not NULL, so the size is there.
    let size = unsafe { place.cast::<usize>().read() };
    if !(known..=LARGEST).contains(&size) {
        return Err(Refusal::SIZE);
    }
    // SAFETY: `known` bytes are there.
    let start = unsafe { place.cast::<u8>().add(known) };
    Ok(std::ptr::slice_from_raw_parts_mut(start, size - known))
}

/// The configuration that options ask for; none for NULL.
///
/// # Safety
/// `options` is NULL, or points to options that are as large as they say.
pub unsafe fn read(options: *const ptl_map_options) -> Result<Option<Config>, Refusal> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's options, of which the tail is only read.
    let unknown = unsafe { &*tail(options.cast_mut().cast(), size_of::<ptl_map_options>())? };
    if unknown.iter().any(|&byte| byte != 0) {
        return Err(Refusal::OPTION);
    }
    // SAFETY: `tail` has seen that it is all there.
    config(unsafe { &*options }).map(Some)
}

fn config(options: &ptl_map_options) -> Result<Config, Refusal> {
    let known =
        options.flags == 0 && options.shards <= MAX_SHARDS && matches!(options.hash_bits, 0..=63 | PTL_HASH_CONSTANT);
    if !known {
        return Err(Refusal::OPTION);
    }
    Ok(Config {
        kind: kind(options.kind)?,
        key: width(options.key_size)?,
        value: width(options.value_size)?,
        capacity: options.capacity,
        seed: options.seed,
        shards: options.shards,
        hash_bits: options.hash_bits,
        allocator: allocator(options.allocator)?,
    })
}

fn allocator(allocator: ptl_allocator) -> Result<Allocator, Refusal> {
    match allocator {
        ptl_allocator { alloc: None, free: None, .. } => Ok(Allocator::default()),
        ptl_allocator { alloc: Some(alloc), free: Some(free), user } => {
            // SAFETY: the caller's functions, of which the header says what they have to do.
            Ok(unsafe { Allocator::new(alloc, free, user) })
        }
        _ => Err(Refusal::OPTION),
    }
}

/// The constants above are the numbers of the kinds.
const _: () = {
    let named = [PTL_MAP_BUCKETED, PTL_MAP_MUTEX, PTL_MAP_RWMUTEX, PTL_MAP_SHARDED, PTL_MAP_READ_DIRTY];
    assert!(named.len() == Kind::ALL.len());
    let mut index = 0;
    while index < named.len() {
        assert!(named[index] == Kind::ALL[index].number());
        index += 1;
    }
};

fn kind(number: u32) -> Result<Kind, Refusal> {
    if number == 0 {
        return Ok(Kind::default());
    }
    Kind::ALL.iter().copied().find(|kind| kind.number() == number).ok_or(Refusal::OPTION)
}

fn width(size: u64) -> Result<Width, Refusal> {
    match size {
        PTL_BYTES => Ok(Width::Bytes),
        PTL_WORD => Ok(Width::Word),
        _ => Err(Refusal::OPTION),
    }
}

/// The size that a width has in C.
pub fn width_number(width: Width) -> u64 {
    match width {
        Width::Bytes => PTL_BYTES,
        Width::Word => PTL_WORD,
    }
}
