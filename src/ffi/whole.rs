//! What concerns a map as a whole.

use super::{
    boundary::{call, call_both},
    lifecycle::hand_out,
    map_handle::{borrow, ptl_map},
    options::{self, ptl_map_options},
    refusal::Refusal,
    status::ptl_status,
};
use crate::map::Outcome;

/// Deletes all entries. Each key is deleted at a moment of its own: an entry that is stored meanwhile may
/// stay or go. Room for new entries is kept; ptl_map_shrink gives it back.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: every entry that was there before the call is gone.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_clear(map: *mut ptl_map) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| Ok(map.clear()?))
}

/// Counts the entries. Exact while nobody writes; otherwise a number that writers of the moment may have put
/// out of date.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: the number is in `*len`.
/// - PTL_E_NULL: `len` is NULL.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_len(map: *const ptl_map, len: *mut u64) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if len.is_null() {
            return Err(Refusal::NULL);
        }
        let entries = map.len()?;
        // SAFETY: not NULL, so it is the caller's place for the number.
        unsafe { len.write(entries) };
        Ok(Outcome::Done)
    })
}

/// Makes room for so many entries in all, so that storing up to them does not have to grow the table on the
/// way. No more than the map holds, or has room for already, changes nothing.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: there is room.
/// - PTL_E_MEMORY: there is not so much memory; the map has the room that it had.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_reserve(map: *mut ptl_map, entries: u64) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| Ok(map.reserve(entries)?))
}

/// Gives back memory that the entries no longer need, in the table and for keys and values. Worth a call
/// after most entries were deleted. Where the table's memory goes: see MEMORY at the top.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: done, as far as the entries of the moment allow.
/// - PTL_E_MEMORY: an allocation that is needed on the way failed; the map keeps its memory.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_shrink(map: *mut ptl_map) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| Ok(map.shrink()?))
}

/// Makes a new map with the entries of this one, of any kind, and gives the caller its first reference.
/// Entries that are written meanwhile are in the copy as iteration finds them.
///
/// `options` say what the copy is to be; its key_size and value_size must be the source's. NULL makes it like
/// the source, its allocator, seed and shards included; a source with the seed 0 in its options gives the copy
/// another random seed.
///
/// Threads: any. Order: acquire, for each entry that is copied.
///
/// - PTL_OK: `*copy` is the new map.
/// - PTL_E_NULL: `copy` is NULL.
/// - PTL_E_SIZE, PTL_E_OPTION: the options are refused for the reasons that ptl_map_new has.
/// - PTL_E_TYPE: the options ask for another key or value type than the source has.
/// - PTL_E_MEMORY: an allocation failed; there is no copy.
/// - PTL_E_INTERNAL: as for every call on a map; or the system has no randomness for a seed, and the source is as
///   before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_clone(
    map: *const ptl_map,
    options: *const ptl_map_options,
    copy: *mut *mut ptl_map,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if copy.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the caller's options.
        let config = unsafe { options::read(options) }?.unwrap_or(*map.config());
        let made = hand_out(config.allocator, || map.clone_into(config))?;
        // SAFETY: not NULL, so it is the caller's place for a handle.
        unsafe { copy.write(made) };
        Ok(Outcome::Done)
    })
}

/// Compares two maps: whether they have the same keys with the same values. They may be of different kinds; a
/// map equals itself. The answer is exact while nobody writes to either.
///
/// Threads: any. Order: acquire, for each entry that is compared.
///
/// - PTL_OK: the maps are equal.
/// - PTL_MISMATCH: they differ.
/// - PTL_E_TYPE: they have different key or value types.
/// - PTL_E_MEMORY: an allocation failed.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map. They are said of either map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_equal(map: *const ptl_map, other: *const ptl_map) -> ptl_status {
    // SAFETY: the caller's handles.
    let (map, other) = unsafe { (borrow(map), borrow(other)) };
    call_both(map, other, |map, other| Ok(map.equal(other)?))
}
