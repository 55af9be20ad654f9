//! Many keys in one call.

use super::{
    boundary::call,
    map_handle::{borrow, call_words, ptl_map},
    refusal::{Refusal, status_of},
    slices::{column, column_writer, places, places_or_none},
    status::{PTL_OK, ptl_status},
};
use crate::map::{Error, Outcome};
use std::{ffi::c_void, mem::MaybeUninit};

/// Where the statuses of a batch go, and the first error among them.
pub struct Statuses<'a> {
    /// One for each key, or none where the caller does not want them.
    places: &'a mut [MaybeUninit<ptl_status>],
    pub first_error: ptl_status,
}

impl<'a> Statuses<'a> {
    pub fn new(places: &'a mut [MaybeUninit<ptl_status>]) -> Self {
        Self { places, first_error: PTL_OK }
    }

    pub fn put(&mut self, index: usize, result: Result<Outcome, Error>) {
        let status = status_of(result);
        if self.first_error == PTL_OK && status < 0 {
            self.first_error = status;
        }
        if let Some(place) = self.places.get_mut(index) {
            place.write(status);
        }
    }
}

/// Looks many keys up at once, which is faster than one by one: the map fetches them from memory together.
///
/// `keys` is one buffer for all keys: key i has the bytes from key_offsets[i] to key_offsets[i + 1], so there
/// are `count` + 1 offsets. They may be NULL where keys are words, 8 bytes each. The values come out in the
/// same way, in the order of the keys: `*values_size` is the room in `values` and is set to what was filled,
/// `value_offsets` has room for `count` + 1, and may be NULL where values are words. A key that is not found
/// has no bytes for a value, or the word 0.
///
/// statuses[i] is what ptl_map_contains answers for key i.
///
/// Threads: any. Order: acquire, for each key.
///
/// - PTL_OK: every key was looked up; see `statuses`.
/// - PTL_E_BUFFER: the values do not fit; `*values_size` is the room that they needed at this moment. What
///   `values`, `value_offsets` and `statuses` hold is unspecified.
/// - PTL_E_NULL: `values_size` is NULL; `keys`, `values` or `statuses` is NULL and there is something to be
///   there; or offsets are NULL where the map has bytes and `count` is not 0.
/// - PTL_E_SIZE: a key is not 8 bytes where keys are words, and all was filled as with PTL_OK; see
///   `statuses`. Or nothing was looked up: offsets descend, a key is longer than PTL_MAX_LENGTH, or no buffer
///   can hold `count` words.
/// - PTL_E_CONCURRENT: another thread was in a bucketed map at some key, which has no value here, and all was
///   filled as with PTL_OK; see `statuses`.
/// - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_many(
    map: *const ptl_map,
    keys: *const c_void,
    key_offsets: *const usize,
    count: usize,
    values: *mut c_void,
    values_size: *mut usize,
    value_offsets: *mut usize,
    statuses: *mut ptl_status,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if values_size.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the caller's statuses, keys and buffers; the size of a buffer is at its place, which is not NULL.
        let (statuses, keys, mut values) = unsafe {
            (
                places(statuses, count)?,
                column(keys, key_offsets, count, map.config().key)?,
                column_writer(values, *values_size, value_offsets, count, map.config().value)?,
            )
        };
        let mut statuses = Statuses::new(statuses);
        let result = map.load_many(keys, &mut values, |index, result| statuses.put(index, result));
        if matches!(result, Ok(()) | Err(Error::Buffer)) {
            // SAFETY: not NULL, so it is the caller's place for the size.
            unsafe { values_size.write(values.size()) };
        }
        result?;
        Ok(statuses.first_error)
    })
}

/// Stores many keys and their values, in order, as ptl_map_store does for each. Keys and values are laid out
/// as for ptl_map_load_many, and as ptl_map_scan fills them. The batch is not atomic: others may act between
/// any two keys, and after an error with one key the rest are stored all the same.
///
/// statuses[i] is what ptl_map_store answers for key i. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: every key has its value.
/// - PTL_E_MEMORY: an allocation failed for some key, and this was the first error; see `statuses`.
/// - PTL_E_SIZE: the first error was a key or value that is not 8 bytes where the map has words; see
///   `statuses`. Or nothing was stored: offsets descend, a key or value is longer than PTL_MAX_LENGTH, or no
///   buffer can hold `count` words.
/// - PTL_E_NULL: `keys` or `values` is NULL and there is something to be there, or offsets are NULL where the
///   map has bytes and `count` is not 0. Nothing was stored.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_store_many(
    map: *mut ptl_map,
    keys: *const c_void,
    key_offsets: *const usize,
    values: *const c_void,
    value_offsets: *const usize,
    count: usize,
    statuses: *mut ptl_status,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's keys, values and statuses.
        let (keys, values, statuses) = unsafe {
            (
                column(keys, key_offsets, count, map.config().key)?,
                column(values, value_offsets, count, map.config().value)?,
                places_or_none(statuses, count)?,
            )
        };
        let mut statuses = Statuses::new(statuses);
        map.store_many(keys, values, |index, result| statuses.put(index, result))?;
        Ok(statuses.first_error)
    })
}

/// Deletes many keys, in order, as ptl_map_delete does for each. The keys are laid out as for
/// ptl_map_load_many. The batch is not atomic: others may act between any two keys.
///
/// statuses[i] is what ptl_map_delete answers for key i. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: none of the keys is in the map any more.
/// - PTL_E_SIZE: a key is not 8 bytes where keys are words, and the others were deleted; see `statuses`. Or
///   nothing was deleted: offsets descend, a key is longer than PTL_MAX_LENGTH, or no buffer can hold `count`
///   words.
/// - PTL_E_NULL: `keys` is NULL and there is something to be there, or offsets are NULL where keys are bytes
///   and `count` is not 0. Nothing was deleted.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete_many(
    map: *mut ptl_map,
    keys: *const c_void,
    key_offsets: *const usize,
    count: usize,
    statuses: *mut ptl_status,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's keys and statuses.
        let (keys, statuses) =
            unsafe { (column(keys, key_offsets, count, map.config().key)?, places_or_none(statuses, count)?) };
        let mut statuses = Statuses::new(statuses);
        map.delete_many(keys, |index, result| statuses.put(index, result))?;
        Ok(statuses.first_error)
    })
}

/// ptl_map_load_many for maps of words to words. values[i] is 0 where statuses[i] is PTL_NOT_FOUND.
///
/// Threads: any. Order: acquire, for each key.
///
/// - PTL_OK: `values` and `statuses` are filled.
/// - PTL_E_NULL: `keys`, `values` or `statuses` is NULL and `count` is not 0.
/// - PTL_E_SIZE: no array of `count` words can be that large.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_many_u64(
    map: *const ptl_map,
    keys: *const u64,
    count: usize,
    values: *mut u64,
    statuses: *mut ptl_status,
) -> ptl_status {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, load_many(keys, count, values, statuses)) }
}

/// ptl_map_store_many for maps of words to words. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: every key has its value.
/// - PTL_E_MEMORY: an allocation failed for some key; the rest were stored all the same.
/// - PTL_E_NULL: `keys` or `values` is NULL and `count` is not 0.
/// - PTL_E_SIZE: no array of `count` words can be that large.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_store_many_u64(
    map: *mut ptl_map,
    keys: *const u64,
    values: *const u64,
    count: usize,
    statuses: *mut ptl_status,
) -> ptl_status {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, store_many(keys, values, count, statuses)) }
}

/// ptl_map_delete_many for maps of words to words. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: none of the keys is in the map any more.
/// - PTL_E_NULL: `keys` is NULL and `count` is not 0.
/// - PTL_E_SIZE: no array of `count` words can be that large.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete_many_u64(
    map: *mut ptl_map,
    keys: *const u64,
    count: usize,
    statuses: *mut ptl_status,
) -> ptl_status {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, delete_many(keys, count, statuses)) }
}
