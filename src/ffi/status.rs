//! The statuses and their texts.

use std::ffi::c_char;

/// How a call went. 0 is done, positive is another ordinary outcome, negative is an error. A number is never
/// given a second meaning, and later versions may add some: treat an unknown negative one as an error.
pub type ptl_status = i32;

/// Done.
pub const PTL_OK: i32 = 0;
/// The key is not in the map.
pub const PTL_NOT_FOUND: i32 = 1;
/// There was a value already: load_or_store loaded it, swap replaced it.
pub const PTL_LOADED: i32 = 2;
/// compare_and_swap, compare_and_delete: the key has another value. equal: the maps differ.
pub const PTL_MISMATCH: i32 = 3;
/// scan: this call reached the end. range: the callback ended it.
pub const PTL_DONE: i32 = 4;
/// A pointer is NULL that must point somewhere.
pub const PTL_E_NULL: i32 = -1;
/// The handle is not a live map (best effort).
pub const PTL_E_HANDLE: i32 = -2;
/// A length is wrong: not 8 for a word, beyond PTL_MAX_LENGTH, offsets that descend, a struct of unknown
/// size.
pub const PTL_E_SIZE: i32 = -3;
/// An option has a value that this version does not know.
pub const PTL_E_OPTION: i32 = -4;
/// The call does not fit the map's key or value type.
pub const PTL_E_TYPE: i32 = -5;
/// The caller's buffer is too small. The length that is needed was written, and nothing else changed.
pub const PTL_E_BUFFER: i32 = -6;
/// An allocation failed. The map is as it was before the call.
pub const PTL_E_MEMORY: i32 = -7;
/// A bucketed map is in use: by another thread, or by this one from inside it.
pub const PTL_E_CONCURRENT: i32 = -8;
/// The call comes from inside an update of the same map.
pub const PTL_E_REENTRANT: i32 = -9;
/// The library failed inside. The map refuses further work; it can still be released.
pub const PTL_E_INTERNAL: i32 = -10;
/// peek, peek_u64: the answer would take waiting for another thread.
pub const PTL_E_BUSY: i32 = -11;

/// What a status means, in a few English words: for a log, not for a comparison. The text is static and never
/// NULL, and an unknown number has one too.
///
/// Threads: any. Order: none.
#[unsafe(no_mangle)]
pub extern "C" fn ptl_status_string(status: ptl_status) -> *const c_char {
    let text = match status {
        PTL_OK => c"done",
        PTL_NOT_FOUND => c"the key is not in the map",
        PTL_LOADED => c"there was a value, and it was loaded",
        PTL_MISMATCH => c"the values differ",
        PTL_DONE => c"the end was reached",
        PTL_E_NULL => c"a pointer is NULL that must not be",
        PTL_E_HANDLE => c"not a live map",
        PTL_E_SIZE => c"a length is wrong",
        PTL_E_OPTION => c"an option has an unknown value",
        PTL_E_TYPE => c"the call does not fit the map's key or value type",
        PTL_E_BUFFER => c"the buffer is too small",
        PTL_E_MEMORY => c"an allocation failed",
        PTL_E_CONCURRENT => c"a bucketed map is in use by another thread",
        PTL_E_REENTRANT => c"the map was called from inside an update of itself",
        PTL_E_INTERNAL => c"the library failed inside",
        PTL_E_BUSY => c"the answer would take waiting for another thread",
        _ => c"unknown status",
    };
    text.as_ptr()
}
