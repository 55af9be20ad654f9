//! Maps are made, shared and released.

use super::{
    boundary::touching,
    handle::Reference,
    map_handle::{MapAndCalls, borrow, ptl_map},
    options::{self, ptl_map_options},
    refusal::Refusal,
    status::{PTL_OK, ptl_status},
    word_calls::calls_for,
};
use crate::map::{Allocator, Config, Error, Map, Outcome};
use std::ptr::NonNull;

/// The first reference to the map that `make` gives, for a caller.
pub fn hand_out(allocator: Allocator, make: impl FnOnce() -> Result<Map, Error>) -> Result<*mut ptl_map, Refusal> {
    let reference = Reference::new(allocator, || {
        let map = make()?;
        let calls = calls_for(&map);
        Ok(MapAndCalls::new(map, calls))
    })?;
    Ok(reference.into_raw().cast())
}

/// The first reference to a new map, for a caller.
pub fn new_map(config: Config) -> Result<*mut ptl_map, Refusal> {
    hand_out(config.allocator, || Map::new(config))
}

/// Makes a map and gives the caller the first reference to it, for ptl_map_release.
///
/// `options` may be NULL: a sharded map of bytes to bytes. They are read during the call and not kept.
///
/// Threads: any. Order: none; whoever hands the map to another thread orders that.
///
/// - PTL_OK: `*map` is the new map.
/// - PTL_E_NULL: `map` is NULL.
/// - PTL_E_SIZE: `options->size` is less than the struct had in the first version, or no size of a struct at
///   all.
/// - PTL_E_OPTION: a kind, flag, key size, value size, number of shards or of hash bits is unknown, only one
///   of the allocator's functions is given, or the options are of a later version and ask for something that
///   this one does not know.
/// - PTL_E_MEMORY: there is not memory enough for `options->capacity` entries, or for a map.
/// - PTL_E_INTERNAL: the system has no randomness for a seed, or the library failed inside; there is no map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_new(options: *const ptl_map_options, map: *mut *mut ptl_map) -> ptl_status {
    touching([], || {
        if map.is_null() {
            return Err(Refusal::NULL);
        }
        // SAFETY: the caller's options.
        let config = unsafe { options::read(options) }?.unwrap_or_default();
        let made = new_map(config)?;
        // SAFETY: not NULL, so it is the caller's place for a handle.
        unsafe { map.write(made) };
        Ok(PTL_OK)
    })
}

/// Adds a reference, which is given back by a ptl_map_release of its own.
///
/// Threads: any that holds a reference. Order: none; whoever hands the reference to another thread orders
/// that.
///
/// - PTL_OK: there is one reference more.
/// - PTL_E_HANDLE, PTL_E_INTERNAL: as for every call on a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_retain(map: *mut ptl_map) -> ptl_status {
    // SAFETY: the caller's handle.
    match unsafe { borrow(map) } {
        Ok(handle) => {
            handle.hold().into_raw();
            PTL_OK
        }
        Err(refusal) => refusal.into(),
    }
}

/// Gives one reference back. The last one frees the map and all its entries before it returns, whatever other
/// maps do.
///
/// NULL is fine and does nothing. A map that refuses work with PTL_E_INTERNAL is released like any other.
///
/// Threads: any that holds a reference, the last one too. Order: release, and for the last one acquire: all
/// calls made with other references happen before the map is freed.
///
/// - PTL_OK: the reference is gone.
/// - PTL_E_HANDLE: as for every call on a map; nothing was released.
/// - PTL_E_INTERNAL: the library failed while it freed the map. Some of its memory may be lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptl_map_release(map: *mut ptl_map) -> ptl_status {
    let Some(handle) = NonNull::new(map.cast()) else { return PTL_OK };
    // SAFETY: the caller's handle.
    match unsafe { borrow(map) } {
        // A poisoned map is not entered any more, but it is still released.
        Err(refusal) if refusal != Refusal::INTERNAL => refusal.into(),
        _ => touching([], || {
            // SAFETY: the caller gives back the reference that it got from `new`, `clone` or `retain`.
            drop(unsafe { Reference::<MapAndCalls>::from_raw(handle) });
            Ok(Outcome::Done)
        }),
    }
}
