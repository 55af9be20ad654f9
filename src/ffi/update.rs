//! Read, decide and write while the key is locked.

use super::{
    boundary::call_with_callback,
    map_handle::{borrow, ptl_map},
    refusal::Refusal,
    slices::bytes,
    status::ptl_status,
    word_calls::ANY,
};
use crate::map::Decision;
use std::{ffi::c_void, ptr::null};

/// An answer of ptl_update: the entry stays as it is, present or not.
pub const PTL_UPDATE_KEEP: i32 = 0;
/// An answer of ptl_update: the key gets the new value.
pub const PTL_UPDATE_STORE: i32 = 1;
/// An answer of ptl_update: the key is deleted, if it is there.
pub const PTL_UPDATE_DELETE: i32 = 2;

/// Called by ptl_map_update to decide what becomes of a key.
///
/// `value` is the value that is there, valid until the function returns and aligned to 8 bytes; it is NULL if
/// the key is not in the map, and only then. The answer is PTL_UPDATE_KEEP, PTL_UPDATE_STORE or
/// PTL_UPDATE_DELETE. To store, it sets `*new_value` and `*new_size`, which are NULL and 0 before, to memory
/// that stays readable until ptl_map_update returns; it may be a part of `value`. The map copies it.
pub type ptl_update = Option<
    extern "C" fn(
        value: *const c_void,
        value_size: usize,
        new_value: *mut *const c_void,
        new_size: *mut usize,
        user: *mut c_void,
    ) -> i32,
>;

/// Reads a key, lets a function decide, and stores or deletes, as one atomic operation.
///
/// `update` is called once, while the key is locked: it always sees the latest value, and nobody else changes
/// the key before it is done. This is the one callback that others may wait for, so it should be short. It may
/// call any function on other maps; each call on this map, from this thread, is refused with PTL_E_REENTRANT,
/// but for ptl_map_retain and ptl_map_release. What waits for it: in a mutex or rwmutex map every other call; in
/// a sharded one the writers of the same shard, and calls on the whole map; in a read_dirty one the writers of
/// the key, calls on the whole map but for ptl_map_len, and, at any time, every call on a key that the read map
/// does not have: one that is absent, or was stored since the last promotion. So a callback that waits for another
/// thread must not wait for one of them. Two maps whose updates call each other's map, in different threads, can
/// wait for each other for ever.
///
/// Threads: any; `update` runs in this one. Order: acquire before `update` is called, release for what it decides.
///
/// - PTL_OK: it was done as `update` answered.
/// - PTL_E_NULL: `update` is NULL, `key` is NULL and `key_size` is not 0, or the answer was to store and
///   `*new_value` is NULL and `*new_size` is not 0.
/// - PTL_E_SIZE: `key_size` is not 8 where keys are words, or the answer was to store a value of a length that
///   is not 8 where values are words; or one of them is beyond PTL_MAX_LENGTH.
/// - PTL_E_OPTION: the answer was none of the three.
/// - PTL_E_MEMORY: an allocation failed; `update` was called or not, and what it decided was not done.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_update(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    update: ptl_update,
    user: *mut c_void,
) -> ptl_status {
    // SAFETY: the caller's handle.
    let handle = unsafe { borrow(map) };
    call_with_callback(handle, |map| {
        // SAFETY: the caller's key.
        let key = unsafe { bytes(key, key_size)? };
        let update = update.ok_or(Refusal::NULL)?;
        if let Ok(handle) = handle {
            // Those of the kind do not look whether they come from inside an update.
            handle.held().set_calls(&ANY);
        }
        map.update(key, &mut |value| {
            let (mut new_value, mut new_size) = (null(), 0);
            let (value, value_size) = value.map_or((null(), 0), |value| (value.as_ptr().cast(), value.len()));
            match update(value, value_size, &mut new_value, &mut new_size, user) {
                PTL_UPDATE_KEEP => Ok(Decision::Keep),
                PTL_UPDATE_DELETE => Ok(Decision::Delete),
                // SAFETY: what the caller's function answers, which it keeps readable.
                PTL_UPDATE_STORE => unsafe { bytes(new_value, new_size) }.map(Decision::Store),
                _ => Err(Refusal::OPTION),
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ffi::{
            key_ops_u64::ptl_map_load_u64,
            lifecycle::{new_map, ptl_map_release},
            status::{PTL_E_REENTRANT, PTL_NOT_FOUND, PTL_OK},
        },
        map::{Config, Width},
    };

    struct Inside {
        map: *mut ptl_map,
        status: ptl_status,
    }

    /// Loads from the map that is being updated.
    extern "C" fn load_inside(
        _value: *const c_void,
        _value_size: usize,
        _new_value: *mut *const c_void,
        _new_size: *mut usize,
        user: *mut c_void,
    ) -> i32 {
        // SAFETY: the test's struct, whose map it holds a reference to.
        unsafe {
            let inside = &mut *user.cast::<Inside>();
            inside.status = ptl_map_load_u64(inside.map, 1).status;
        }
        PTL_UPDATE_KEEP
    }

    #[test]
    fn a_call_for_words_sees_that_it_comes_from_inside_the_first_update() {
        let map = new_map(Config { key: Width::Word, value: Width::Word, ..Config::default() }).expect("a map");
        let mut inside = Inside { map, status: PTL_OK };
        let key = 1u64.to_ne_bytes();
        // SAFETY: the test holds a reference.
        unsafe {
            assert_eq!(ptl_map_load_u64(map, 1).status, PTL_NOT_FOUND);
            let user = (&raw mut inside).cast();
            assert_eq!(ptl_map_update(map, key.as_ptr().cast(), 8, Some(load_inside), user), PTL_OK);
            assert_eq!(inside.status, PTL_E_REENTRANT);
            assert_eq!(ptl_map_load_u64(map, 1).status, PTL_NOT_FOUND);
            assert_eq!(ptl_map_release(map), PTL_OK);
        }
    }
}
