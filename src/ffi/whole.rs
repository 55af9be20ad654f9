//! Operations on the whole map.

use super::{
    boundary::{call, call_both},
    lifecycle::new_handle,
    map_handle::{borrow, ptl_map},
    options::{self, ptl_map_options},
    refusal::Refusal,
    status::ptl_status,
};
use crate::map::Outcome;

/// Deletes all entries, not necessarily at the same moment. An entry that is stored during
/// the call may or may not be deleted. The table keeps its size; ptl_map_shrink makes it smaller.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: every entry that was in the map before the call was deleted.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_clear(map: *mut ptl_map) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| Ok(map.clear()?))
}

/// Returns the number of entries. It is exact while nobody writes. Otherwise concurrent writes may
/// have made it out of date.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: the number is in `*len`.
/// - PTL_E_NULL: `len` is NULL.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_len(map: *const ptl_map, len: *mut u64) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if len.is_null() {
            return Err(Refusal::NULL);
        }
        let entries = map.len()?;
        // SAFETY: not NULL, and the caller promises that it is then valid.
        unsafe { len.write(entries) };
        Ok(Outcome::Done)
    })
}

/// Makes the table large enough for `entries` entries in all, existing ones included, so that it
/// need not grow while they are stored. Does nothing if the table is large enough already.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: the table is large enough.
/// - PTL_E_MEMORY: there is not enough memory; the table keeps its size.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_reserve(map: *mut ptl_map, entries: u64) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| Ok(map.reserve(entries)?))
}

/// Frees memory that the entries no longer need, of the table and of keys and values. It is worth
/// calling after most entries were deleted. The section MEMORY at the top says how much of the
/// table can be freed.
///
/// Threads: any. Order: none.
///
/// - PTL_OK: the memory was freed, as far as the present entries allow.
/// - PTL_E_MEMORY: an allocation that shrinking needs failed; the map keeps its memory.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_shrink(map: *mut ptl_map) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| Ok(map.shrink()?))
}

/// Creates a new map with the entries of this one, and returns the first reference to it. An entry
/// that is written during the call is copied as an iteration would find it.
///
/// `options` are those of the copy, as for ptl_map_new. It may be of another kind, but key_size and
/// value_size must be the source's. If `options` is NULL, the copy has the source's options,
/// including its allocator, seed and number of shards. The seed 0 then gives the copy a random seed
/// of its own.
///
/// Threads: any. Order: acquire, for each entry that is copied.
///
/// - PTL_OK: `*copy` is the new map.
/// - PTL_E_NULL: `copy` is NULL.
/// - PTL_E_SIZE, PTL_E_OPTION: as for ptl_map_new.
/// - PTL_E_TYPE: the options ask for another key or value type than the source has.
/// - PTL_E_MEMORY: an allocation failed; there is no copy.
/// - PTL_E_INTERNAL: as for every call on a map. Also if the system provided no random seed; the
///   source can then still be used.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_clone(
    map: *const ptl_map,
    options: *const ptl_map_options,
    copy: *mut *mut ptl_map,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if copy.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the caller promises that the options are NULL or as large as they say.
        let config = unsafe { options::read(options) }?.unwrap_or(*map.config());
        let created = new_handle(config.allocator, || map.clone_into(config))?;
        // SAFETY: not NULL, and the caller promises that it is then valid.
        unsafe { copy.write(created) };
        Ok(Outcome::Done)
    })
}

/// Tells whether two maps have the same keys with the same values. They may be of different kinds.
/// A map equals itself. The result is exact while nobody writes to either map.
///
/// Threads: any. Order: acquire, for each entry that is compared.
///
/// - PTL_OK: the maps are equal.
/// - PTL_MISMATCH: they differ.
/// - PTL_E_TYPE: they have different key or value types.
/// - PTL_E_MEMORY: an allocation failed.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map,
///   for either map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_equal(map: *const ptl_map, other: *const ptl_map) -> ptl_status {
    // SAFETY: the caller promises that the handles are valid.
    let (map, other) = unsafe { (borrow(map), borrow(other)) };
    call_both(map, other, |map, other| Ok(map.equal(other)?))
}
