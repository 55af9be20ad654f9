//! The options of a new map, and the convention for structs that later versions extend: such a
//! struct begins with its size, as the caller's header defines it.

use super::refusal::Refusal;
use crate::map::{Allocator, Config, Kind, MAX_SHARDS, Width};
use std::ffi::{CStr, c_char, c_void};

/// Kind: one table for one thread at a time.
pub const PTL_MAP_BUCKETED: u32 = 1;
/// Kind: one table behind a mutex.
pub const PTL_MAP_MUTEX: u32 = 2;
/// Kind: one table behind a reader-writer lock.
pub const PTL_MAP_RWMUTEX: u32 = 3;
/// Kind: many tables, each with a lock for its writers. Readers take no lock. The kind 0 means this
/// one.
pub const PTL_MAP_SHARDED: u32 = 4;
/// Kind: a table that is read without a lock, and a locked table for new keys.
pub const PTL_MAP_READ_DIRTY: u32 = 5;

/// key_size, value_size: bytes of any length.
pub const PTL_BYTES: u64 = 0;
/// key_size, value_size: one 64-bit word, stored inline.
pub const PTL_WORD: u64 = 8;

/// hash_bits: all keys have the same hash, which is the worst case. For tests.
pub const PTL_HASH_CONSTANT: u32 = 0xffff_ffff;

/// Where a map's memory comes from. If all members are zero, it comes from the system. Otherwise
/// both functions must be given. They are called from any thread, from several at once, and
/// sometimes while a lock of the map is held. They must not call a function on that map, and must
/// return.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ptl_allocator {
    /// Returns memory of at least `size` bytes (never 0), aligned to `align` (a power of two); NULL
    /// if there is not enough memory.
    pub alloc: Option<unsafe extern "C" fn(size: usize, align: usize, user: *mut c_void) -> *mut c_void>,
    /// Frees memory that `alloc` returned for this `size` and `align`. `memory` is never NULL.
    pub free: Option<unsafe extern "C" fn(memory: *mut c_void, size: usize, align: usize, user: *mut c_void)>,
    /// Passed to both functions. The library does not use it.
    pub user: *mut c_void,
}

/// Options for ptl_map_new. Initialise the struct with PTL_MAP_OPTIONS_INIT, then set the members
/// that should differ from the default; the default of each is zero. With an initialiser of your own,
/// set `size` too: without it the options are refused with PTL_E_SIZE. A later version may add
/// members at the end. A program that sets none of the new members works with both versions,
/// whichever it was compiled for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ptl_map_options {
    /// sizeof(ptl_map_options).
    pub size: usize,
    /// PTL_MAP_*; 0 is PTL_MAP_SHARDED.
    pub kind: u32,
    /// Must be 0: no flag is defined yet.
    pub flags: u32,
    /// PTL_BYTES or PTL_WORD.
    pub key_size: u64,
    /// PTL_BYTES or PTL_WORD.
    pub value_size: u64,
    /// How many entries the table is made large enough for, as by ptl_map_reserve.
    pub capacity: u64,
    /// The seed of the hash function. 0 is a random seed from the system. Any other number makes
    /// hashing reproducible, and with it the order of iteration in a map that is filled in the same
    /// way. Do not use a fixed seed where an attacker can choose the keys.
    pub seed: u64,
    /// How many tables a sharded map has, at most 4096; it is rounded up to a power of two. 0 lets
    /// the library choose by the number of processors. Other kinds ignore it.
    pub shards: u32,
    /// For tests, to make keys collide: how many bits of each hash to keep, 1 to 63.
    /// PTL_HASH_CONSTANT keeps none, 0 keeps all.
    pub hash_bits: u32,
    /// Where the map's memory comes from.
    pub allocator: ptl_allocator,
}

/// A larger `size` is not the size of a struct. All structs of this interface are much smaller.
const MAX_STRUCT_SIZE: usize = 4096;

/// The part of a caller's struct that this version does not know: what follows its first `known`
/// bytes.
///
/// # Safety
/// `data` is NULL, or points to a struct that begins with a `size_t`: its own size in bytes.
pub unsafe fn unknown_part(data: *mut c_void, known: usize) -> Result<*mut [u8], Refusal> {
    if data.is_null() {
        return Err(Refusal::NULL);
    }
    // SAFETY: `data` is not NULL, so it points to a `size_t`, by the contract.
    let size = unsafe { data.cast::<usize>().read() };
    if !(known..=MAX_STRUCT_SIZE).contains(&size) {
        return Err(Refusal::SIZE);
    }
    // SAFETY: the struct has `size` bytes, by the contract, and `known` is not more.
    let start = unsafe { data.cast::<u8>().add(known) };
    Ok(std::ptr::slice_from_raw_parts_mut(start, size - known))
}

/// Why options are refused: the status, and which member it is, in words for ptl_map_options_error.
pub struct Wrong(Refusal, &'static CStr);

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Self {
        wrong.0
    }
}

impl Wrong {
    const fn option(text: &'static CStr) -> Self {
        Self(Refusal::OPTION, text)
    }
}

/// Converts options to a configuration. `None` if `options` is NULL.
///
/// # Safety
/// `options` is NULL, or points to options that are as large as their `size` says.
pub unsafe fn read(options: *const ptl_map_options) -> Result<Option<Config>, Wrong> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: the same contract.
    let unknown = match unsafe { unknown_part(options.cast_mut().cast(), size_of::<ptl_map_options>()) } {
        // SAFETY: it is a part of the options. It is only read.
        Ok(unknown) => unsafe { &*unknown },
        Err(refusal) => {
            let text =
                c"size: initialise the options with PTL_MAP_OPTIONS_INIT, or set size to sizeof(ptl_map_options)";
            return Err(Wrong(refusal, text));
        }
    };
    if unknown.iter().any(|&byte| byte != 0) {
        return Err(Wrong::option(c"a member of a later version: it is not 0, and this library does not know it"));
    }
    // SAFETY: `unknown_part` has checked that the options are at least as large as the struct of
    // this version.
    config(unsafe { &*options }).map(Some)
}

fn config(options: &ptl_map_options) -> Result<Config, Wrong> {
    let kind = kind(options.kind)?;
    if options.flags != 0 {
        return Err(Wrong::option(c"flags: it must be 0"));
    }
    let key = width(options.key_size, c"key_size: it must be PTL_BYTES or PTL_WORD")?;
    let value = width(options.value_size, c"value_size: it must be PTL_BYTES or PTL_WORD")?;
    if options.shards > MAX_SHARDS {
        return Err(Wrong::option(c"shards: it must be at most 4096"));
    }
    if !matches!(options.hash_bits, 0..=63 | PTL_HASH_CONSTANT) {
        return Err(Wrong::option(c"hash_bits: it must be at most 63, or PTL_HASH_CONSTANT"));
    }
    Ok(Config {
        kind,
        key,
        value,
        capacity: options.capacity,
        seed: options.seed,
        shards: options.shards,
        hash_bits: options.hash_bits,
        allocator: allocator(options.allocator)?,
    })
}

const _: () = assert!(MAX_SHARDS == 4096, "the text above names it");

fn allocator(allocator: ptl_allocator) -> Result<Allocator, Wrong> {
    match allocator {
        ptl_allocator { alloc: None, free: None, .. } => Ok(Allocator::default()),
        ptl_allocator { alloc: Some(alloc), free: Some(free), user } => {
            // SAFETY: the caller promises that the functions do what the header says of an
            // allocator.
            Ok(unsafe { Allocator::new(alloc, free, user) })
        }
        _ => Err(Wrong::option(c"allocator: alloc and free must both be given, or neither")),
    }
}

/// Checks that the constants above are the numbers of the kinds.
const _: () = {
    let named = [PTL_MAP_BUCKETED, PTL_MAP_MUTEX, PTL_MAP_RWMUTEX, PTL_MAP_SHARDED, PTL_MAP_READ_DIRTY];
    assert!(named.len() == Kind::ALL.len());
    let mut index = 0;
    while index < named.len() {
        assert!(named[index] == Kind::ALL[index].number());
        index += 1;
    }
};

fn kind(number: u32) -> Result<Kind, Wrong> {
    if number == 0 {
        return Ok(Kind::default());
    }
    let known = Kind::ALL.iter().copied().find(|kind| kind.number() == number);
    known.ok_or(Wrong::option(c"kind: it must be 0 or one of PTL_MAP_..., and one that this library knows"))
}

fn width(size: u64, otherwise: &'static CStr) -> Result<Width, Wrong> {
    match size {
        PTL_BYTES => Ok(Width::Bytes),
        PTL_WORD => Ok(Width::Word),
        _ => Err(Wrong::option(otherwise)),
    }
}

/// The number that stands for a width in C.
pub fn c_width(width: Width) -> u64 {
    match width {
        Width::Bytes => PTL_BYTES,
        Width::Word => PTL_WORD,
    }
}

/// Says what is wrong with options that ptl_map_new or ptl_map_clone refuses with PTL_E_OPTION or
/// PTL_E_SIZE: the member, a colon, and what it must be, in a few English words. Use the text in a log,
/// not to compare it. It is static. NULL if nothing is wrong.
///
/// Threads: any. Order: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_options_error(options: *const ptl_map_options) -> *const c_char {
    // SAFETY: the caller promises that the options are NULL or as large as they say.
    match unsafe { read(options) } {
        Ok(_) => std::ptr::null(),
        Err(Wrong(_, text)) => text.as_ptr(),
    }
}
