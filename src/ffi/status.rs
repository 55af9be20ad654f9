//! The statuses and their texts.

use std::ffi::c_char;

/// The result of a call. 0 is success, a positive number another ordinary outcome, a negative
/// number an error. No number ever gets another meaning. Later versions may add numbers: treat a
/// negative one that you do not know as an error.
pub type ptl_status = i32;

/// Done.
pub const PTL_OK: i32 = 0;
/// The key is not in the map.
pub const PTL_NOT_FOUND: i32 = 1;
/// The key had a value already: load_or_store loaded it, swap replaced it.
pub const PTL_LOADED: i32 = 2;
/// compare_and_swap, compare_and_delete: the key has another value. equal: the maps differ.
pub const PTL_MISMATCH: i32 = 3;
/// scan: the call reached the end. range: the callback ended the iteration.
pub const PTL_DONE: i32 = 4;
/// A pointer is NULL that must not be.
pub const PTL_E_NULL: i32 = -1;
/// The handle is not a live map (best effort).
pub const PTL_E_HANDLE: i32 = -2;
/// A length is wrong: a word is not 8 bytes long, a length is above PTL_MAX_LENGTH, an offset is
/// below the one before it. Or the `size` that a struct begins with cannot be right: most often the
/// struct was not initialised with its PTL_..._INIT, and `size` is 0.
pub const PTL_E_SIZE: i32 = -3;
/// An option has a value that this version does not know; ptl_map_options_error says which. Or the
/// callback of ptl_map_update returned a number that is not a PTL_UPDATE_....
pub const PTL_E_OPTION: i32 = -4;
/// The call does not fit the map's key or value type.
pub const PTL_E_TYPE: i32 = -5;
/// The caller's buffer is too small. The size that is needed was written, and the map was not
/// changed.
pub const PTL_E_BUFFER: i32 = -6;
/// An allocation failed. The call had no effect.
pub const PTL_E_MEMORY: i32 = -7;
/// Another call is inside this bucketed map, from another thread, or from this one through the
/// map's allocator.
pub const PTL_E_CONCURRENT: i32 = -8;
/// The call comes from inside an update of the same map.
pub const PTL_E_REENTRANT: i32 = -9;
/// The library itself failed. Every later call on the map fails too, but it can still be released.
pub const PTL_E_INTERNAL: i32 = -10;
/// peek, peek_u64: the call would have to wait for another thread.
pub const PTL_E_BUSY: i32 = -11;

/// Describes a status in a few English words. Use the text in a log, not to compare it. It is
/// static and never NULL; an unknown number has a text too.
///
/// Threads: any. Order: none.
#[unsafe(no_mangle)]
pub extern "C" fn ptl_status_string(status: ptl_status) -> *const c_char {
    let text = match status {
        PTL_OK => c"done",
        PTL_NOT_FOUND => c"the key is not in the map",
        PTL_LOADED => c"the key had a value, and it was loaded",
        PTL_MISMATCH => c"the values differ",
        PTL_DONE => c"the end was reached",
        PTL_E_NULL => c"a pointer is NULL that must not be",
        PTL_E_HANDLE => c"not a live map",
        PTL_E_SIZE => c"a length is wrong, or a struct was not initialised with its PTL_..._INIT",
        PTL_E_OPTION => c"an option, or the answer to an update, has an unknown value",
        PTL_E_TYPE => c"the call does not fit the map's key or value type",
        PTL_E_BUFFER => c"the buffer is too small",
        PTL_E_MEMORY => c"an allocation failed",
        PTL_E_CONCURRENT => c"a bucketed map is in use by another thread",
        PTL_E_REENTRANT => c"the map was called from inside an update of itself",
        PTL_E_INTERNAL => c"the library itself failed",
        PTL_E_BUSY => c"the call would have to wait for another thread",
        _ => c"unknown status",
    };
    text.as_ptr()
}
