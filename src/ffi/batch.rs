//! Operations on many keys in one call.

use super::{
    boundary::call,
    map_handle::{borrow, call_words, ptl_map},
    refusal::{Refusal, status_of},
    slices::{column, column_writer, optional_out_slice, out_slice},
    status::{PTL_OK, ptl_status},
};
use crate::map::{Error, Outcome};
use std::{ffi::c_void, mem::MaybeUninit};

/// Writes the statuses of a batch, and remembers the first error.
pub struct Statuses<'a> {
    /// One element for each key; empty if the caller does not want the statuses.
    out: &'a mut [MaybeUninit<ptl_status>],
    pub first_error: ptl_status,
}

impl<'a> Statuses<'a> {
    pub fn new(out: &'a mut [MaybeUninit<ptl_status>]) -> Self {
        Self { out, first_error: PTL_OK }
    }

    pub fn put(&mut self, index: usize, result: Result<Outcome, Error>) {
        let status = status_of(result);
        if self.first_error == PTL_OK && status < 0 {
            self.first_error = status;
        }
        if let Some(element) = self.out.get_mut(index) {
            element.write(status);
        }
    }
}

/// Looks up many keys. This is faster than one call for each key, because the map prefetches the
/// memory of many keys at a time.
///
/// `keys` is one buffer for all keys. Key i is the bytes from key_offsets[i] to key_offsets[i + 1],
/// so there are `count` + 1 offsets. They may be NULL where keys are words, of 8 bytes each. The
/// values are returned in the same way, in the order of the keys. `*values_size` is the size of the
/// buffer `values`, and is set to the number of bytes that were filled. `value_offsets` is an
/// array of `count` + 1 offsets, and may be NULL where values are words. The value of a key that is
/// not found is no bytes, or the word 0.
///
/// statuses[i] is what ptl_map_contains returns for key i.
///
/// Threads: any. Order: acquire, for each key.
///
/// - PTL_OK: every key was looked up; see `statuses`.
/// - PTL_E_BUFFER: the values do not fit. `*values_size` is the size that they needed at this
///   moment. The contents of `values`, `value_offsets` and `statuses` are unspecified.
/// - PTL_E_NULL: `values_size` is NULL; `keys`, `values` or `statuses` is NULL although it must not
///   be empty; or offsets are NULL where the map has bytes and `count` is not 0.
/// - PTL_E_SIZE: keys are words, and some key is not 8 bytes long. It has no value, and the other
///   keys were looked up as with PTL_OK; see `statuses`. Or no key was looked up: an offset is
///   below the one before it, a key is longer than PTL_MAX_LENGTH, or `count` words would not fit
///   in the address space.
/// - PTL_E_CONCURRENT: another thread was inside this bucketed map when some key was looked up.
///   That key has no value, and the other keys were looked up as with PTL_OK; see `statuses`.
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
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if values_size.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: `values_size` is not NULL. The caller promises that it is valid, and that the
        // buffers and arrays are as large as their sizes and `count` say.
        let (statuses, keys, mut values) = unsafe {
            (
                out_slice(statuses, count)?,
                column(keys, key_offsets, count, map.config().key)?,
                column_writer(values, *values_size, value_offsets, count, map.config().value)?,
            )
        };
        let mut statuses = Statuses::new(statuses);
        let result = map.load_many(keys, &mut values, |index, result| statuses.put(index, result));
        if matches!(result, Ok(()) | Err(Error::Buffer)) {
            // SAFETY: not NULL, and the caller promises that it is then valid.
            unsafe { values_size.write(values.size()) };
        }
        result?;
        Ok(statuses.first_error)
    })
}

/// Stores many keys and their values, in order, as ptl_map_store does for each. Keys and values
/// have the format that ptl_map_load_many describes and ptl_map_scan fills. The batch is not
/// atomic: other threads may act between any two keys, and after an error with one key the other
/// keys are still stored.
///
/// statuses[i] is what ptl_map_store returns for key i. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: every key has its value.
/// - PTL_E_MEMORY: the first error was that an allocation failed; see `statuses`.
/// - PTL_E_SIZE: the first error was a key or value that is not 8 bytes long where the map has
///   words; see `statuses`. Or nothing was stored: an offset is below the one before it, a key or
///   value is longer than PTL_MAX_LENGTH, or `count` words would not fit in the address space.
/// - PTL_E_NULL: `keys` or `values` is NULL although it must not be empty, or offsets are NULL
///   where the map has bytes and `count` is not 0. Nothing was stored.
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
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that the buffers and arrays are as large as the offsets and
        // `count` say.
        let (keys, values, statuses) = unsafe {
            (
                column(keys, key_offsets, count, map.config().key)?,
                column(values, value_offsets, count, map.config().value)?,
                optional_out_slice(statuses, count)?,
            )
        };
        let mut statuses = Statuses::new(statuses);
        map.store_many(keys, values, |index, result| statuses.put(index, result))?;
        Ok(statuses.first_error)
    })
}

/// Deletes many keys, in order, as ptl_map_delete does for each. The keys have the format that
/// ptl_map_load_many describes. The batch is not atomic: other threads may act between any two
/// keys.
///
/// statuses[i] is what ptl_map_delete returns for key i. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: each key was deleted, or was not in the map.
/// - PTL_E_SIZE: keys are words, and some key is not 8 bytes long. The other keys were deleted; see
///   `statuses`. Or nothing was deleted: an offset is below the one before it, a key is longer than
///   PTL_MAX_LENGTH, or `count` words would not fit in the address space.
/// - PTL_E_NULL: `keys` is NULL although it must not be empty, or offsets are NULL where keys are
///   bytes and `count` is not 0. Nothing was deleted.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete_many(
    map: *mut ptl_map,
    keys: *const c_void,
    key_offsets: *const usize,
    count: usize,
    statuses: *mut ptl_status,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that the buffers and arrays are as large as the offsets and
        // `count` say.
        let (keys, statuses) =
            unsafe { (column(keys, key_offsets, count, map.config().key)?, optional_out_slice(statuses, count)?) };
        let mut statuses = Statuses::new(statuses);
        map.delete_many(keys, |index, result| statuses.put(index, result))?;
        Ok(statuses.first_error)
    })
}

/// ptl_map_load_many for maps from words to words. values[i] is 0 where statuses[i] is
/// PTL_NOT_FOUND.
///
/// Threads: any. Order: acquire, for each key.
///
/// - PTL_OK: `values` and `statuses` are filled.
/// - PTL_E_NULL: `keys`, `values` or `statuses` is NULL and `count` is not 0.
/// - PTL_E_SIZE: an array of `count` words would not fit in the address space.
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
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, load_many(keys, count, values, statuses)) }
}

/// ptl_map_store_many for maps from words to words. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: every key has its value.
/// - PTL_E_MEMORY: an allocation failed for some keys. The other keys were stored.
/// - PTL_E_NULL: `keys` or `values` is NULL and `count` is not 0.
/// - PTL_E_SIZE: an array of `count` words would not fit in the address space.
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
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, store_many(keys, values, count, statuses)) }
}

/// ptl_map_delete_many for maps from words to words. `statuses` may be NULL.
///
/// Threads: any. Order: release, for each key.
///
/// - PTL_OK: each key was deleted, or was not in the map.
/// - PTL_E_NULL: `keys` is NULL and `count` is not 0.
/// - PTL_E_SIZE: an array of `count` words would not fit in the address space.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete_many_u64(
    map: *mut ptl_map,
    keys: *const u64,
    count: usize,
    statuses: *mut ptl_status,
) -> ptl_status {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, delete_many(keys, count, statuses)) }
}
