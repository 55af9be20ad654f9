//! Reading and writing a key as one atomic operation, with a callback that decides what to write.

use super::{
    boundary::call_with_callback,
    map_handle::{borrow, ptl_map},
    refusal::Refusal,
    slices::bytes,
    status::ptl_status,
    word_calls::ANY_KIND,
};
use crate::map::Decision;
use std::{ffi::c_void, ptr::null};

/// A result of ptl_update: the key stays as it is, in the map or not.
pub const PTL_UPDATE_KEEP: i32 = 0;
/// A result of ptl_update: the new value is stored for the key.
pub const PTL_UPDATE_STORE: i32 = 1;
/// A result of ptl_update: the key is deleted, if it is in the map.
pub const PTL_UPDATE_DELETE: i32 = 2;

/// Called by ptl_map_update to decide what to do with a key.
///
/// `value` is the key's value, aligned to 8 bytes and valid until the function returns. It is NULL
/// if the key is not in the map, and only then. The function returns PTL_UPDATE_KEEP,
/// PTL_UPDATE_STORE or PTL_UPDATE_DELETE. Before it returns PTL_UPDATE_STORE, it sets `*new_value`
/// and `*new_size` to the new value. The map copies that, so its memory must stay readable until
/// ptl_map_update returns. It may be a part of `value`. At the call, `*new_value` is NULL and
/// `*new_size` is 0.
pub type ptl_update = Option<
    extern "C" fn(
        value: *const c_void,
        value_size: usize,
        new_value: *mut *const c_void,
        new_size: *mut usize,
        user: *mut c_void,
    ) -> i32,
>;

/// Calls a function with the value of a key, and does what the function returns, as one atomic
/// operation.
///
/// `update` is called once, while the key is locked. So it sees the latest value, and nobody else
/// changes the key before the new value is stored. `update` may call any function on other maps. On
/// this map every call from this thread fails with PTL_E_REENTRANT, except ptl_map_retain and
/// ptl_map_release.
///
/// Other threads may have to wait for `update`, so it should be short. These calls may wait for it:
///
/// - in a mutex or rwmutex map, every call;
/// - in a sharded map, calls that write to the same shard, and calls on the whole map;
/// - in a read_dirty map, calls that write to the key; calls on the whole map, except ptl_map_len;
///   and calls on keys that the read map does not have: those that are not in the map, and those
///   that were first stored since the last promotion.
///
/// If `update` waits for another thread, that thread must not make such a call, or both wait for
/// ever. The same can happen if the `update` of one map calls another map while, in another thread,
/// the `update` of that map calls the first.
///
/// Threads: any; `update` runs in the calling thread. Order: acquire before `update` is called,
/// release for what it stores or deletes.
///
/// - PTL_OK: the map did what `update` returned.
/// - PTL_E_NULL: `update` is NULL; `key` is NULL and `key_size` is not 0; or `update` returned
///   PTL_UPDATE_STORE, `*new_value` is NULL and `*new_size` is not 0.
/// - PTL_E_SIZE: `key_size` is above PTL_MAX_LENGTH, or not 8 where keys are words; or `update`
///   returned PTL_UPDATE_STORE, and `*new_size` is above PTL_MAX_LENGTH, or not 8 where values are
///   words.
/// - PTL_E_OPTION: `update` returned none of the three.
/// - PTL_E_MEMORY: an allocation failed, before or after `update` was called; the key is unchanged.
/// - PTL_E_HANDLE, PTL_E_CONCURRENT, PTL_E_REENTRANT, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_update(
    map: *mut ptl_map,
    key: *const c_void,
    key_size: usize,
    update: ptl_update,
    user: *mut c_void,
) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    let handle = unsafe { borrow(map) };
    call_with_callback(handle, |map| {
        // SAFETY: the caller promises that `key` is NULL or has `key_size` bytes.
        let key = unsafe { bytes(key, key_size)? };
        let update = update.ok_or(Refusal::NULL)?;
        if let Ok(handle) = handle {
            // The functions for a known kind do not test whether the call comes from inside an
            // update.
            handle.contents().set_calls(&ANY_KIND);
        }
        map.update(key, &mut |value| {
            let (mut new_value, mut new_size) = (null(), 0);
            let (value, value_size) = value.map_or((null(), 0), |value| (value.as_ptr().cast(), value.len()));
            match update(value, value_size, &mut new_value, &mut new_size, user) {
                PTL_UPDATE_KEEP => Ok(Decision::Keep),
                PTL_UPDATE_DELETE => Ok(Decision::Delete),
                // SAFETY: the caller promises that the callback returns NULL or `new_size` bytes,
                // which stay readable until this call returns.
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

    /// What `load_inside` needs, and the status that it gets.
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
        // SAFETY: `user` is the test's `Inside`, and the test holds a reference to its map.
        unsafe {
            let inside = &mut *user.cast::<Inside>();
            inside.status = ptl_map_load_u64(inside.map, 1).status;
        }
        PTL_UPDATE_KEEP
    }

    #[test]
    fn a_call_on_words_fails_from_inside_the_first_update() {
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
