//! Creating, sharing and releasing maps.

use super::{
    boundary::catch_panic,
    handle::Reference,
    map_handle::{MapAndCalls, borrow, ptl_map},
    options::{self, ptl_map_options},
    refusal::Refusal,
    status::{PTL_OK, ptl_status},
    word_calls::calls_for,
};
use crate::map::{Allocator, Config, Error, Map, Outcome};
use std::ptr::NonNull;

/// Creates a map with `make` and returns the caller's first reference to it.
pub fn new_handle(allocator: Allocator, make: impl FnOnce() -> Result<Map, Error>) -> Result<*mut ptl_map, Refusal> {
    let reference = Reference::new(allocator, || {
        let map = make()?;
        let calls = calls_for(&map);
        Ok(MapAndCalls::new(map, calls))
    })?;
    Ok(reference.into_raw().cast())
}

/// Creates a map and returns the caller's first reference to it.
pub fn new_map(config: Config) -> Result<*mut ptl_map, Refusal> {
    new_handle(config.allocator, || Map::new(config))
}

/// Creates a map and returns the first reference to it. Release it with ptl_map_release.
///
/// If `options` is NULL, the map is a sharded one from bytes to bytes. The options are read during
/// the call and not kept.
///
/// Threads: any. Order: none; a thread that passes the map to another thread must synchronise with
/// it.
///
/// - PTL_OK: `*map` is the new map.
/// - PTL_E_NULL: `map` is NULL.
/// - PTL_E_SIZE: `options->size` is smaller than the struct was in the first version of the
///   library, or too large to be the size of a struct.
/// - PTL_E_OPTION: the kind, a flag, the key size, the value size, the number of shards or the
///   number of hash bits is not one that this version knows; only one of the allocator's functions
///   is given; or the options are of a later version and ask for something that this one does not
///   know.
/// - PTL_E_MEMORY: there is not enough memory for the map, or for `options->capacity` entries.
/// - PTL_E_INTERNAL: the system provided no random seed, or the library itself failed. There is no
///   map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_new(options: *const ptl_map_options, map: *mut *mut ptl_map) -> ptl_status {
    catch_panic([], || {
        if map.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the caller promises that the options are NULL or as large as they say.
        let config = unsafe { options::read(options) }?.unwrap_or_default();
        let created = new_map(config)?;
        // SAFETY: not NULL, and the caller promises that it is then valid.
        unsafe { map.write(created) };
        Ok(PTL_OK)
    })
}

/// Adds a reference. Each reference needs a ptl_map_release of its own.
///
/// Threads: any that holds a reference. Order: none; a thread that passes the reference to another
/// thread must synchronise with it.
///
/// - PTL_OK: there is one more reference.
/// - PTL_E_HANDLE, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_retain(map: *mut ptl_map) -> ptl_status {
    // SAFETY: the caller promises that the handle is valid.
    match unsafe { borrow(map) } {
        Ok(handle) => {
            handle.add_reference().into_raw();
            PTL_OK
        }
        Err(refusal) => refusal.into(),
    }
}

/// Releases one reference. The release of the last reference frees the map and all its entries
/// before it returns. It does not wait for calls on other maps.
///
/// NULL is allowed and does nothing. A map whose calls return PTL_E_INTERNAL is released like any
/// other.
///
/// Threads: any that holds a reference. Order: release, and acquire for the last reference: all
/// calls that were made with other references happen before the map is freed.
///
/// - PTL_OK: the reference was released.
/// - PTL_E_HANDLE: as for every call on a map; nothing was released.
/// - PTL_E_INTERNAL: the library itself failed while it freed the map. Some memory may have leaked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_release(map: *mut ptl_map) -> ptl_status {
    let Some(handle) = NonNull::new(map.cast()) else { return PTL_OK };
    // SAFETY: the caller promises that the handle is valid.
    match unsafe { borrow(map) } {
        // A poisoned map can still be released.
        Err(refusal) if refusal != Refusal::INTERNAL => refusal.into(),
        _ => catch_panic([], || {
            // SAFETY: the caller promises to own a reference, which came from `into_raw`, and not
            // to use it any more.
            drop(unsafe { Reference::<MapAndCalls>::from_raw(handle) });
            Ok(Outcome::Done)
        }),
    }
}
