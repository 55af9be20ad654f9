//! Iteration: with a callback, or with a cursor.

use super::{
    boundary::{call, call_with_callback},
    map_handle::{borrow, ptl_map},
    refusal::Refusal,
    slices::{column_writer, out_slice},
    status::ptl_status,
};
use crate::map::{Error, Outcome};
use std::ffi::c_void;

/// Called for one entry by ptl_map_range and ptl_map_delete_if. Their comments describe the
/// arguments and the result.
pub type ptl_visit = Option<
    extern "C" fn(
        key: *const c_void,
        key_size: usize,
        value: *const c_void,
        value_size: usize,
        user: *mut c_void,
    ) -> i32,
>;

/// Converts the caller's function into the closure that [`crate::map`] takes.
fn visitor(visit: ptl_visit, user: *mut c_void) -> Result<impl FnMut(&[u8], &[u8]) -> bool, Refusal> {
    let visit = visit.ok_or(Refusal::NULL)?;
    Ok(move |key: &[u8], value: &[u8]| {
        visit(key.as_ptr().cast(), key.len(), value.as_ptr().cast(), value.len(), user) != 0
    })
}

/// Calls a function for every entry, in no particular order, beginning at a random position. The
/// section WHAT IS PROMISED at the top says which entries are visited while other threads write.
///
/// `visit` is called with the key, the value that the key had at some moment during the call, and
/// `user`. It returns non-zero to continue, 0 to end. The key and value are valid until it returns;
/// if a length is 0, its pointer must not be read. `visit` may call any function on this map, and
/// may change it. An entry that it stores may or may not be visited.
///
/// Threads: any; `visit` runs in the calling thread, while no lock is held. Order: acquire, for
/// each entry before `visit` is called with it.
///
/// - PTL_OK: every entry was visited.
/// - PTL_DONE: `visit` returned 0.
/// - PTL_E_NULL: `visit` is NULL.
/// - PTL_E_MEMORY: an allocation failed; some entries may have been visited.
/// - PTL_E_CONCURRENT: another thread was inside this bucketed map during the iteration; some
///   entries may have been visited.
/// - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_range(map: *const ptl_map, visit: ptl_visit, user: *mut c_void) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call_with_callback(map, |map| Ok(map.range(&mut visitor(visit, user)?)?))
}

/// Deletes the entries that a function selects, and counts them.
///
/// `predicate` is called as ptl_map_range calls its function. It returns non-zero to delete the
/// entry, 0 to keep it. No lock is held while it runs, so another thread may change the key's value
/// meanwhile. The entry is then kept and not counted.
///
/// Threads: any; `predicate` runs in the calling thread, while no lock is held. Order: acquire for
/// each entry, release for each deleted entry.
///
/// - PTL_OK: `predicate` was called for every entry. The number of deleted entries is in
///   `*deleted`, unless `deleted` is NULL.
/// - PTL_E_NULL: `predicate` is NULL.
/// - PTL_E_MEMORY: an allocation failed; some entries may have been deleted.
/// - PTL_E_CONCURRENT: another thread was inside this bucketed map during the iteration; some
///   entries may have been deleted.
/// - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete_if(
    map: *mut ptl_map,
    predicate: ptl_visit,
    user: *mut c_void,
    deleted: *mut u64,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call_with_callback(map, |map| {
        let count = map.delete_if(&mut visitor(predicate, user)?)?;
        if !deleted.is_null() {
            // SAFETY: not NULL, and the caller promises that it is then valid.
            unsafe { deleted.write(count) };
        }
        Ok(Outcome::Done)
    })
}

/// Begins an iteration with ptl_map_scan or ptl_map_scan_u64, in the same way as ptl_map_range
/// does: sets `*start` to a random position, and promotes the dirty map of a read_dirty map. Two
/// loops then visit every entry:
///
/// - with `cursor = start`, scan with `end` 0 until PTL_DONE, which sets the cursor to 0;
/// - then, unless `start` is 0, scan with `end` = `start` until PTL_DONE.
///
/// The map keeps no record of the iteration, so it may stop anywhere. A scan does not need this
/// call: it may begin and end at any positions.
///
/// Threads: any; each may have an iteration of its own. Order: none.
///
/// - PTL_OK: the position is in `*start`. It may be 0.
/// - PTL_E_NULL: `start` is NULL.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_begin_scan(map: *const ptl_map, start: *mut u64) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if start.is_null() {
            return Err(Refusal::NULL);
        }
        let position = map.begin_scan()?;
        // SAFETY: not NULL, and the caller promises that it is then valid.
        unsafe { start.write(position) };
        Ok(Outcome::Done)
    })
}

/// Fills the caller's buffers with the next entries, and moves the cursor to where the next call
/// continues. The cursor is a number, and the only state of the iteration. It may be kept, passed
/// to another thread, or thrown away. The map holds nothing between the calls, and may grow and
/// shrink meanwhile.
///
/// A cursor is a position in the order of iteration, and any number is a valid position. The scan
/// goes from the position `*cursor` up to the position `end`, `end` not included; if `end` is 0, it
/// goes to the end of all positions. So a scan from 0 to 0 visits every entry. ptl_map_begin_scan
/// describes how to begin at a random position. Threads can share an iteration: each scans a part
/// of it, such as from 0 to n, from n to m, and from m to 0. If `end` is neither 0 nor above
/// `*cursor`, the call returns PTL_DONE without entries.
///
/// `keys` is one buffer for all keys, `values` one for all values. `*keys_size` and `*values_size`
/// are their sizes in bytes, and `*count` is the largest number of entries to return. The call sets
/// all three to what it filled. The key of entry i is the bytes from key_offsets[i] to
/// key_offsets[i + 1], and the same for its value and value_offsets. Each array of offsets has
/// `*count` + 1 elements. Where the map has words, the offsets may be NULL, since every key or
/// value has 8 bytes. ptl_map_store_many and ptl_map_delete_many take this format.
///
/// Entries with the same position are always returned by the same call. That is almost always one
/// entry, and a few where hashes collide.
///
/// Threads: any. Order: acquire, for each entry.
///
/// - PTL_OK: the buffers have some entries, and there may be more.
/// - PTL_DONE: the buffers have the last entries before `end`, perhaps none. `*cursor` is 0.
/// - PTL_E_BUFFER: the entries at the next position do not fit. `*keys_size`, `*values_size` and
///   `*count` are the sizes that they need, and the cursor has not moved.
/// - PTL_E_NULL: `cursor`, `keys_size`, `values_size` or `count` is NULL; `keys` or `values` is
///   NULL and its size is not 0; or offsets are NULL where the map has bytes and `*count` is not 0.
/// - PTL_E_SIZE: an array of `*count` + 1 offsets would not fit in the address space.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_scan(
    map: *const ptl_map,
    cursor: *mut u64,
    end: u64,
    keys: *mut c_void,
    keys_size: *mut usize,
    key_offsets: *mut usize,
    values: *mut c_void,
    values_size: *mut usize,
    value_offsets: *mut usize,
    count: *mut usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if cursor.is_null() || keys_size.is_null() || values_size.is_null() || count.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the pointers to the cursor, the sizes and the count are not NULL. The caller
        // promises that they are valid, and that the buffers are as large as these say.
        let (mut position, mut keys, mut values) = unsafe {
            (
                *cursor,
                column_writer(keys, *keys_size, key_offsets, *count, map.config().key)?,
                column_writer(values, *values_size, value_offsets, *count, map.config().value)?,
            )
        };
        let result = map.scan(&mut position, end, &mut keys, &mut values);
        // SAFETY: none of these pointers is NULL, and the caller promises that they are valid.
        unsafe {
            if result.is_ok() {
                cursor.write(position);
            }
            if result.is_ok() || result == Err(Error::Buffer) {
                keys_size.write(keys.size());
                values_size.write(values.size());
                count.write(keys.len());
            }
        }
        Ok(result?)
    })
}

/// ptl_map_scan for maps from words to words: one array for the keys and one for the values, each
/// with `*count` elements.
///
/// Threads: any. Order: acquire, for each entry.
///
/// - PTL_OK: the arrays have `*count` entries, and there may be more.
/// - PTL_DONE: the arrays have the last `*count` entries before `end`, perhaps none. `*cursor` is
///   0.
/// - PTL_E_BUFFER: at the next position there are more entries than `*count`. `*count` is set to
///   their number, and the cursor has not moved.
/// - PTL_E_NULL: `cursor` or `count` is NULL, or `keys` or `values` is NULL and `*count` is not 0.
/// - PTL_E_SIZE: an array of `*count` words would not fit in the address space.
/// - PTL_E_TYPE: the map's keys or values are bytes.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_scan_u64(
    map: *const ptl_map,
    cursor: *mut u64,
    end: u64,
    keys: *mut u64,
    values: *mut u64,
    count: *mut usize,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if cursor.is_null() || count.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the pointers to the cursor and the count are not NULL. The caller promises that
        // they are valid, and that the arrays have `*count` elements.
        let (mut position, keys, values) = unsafe { (*cursor, out_slice(keys, *count)?, out_slice(values, *count)?) };
        let mut entries = 0;
        let result = map.scan_u64(&mut position, end, keys, values, &mut entries).map(|(outcome, ..)| outcome);
        // SAFETY: neither of these pointers is NULL, and the caller promises that they are valid.
        unsafe {
            if result.is_ok() {
                cursor.write(position);
            }
            if result.is_ok() || result == Err(Error::Buffer) {
                count.write(entries);
            }
        }
        Ok(result?)
    })
}
