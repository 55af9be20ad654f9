//! The operations on one key: those of Go's `sync.Map`, and `peek`, `contains` and `add`.

use super::{
    boundary::call,
    map_handle::{borrow, ptl_map},
    slices::{OutValue, bytes},
    status::ptl_status,
};
use crate::map::Outcome;
use std::ffi::c_void;

/// Looks a key up and copies its value out.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: the value is in `value`, its length in `*value_size`.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_BUFFER: the value is longer than `value_capacity`; its length is in `*value_size`.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0, or `value` is NULL and `value_capacity` is
///   not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load(
    map: *const ptl_map,
    key: *const c_void,
    key_size: usize,
    value: *mut c_void,
    value_capacity: usize,
    value_size: *mut usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that each pointer is NULL or has as many bytes as its length
        // says.
        let (key, out) = unsafe { (bytes(key, key_size)?, OutValue::new(value, value_capacity, value_size)?) };
        out.fill(Outcome::Done, |out| map.load(key, out))
    })
}

/// ptl_map_load for a caller that must not wait. It waits for no lock and allocates nothing. Where
/// ptl_map_load would wait for another thread, it returns PTL_E_BUSY: in a sharded map, if another
/// thread is writing to the key's bucket; in a read_dirty map, if another thread is writing to the
/// key's entry, or if the key may be in the dirty map; in a mutex or rwmutex map, if the lock is
/// not free. Call ptl_map_load then, or peek again later.
///
/// The time that it takes depends on the lengths of key and value, and on the number of keys in the
/// key's bucket. That is a few, unless hash_bits makes keys collide.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK, PTL_NOT_FOUND, PTL_E_BUFFER, PTL_E_NULL, PTL_E_SIZE: as for ptl_map_load.
/// - PTL_E_BUSY: the call would have to wait for another thread. What `value` holds is unspecified.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_peek(
    map: *const ptl_map,
    key: *const c_void,
    key_size: usize,
    value: *mut c_void,
    value_capacity: usize,
    value_size: *mut usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that each pointer is NULL or has as many bytes as its length
        // says.
        let (key, out) = unsafe { (bytes(key, key_size)?, OutValue::new(value, value_capacity, value_size)?) };
        out.fill(Outcome::Done, |out| map.peek(key, out))
    })
}

/// Stores a value for a key, whether the key had a value or not.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key has the value.
/// - PTL_E_NULL: `key` or `value` is NULL and its length is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has
///   words.
/// - PTL_E_MEMORY: an allocation failed; the key is unchanged.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_store(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    value: *const c_void,
    value_size: usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that each pointer is NULL or has as many bytes as its length
        // says.
        let (key, value) = unsafe { (bytes(key, key_size)?, bytes(value, value_size)?) };
        Ok(map.store(key, value)?)
    })
}

/// Loads the value of a key, or stores `value` if the key has none. If several threads do this at
/// the same time for a key without a value, exactly one of them stores, and the others load what it
/// stored.
///
/// Threads: any. Order: acquire when it loads, release when it stores.
///
/// - PTL_OK: the key had no value, and now has `value`. `actual` and `*actual_size` are not
///   changed.
/// - PTL_LOADED: the key had a value and keeps it; it is in `actual`, its length in `*actual_size`.
/// - PTL_E_BUFFER: the key has a value longer than `actual_capacity`; its length is in
///   `*actual_size`.
/// - PTL_E_NULL: `key`, `value` or `actual` is NULL and its length or capacity is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has
///   words.
/// - PTL_E_MEMORY: an allocation failed; the key still has no value.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_or_store(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    value: *const c_void,
    value_size: usize,
    actual: *mut c_void,
    actual_capacity: usize,
    actual_size: *mut usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that each pointer is NULL or has as many bytes as its length
        // says.
        let (key, value, out) = unsafe {
            (bytes(key, key_size)?, bytes(value, value_size)?, OutValue::new(actual, actual_capacity, actual_size)?)
        };
        out.fill(Outcome::Loaded, |out| map.load_or_store(key, value, out))
    })
}

/// Deletes a key and copies out the value that it had. If several threads do this at the same time
/// for one key, exactly one of them gets the value.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key was deleted; the value that it had is in `value`, the value's length in
///   `*value_size`.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_BUFFER: the value is longer than `value_capacity`; its length is in `*value_size`, and
///   the key was not deleted.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0, or `value` is NULL and `value_capacity` is
///   not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_and_delete(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    value: *mut c_void,
    value_capacity: usize,
    value_size: *mut usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that each pointer is NULL or has as many bytes as its length
        // says.
        let (key, out) = unsafe { (bytes(key, key_size)?, OutValue::new(value, value_capacity, value_size)?) };
        out.fill(Outcome::Done, |out| map.load_and_delete(key, out))
    })
}

/// Deletes a key.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key was deleted.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete(map: *mut ptl_map, key: *const c_void, key_size: usize) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that `key` is NULL or has `key_size` bytes.
        let key = unsafe { bytes(key, key_size)? };
        Ok(map.delete(key)?)
    })
}

/// Stores a value for a key and copies out the value that the key had before.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key had no value, and now has `value`. `previous` and `*previous_size` are not
///   changed.
/// - PTL_LOADED: the key had a value, and now has `value`. The previous value is in `previous`, its
///   length in `*previous_size`.
/// - PTL_E_BUFFER: the key has a value longer than `previous_capacity`, and keeps it. Its length is
///   in `*previous_size`.
/// - PTL_E_NULL: `key`, `value` or `previous` is NULL and its length or capacity is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has
///   words.
/// - PTL_E_MEMORY: an allocation failed; the key is unchanged.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_swap(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    value: *const c_void,
    value_size: usize,
    previous: *mut c_void,
    previous_capacity: usize,
    previous_size: *mut usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that each pointer is NULL or has as many bytes as its length
        // says.
        let (key, value, out) = unsafe {
            (
                bytes(key, key_size)?,
                bytes(value, value_size)?,
                OutValue::new(previous, previous_capacity, previous_size)?,
            )
        };
        out.fill(Outcome::Loaded, |out| map.swap(key, value, out))
    })
}

/// Stores `new_value` for a key if the key's value equals `old_value`, byte for byte.
///
/// Threads: any. Order: acquire, and release when it swaps.
///
/// - PTL_OK: the key had `old_value`, and now has `new_value`.
/// - PTL_MISMATCH: the key has another value, and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_NULL: `key`, `old_value` or `new_value` is NULL and its length is not 0.
/// - PTL_E_SIZE: a length is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key is unchanged.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_compare_and_swap(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    old_value: *const c_void,
    old_size: usize,
    new_value: *const c_void,
    new_size: usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that each pointer is NULL or has as many bytes as its length
        // says.
        let (key, old, new) =
            unsafe { (bytes(key, key_size)?, bytes(old_value, old_size)?, bytes(new_value, new_size)?) };
        Ok(map.compare_and_swap(key, old, new)?)
    })
}

/// Deletes a key if its value equals `old_value`, byte for byte.
///
/// Threads: any. Order: acquire, and release when it deletes.
///
/// - PTL_OK: the key had `old_value`, and was deleted.
/// - PTL_MISMATCH: the key has another value, and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_NULL: `key` or `old_value` is NULL and its length is not 0.
/// - PTL_E_SIZE: a length is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_compare_and_delete(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    old_value: *const c_void,
    old_size: usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that each pointer is NULL or has as many bytes as its length
        // says.
        let (key, old) = unsafe { (bytes(key, key_size)?, bytes(old_value, old_size)?) };
        Ok(map.compare_and_delete(key, old)?)
    })
}

/// Tells whether a key is in the map.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: it is.
/// - PTL_NOT_FOUND: it is not.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_contains(map: *const ptl_map, key: *const c_void, key_size: usize) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that `key` is NULL or has `key_size` bytes.
        let key = unsafe { bytes(key, key_size)? };
        Ok(map.contains(key)?)
    })
}

/// Adds to the value of a key, as one atomic operation. The map's values must be words. A key that
/// is not in the map counts from 0. The sum wraps around at 2^64, so adding the two's complement of
/// a number subtracts it.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key has the sum. It is also in `*sum`, unless `sum` is NULL.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_TYPE: the map's values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key is unchanged.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_add(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    delta: u64,
    sum: *mut u64,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller promises that `key` is NULL or has `key_size` bytes.
        let key = unsafe { bytes(key, key_size)? };
        let total = map.add(key, delta)?;
        if !sum.is_null() {
            // SAFETY: not NULL, and the caller promises that it is then valid.
            unsafe { sum.write(total) };
        }
        Ok(Outcome::Done)
    })
}
