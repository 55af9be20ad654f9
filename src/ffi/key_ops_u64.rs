//! The same for words to words: no lengths to check, and the answer in registers.

use super::{
    boundary::call,
    map_handle::{borrow, call_words, ptl_map},
    status::ptl_status,
    word::ptl_u64,
};

/// ptl_map_load for maps of words to words.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: `value` is the key's.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_u64(map: *const ptl_map, key: u64) -> ptl_u64 {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, load(key)) }
}

/// ptl_map_peek for maps of words to words.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: `value` is the key's.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_BUSY: the answer would take waiting.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_peek_u64(map: *const ptl_map, key: u64) -> ptl_u64 {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, peek(key)) }
}

/// ptl_map_store for maps of words to words.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key has the value.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_store_u64(map: *mut ptl_map, key: u64, value: u64) -> ptl_status {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, store(key, value)) }
}

/// ptl_map_load_or_store for maps of words to words.
///
/// Threads: any. Order: acquire when it loads, release when it stores.
///
/// - PTL_OK: the key had no value, and now has the given one, which is also the answer's `value`.
/// - PTL_LOADED: the key had a value and keeps it; `value` is that one.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has no value, as before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_or_store_u64(map: *mut ptl_map, key: u64, value: u64) -> ptl_u64 {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, load_or_store(key, value)) }
}

/// ptl_map_load_and_delete for maps of words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key is gone; `value` is the one that it had.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_load_and_delete_u64(map: *mut ptl_map, key: u64) -> ptl_u64 {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, load_and_delete(key)) }
}

/// ptl_map_delete for maps of words to words.
///
/// Threads: any. Order: release.
///
/// - PTL_OK: the key was in the map and is gone.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete_u64(map: *mut ptl_map, key: u64) -> ptl_status {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, delete(key)) }
}

/// ptl_map_swap for maps of words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key had no value, and now has the given one; the answer's `value` is 0.
/// - PTL_LOADED: the key has the given value; the answer's `value` is the one before.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_swap_u64(map: *mut ptl_map, key: u64, value: u64) -> ptl_u64 {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, swap(key, value)) }
}

/// ptl_map_compare_and_swap for maps of words to words.
///
/// Threads: any. Order: acquire, and release when it swaps.
///
/// - PTL_OK: the key had `old_value`, and now has `new_value`.
/// - PTL_MISMATCH: the key has another value and keeps it.
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
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, compare_and_swap(key, old_value, new_value)) }
}

/// ptl_map_compare_and_delete for maps of words to words.
///
/// Threads: any. Order: acquire, and release when it deletes.
///
/// - PTL_OK: the key had `old_value` and is gone.
/// - PTL_MISMATCH: the key has another value and keeps it.
/// - PTL_NOT_FOUND: the key is not in the map.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_compare_and_delete_u64(map: *mut ptl_map, key: u64, old_value: u64) -> ptl_status {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, compare_and_delete(key, old_value)) }
}

/// ptl_map_contains for maps of word keys; the values may be of either type.
///
/// Threads: any. Order: acquire.
///
/// - PTL_OK: the key is in the map.
/// - PTL_NOT_FOUND: it is not.
/// - PTL_E_TYPE: the map's keys are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_contains_u64(map: *const ptl_map, key: u64) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| Ok(map.contains_u64(key)?))
}

/// ptl_map_add for maps of words to words.
///
/// Threads: any. Order: acquire and release.
///
/// - PTL_OK: the key has the sum, which is also the answer's `value`.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_MEMORY: an allocation failed; the key has what it had before.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_add_u64(map: *mut ptl_map, key: u64, delta: u64) -> ptl_u64 {
    // SAFETY: the caller's handle and arguments.
    unsafe { call_words!(map, add(key, delta)) }
}
