//! The operations on one key, for maps from words to words. Words are passed and returned in
//! registers, and there are no lengths to check.

use super::{
    boundary::call,
    map_handle::{borrow, call_words, ptl_map},
    status::ptl_status,
    word::ptl_u64,
};

/// ptl_map_load for maps from words to words.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: `value` is the key's value.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_u64(map: *const ptl_map, key: u64) -> ptl_u64 {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, load(key)) }
}

/// ptl_map_peek for maps from words to words.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: `value` is the key's value.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_BUSY: the call would have to wait for another thread.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_peek_u64(map: *const ptl_map, key: u64) -> ptl_u64 {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, peek(key)) }
}

/// ptl_map_store for maps from words to words.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key has the value.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key is unchanged.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_store_u64(map: *mut ptl_map, key: u64, value: u64) -> ptl_status {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, store(key, value)) }
}

/// ptl_map_load_or_store for maps from words to words.
///
/// Threads: any. Order: acquire when it loads, release when it stores.
///
/// - PTL_OK: the key had no value, and now has the given one, which is also returned as `value`.
/// - PTL_LOADED: the key had a value and keeps it. That value is returned as `value`.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key still has no value.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_or_store_u64(map: *mut ptl_map, key: u64, value: u64) -> ptl_u64 {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, load_or_store(key, value)) }
}

/// ptl_map_load_and_delete for maps from words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key was deleted. `value` is the value that it had.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_and_delete_u64(map: *mut ptl_map, key: u64) -> ptl_u64 {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, load_and_delete(key)) }
}

/// ptl_map_delete for maps from words to words.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key was deleted.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete_u64(map: *mut ptl_map, key: u64) -> ptl_status {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, delete(key)) }
}

/// ptl_map_swap for maps from words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key had no value, and now has the given one. The returned `value` is 0.
/// - PTL_LOADED: the key had a value, and now has the given one. The returned `value` is the
///   previous one.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key is unchanged.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_swap_u64(map: *mut ptl_map, key: u64, value: u64) -> ptl_u64 {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, swap(key, value)) }
}

/// ptl_map_compare_and_swap for maps from words to words.
///
/// Threads: any. Order: acquire, and release when it swaps.
///
/// - PTL_OK: the key had `old_value`, and now has `new_value`.
/// - PTL_MISMATCH: the key has another value, and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_compare_and_swap_u64(
    map: *mut ptl_map,
    key: u64,
    old_value: u64,
    new_value: u64,
) -> ptl_status {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, compare_and_swap(key, old_value, new_value)) }
}

/// ptl_map_compare_and_delete for maps from words to words.
///
/// Threads: any. Order: acquire, and release when it deletes.
///
/// - PTL_OK: the key had `old_value`, and was deleted.
/// - PTL_MISMATCH: the key has another value, and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_compare_and_delete_u64(map: *mut ptl_map, key: u64, old_value: u64) -> ptl_status {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, compare_and_delete(key, old_value)) }
}

/// ptl_map_contains for maps whose keys are words. The values may be words or bytes.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: the key is in the map.
/// - PTL_NOT_FOUND: it is not.
/// - PTL_E_TYPE: the map's keys are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_contains_u64(map: *const ptl_map, key: u64) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| Ok(map.contains_u64(key)?))
}

/// ptl_map_add for maps from words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key has the sum, which is also returned as `value`.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key is unchanged.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_add_u64(map: *mut ptl_map, key: u64, delta: u64) -> ptl_u64 {
    // SAFETY: the caller promises that the handle and the arguments are valid.
    unsafe { call_words!(map, add(key, delta)) }
}
