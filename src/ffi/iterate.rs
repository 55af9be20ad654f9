//! From entry to entry: by callback, or by a cursor.

use super::{
    boundary::{call, call_with_callback},
    map_handle::{borrow, ptl_map},
    refusal::Refusal,
    slices::{column_writer, places},
    status::ptl_status,
};
use crate::map::{Error, Outcome};
use std::ffi::c_void;

/// Called for one entry by ptl_map_range and ptl_map_delete_if, which say what it is given and what it
/// answers.
pub type ptl_visit = Option<
    extern "C" fn(
        key: *const c_void,
        key_size: usize,
        value: *const c_void,
        value_size: usize,
        user: *mut c_void,
    ) -> i32,
>;

/// The caller's function as the map wants it.
fn visitor(visit: ptl_visit, user: *mut c_void) -> Result<impl FnMut(&[u8], &[u8]) -> bool, Refusal> {
    let visit = visit.ok_or(Refusal::NULL)?;
    Ok(move |key: &[u8], value: &[u8]| {
        visit(key.as_ptr().cast(), key.len(), value.as_ptr().cast(), value.len(), user) != 0
    })
}

/// Calls a function for every entry, in no particular order, beginning at a random position. See PROMISED at
/// the top for which entries those are while others write.
///
/// `visit` gets the key, the value that it had at some moment during the call, and `user`. It returns
/// non-zero to go on, 0 to end. The key and value are valid until it returns; with length 0 the pointer
/// points to nothing. It may call any function on this map and may change it: an entry that it stores may or
/// may not be visited.
///
/// Threads: any; `visit` runs in this one, with nothing held. Order: acquire, for each entry before `visit`
/// gets it.
///
/// - PTL_OK: every entry was visited.
/// - PTL_DONE: `visit` returned 0.
/// - PTL_E_NULL: `visit` is NULL.
/// - PTL_E_MEMORY: an allocation failed; some entries may have been visited.
/// - PTL_E_CONCURRENT: another thread is in a bucketed map, or was there meanwhile; some entries may have been
///   visited.
/// - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_range(map: *const ptl_map, visit: ptl_visit, user: *mut c_void) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call_with_callback(map, |map| Ok(map.range(&mut visitor(visit, user)?)?))
}

/// Deletes the entries for which a function says so, and counts them.
///
/// `predicate` is called as ptl_map_range calls its function, and returns non-zero to delete the entry, 0 to
/// keep it. Because it runs with nothing held, the key may get another value meanwhile: then it stays, and is
/// not counted.
///
/// Threads: any; `predicate` runs in this one, with nothing held. Order: acquire for each entry, release for
/// those deleted.
///
/// - PTL_OK: all entries were asked about; the number of those deleted is in `*deleted`, unless `deleted` is
///   NULL.
/// - PTL_E_NULL: `predicate` is NULL.
/// - PTL_E_MEMORY: an allocation failed; some entries may have been deleted.
/// - PTL_E_CONCURRENT: another thread is in a bucketed map, or was there meanwhile; some entries may have been
///   deleted.
/// - PTL_E_HANDLE, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_delete_if(
    map: *mut ptl_map,
    predicate: ptl_visit,
    user: *mut c_void,
    deleted: *mut u64,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call_with_callback(map, |map| {
        let count = map.delete_if(&mut visitor(predicate, user)?)?;
        if !deleted.is_null() {
            // SAFETY: not NULL, so it is the caller's place for the number.
            unsafe { deleted.write(count) };
        }
        Ok(Outcome::Done)
    })
}

/// Begins an iteration by ptl_map_scan or ptl_map_scan_u64 as ptl_map_range begins its own: sets `*start` to a
/// random position, and promotes the dirty map of a read_dirty map. Two loops then visit every entry:
///
/// - from `cursor = start` on, scan with `end` 0 until PTL_DONE, which leaves the cursor at 0;
/// - then, unless `start` is 0, scan with `end` = `start` until PTL_DONE.
///
/// The map remembers nothing of this call, so an iteration may stop anywhere. A scan needs no such call: it may
/// go from any position to any other.
///
/// Threads: any; each may have an iteration of its own. Order: none.
///
/// - PTL_OK: the position is in `*start`. It may be 0.
/// - PTL_E_NULL: `start` is NULL.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_begin_scan(map: *const ptl_map, start: *mut u64) -> ptl_status {
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if start.is_null() {
            return Err(Refusal::NULL);
        }
        let position = map.begin_scan()?;
        // SAFETY: not NULL, so it is the caller's place for the position.
        unsafe { start.write(position) };
        Ok(Outcome::Done)
    })
}

/// Fills the caller's buffers with some entries, and moves a cursor on to where the next call goes on. The
/// cursor is a number and the only thing that lasts between calls: it may be kept, sent, or dropped, and
/// nothing is held meanwhile. Growth and shrinking do not disturb it.
///
/// A cursor is a position in the order of iteration, and any number is one. The scan goes from the position
/// `*cursor` to just before the position `end`, or, if `end` is 0, to the end of all. So a scan from 0 to 0
/// visits every entry. ptl_map_begin_scan says how to begin at a random one. Threads share an iteration if each
/// scans a part of it: from 0 to n, from n to m, from m to 0. If `end` is not 0 and not above `*cursor`, the
/// call returns PTL_DONE without entries.
///
/// `keys` is one buffer for all keys, `values` one for all values. `*keys_size` and `*values_size` are their
/// room in bytes, `*count` is the most entries wanted; all three are set to what was filled. Entry i has the
/// key bytes from key_offsets[i] to key_offsets[i + 1], and likewise its value: each array of offsets has
/// room for `*count` + 1. Where the map has words the offsets may be NULL, since every entry has 8 bytes.
/// What comes out is what ptl_map_store_many and ptl_map_delete_many take in.
///
/// Entries with the same position in the order of iteration travel together in one call. That is one entry
/// almost always; a few where hashes collide.
///
/// Threads: any. Order: acquire, for each entry.
///
/// - PTL_OK: entries were filled, and there may be more.
/// - PTL_DONE: entries were filled (perhaps none), and these were the last before `end`; `*cursor` is 0.
/// - PTL_E_BUFFER: the next entries do not fit, not even alone. `*keys_size`, `*values_size` and `*count` are
///   the room that they need, and the cursor stays.
/// - PTL_E_NULL: `cursor`, `keys_size`, `values_size` or `count` is NULL; `keys` or `values` is NULL and its
///   room is not 0; or offsets are NULL where the map has bytes and `*count` is not 0.
/// - PTL_E_SIZE: no array of `*count` + 1 offsets can be that large.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if cursor.is_null() || keys_size.is_null() || values_size.is_null() || count.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the caller's buffers; their sizes, the cursor and the count are at their places, which are not NULL.
        let (mut position, mut keys, mut values) = unsafe {
            (
                *cursor,
                column_writer(keys, *keys_size, key_offsets, *count, map.config().key)?,
                column_writer(values, *values_size, value_offsets, *count, map.config().value)?,
            )
        };
        let result = map.scan(&mut position, end, &mut keys, &mut values);
        // SAFETY: none is NULL, so they are the caller's places for these.
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

/// ptl_map_scan for maps of words to words: one array for the keys, one for the values, each with room for
/// `*count`.
///
/// Threads: any. Order: acquire, for each entry.
///
/// - PTL_OK: `*count` entries were filled, and there may be more.
/// - PTL_DONE: `*count` entries were filled (perhaps none), and these were the last before `end`; `*cursor` is 0.
/// - PTL_E_BUFFER: the next entries, which travel together, are more than `*count`. It is set to how many
///   they are, and the cursor stays.
/// - PTL_E_NULL: `cursor` or `count` is NULL, or `keys` or `values` is NULL and `*count` is not 0.
/// - PTL_E_SIZE: no array of `*count` words can be that large.
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
    // SAFETY: the caller's handle.
    let map = unsafe { borrow(map) };
    call(map, |map| {
        if cursor.is_null() || count.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the caller's arrays; the cursor and the count are at their places, which are not NULL.
        let (mut position, keys, values) = unsafe { (*cursor, places(keys, *count)?, places(values, *count)?) };
        let mut entries = 0;
        let result = map.scan_u64(&mut position, end, keys, values, &mut entries).map(|(outcome, ..)| outcome);
        // SAFETY: neither is NULL, so they are the caller's places for these.
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
