//! sync.Map's operations on one key, and `contains` and `add`.

use super::{
    boundary::call,
    map_handle::{borrow, ptl_map},
    slices::{bytes, report, value_buf},
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
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0, or `value` is NULL and `value_capacity` is not 0.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key and buffer.
        let (key, mut value) = unsafe { (bytes(key, key_size)?, value_buf(value, value_capacity)?) };
        let result = map.load(key, &mut value);
        // SAFETY: the caller's place for the length.
        unsafe { report(result, Outcome::Done, &value, value_size) }
    })
}

/// ptl_map_load for a caller that must not wait: it takes no lock that another thread holds, allocates nothing,
/// and gives up where ptl_map_load would wait. How long it takes depends on the lengths of key and value, and on
/// how many keys share the key's bucket: a few, unless hash_bits makes keys collide.
///
/// Of kind sharded it gives up when the key's bucket is being written at this moment; of kind read_dirty when the
/// key's entry is, or when the key may be in the dirty map; of kind mutex and rwmutex when the lock is not
/// free. Call ptl_map_load then, or peek again later.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK, PTL_NOT_FOUND, PTL_E_BUFFER, PTL_E_NULL, PTL_E_SIZE: as for ptl_map_load.
/// - PTL_E_BUSY: the answer would take waiting. What `value` holds is unspecified.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key and buffer.
        let (key, mut value) = unsafe { (bytes(key, key_size)?, value_buf(value, value_capacity)?) };
        let result = map.peek(key, &mut value);
        // SAFETY: the caller's place for the length.
        unsafe { report(result, Outcome::Done, &value, value_size) }
    })
}

/// Gives a key a value, whether it had one or not.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key has the value.
/// - PTL_E_NULL: `key` or `value` is NULL and its length is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_store(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    value: *const c_void,
    value_size: usize,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key and value.
        let (key, value) = unsafe { (bytes(key, key_size)?, bytes(value, value_size)?) };
        Ok(map.store(key, value)?)
    })
}

/// Loads the value of a key that has one; gives the value to a key that has none. Of several threads that do
/// so at once for one key exactly one stores, and the others load what it stored.
///
/// Threads: any. Order: acquire when it loads, release when it stores.
///
/// - PTL_OK: the key had no value, and now has `value`. `actual` and `*actual_size` are left alone.
/// - PTL_LOADED: the key had a value and keeps it; it is in `actual`, its length in `*actual_size`.
/// - PTL_E_BUFFER: the key has a value longer than `actual_capacity`; its length is in `*actual_size`.
/// - PTL_E_NULL: `key`, `value` or `actual` is NULL and its length or capacity is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key has no value, as before.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key, value and buffer.
        let (key, value, mut actual) =
            unsafe { (bytes(key, key_size)?, bytes(value, value_size)?, value_buf(actual, actual_capacity)?) };
        let result = map.load_or_store(key, value, &mut actual);
        // SAFETY: the caller's place for the length.
        unsafe { report(result, Outcome::Loaded, &actual, actual_size) }
    })
}

/// Deletes a key and copies out the value that it had. Of several threads that do so at once for one key
/// exactly one gets the value.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key is gone; its value is in `value`, its length in `*value_size`.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_BUFFER: the value is longer than `value_capacity`; its length is in `*value_size`, and the key
///   still has it.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0, or `value` is NULL and `value_capacity` is not 0.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key and buffer.
        let (key, mut value) = unsafe { (bytes(key, key_size)?, value_buf(value, value_capacity)?) };
        let result = map.load_and_delete(key, &mut value);
        // SAFETY: the caller's place for the length.
        unsafe { report(result, Outcome::Done, &value, value_size) }
    })
}

/// Deletes a key.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key was in the map and is gone.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete(map: *mut ptl_map, key: *const c_void, key_size: usize) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key.
        let key = unsafe { bytes(key, key_size)? };
        Ok(map.delete(key)?)
    })
}

/// Gives a key a value and copies out the one that it had.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key had no value, and now has `value`. `previous` and `*previous_size` are left alone.
/// - PTL_LOADED: the key has `value`; the one before is in `previous`, its length in `*previous_size`.
/// - PTL_E_BUFFER: the key has a value longer than `previous_capacity` and keeps it; its length is in
///   `*previous_size`.
/// - PTL_E_NULL: `key`, `value` or `previous` is NULL and its length or capacity is not 0.
/// - PTL_E_SIZE: `key_size` or `value_size` is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key, value and buffer.
        let (key, value, mut previous) =
            unsafe { (bytes(key, key_size)?, bytes(value, value_size)?, value_buf(previous, previous_capacity)?) };
        let result = map.swap(key, value, &mut previous);
        // SAFETY: the caller's place for the length.
        unsafe { report(result, Outcome::Loaded, &previous, previous_size) }
    })
}

/// Gives a key a new value if it has the old one, byte for byte.
///
/// Threads: any. Order: acquire, and release when it swaps.
///
/// - PTL_OK: the key had `old_value`, and now has `new_value`.
/// - PTL_MISMATCH: the key has another value and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_NULL: `key`, `old_value` or `new_value` is NULL and its length is not 0.
/// - PTL_E_SIZE: a length is above PTL_MAX_LENGTH, or not 8 where the map has words.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key and values.
        let (key, old, new) =
            unsafe { (bytes(key, key_size)?, bytes(old_value, old_size)?, bytes(new_value, new_size)?) };
        Ok(map.compare_and_swap(key, old, new)?)
    })
}

/// Deletes a key if it has the old value, byte for byte.
///
/// Threads: any. Order: acquire, and release when it deletes.
///
/// - PTL_OK: the key had `old_value` and is gone.
/// - PTL_MISMATCH: the key has another value and keeps it.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key and value.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key.
        let key = unsafe { bytes(key, key_size)? };
        Ok(map.contains(key)?)
    })
}

/// Adds to the word that a key has for a value, in one step. A key without a value counts from zero. The sum
/// wraps around at 2^64, so a negative number may be added as its two's complement.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key has the sum, which is in `*sum` unless `sum` is NULL.
/// - PTL_E_NULL: `key` is NULL and `key_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words.
/// - PTL_E_TYPE: the map's values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_add(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    delta: u64,
    sum: *mut u64,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        // SAFETY: the caller's key.
        let key = unsafe { bytes(key, key_size)? };
        let total = map.add(key, delta)?;
        if !sum.is_null() {
            // SAFETY: not NULL, so it is the caller's place for the sum.
            unsafe { sum.write(total) };
        }
        Ok(Outcome::Done)
    })
}
