//! The one place that catches panics. `ci/no-panic.sh` shows that no panic can leave a C function.

use super::{
    map_handle::MapHandle,
    refusal::Refusal,
    status::{PTL_OK, ptl_status},
};
use crate::map::{Map, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` on the map of a handle, if there is a handle.
#[inline(always)]
pub fn call<A, T>(handle: Result<&MapHandle, Refusal>, work: impl FnOnce(&Map) -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    match handle {
        Ok(handle) => catch_panic([handle], || work(&handle.contents().map)),
        Err(refusal) => refusal.into(),
    }
}

/// Like [`call`], for work on two maps, which may be the same.
pub fn call_both<A, T>(
    one: Result<&MapHandle, Refusal>,
    other: Result<&MapHandle, Refusal>,
    work: impl FnOnce(&Map, &Map) -> Result<T, Refusal>,
) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    match (one, other) {
        (Ok(one), Ok(other)) => catch_panic([one, other], || work(&one.contents().map, &other.contents().map)),
        (Err(refusal), _) | (_, Err(refusal)) => refusal.into(),
    }
}

/// Like [`call`], for work that runs a callback. Even if the callback releases the map, the map
/// lives until the work is done.
pub fn call_with_callback<A, T>(handle: Result<&MapHandle, Refusal>, work: impl FnOnce(&Map) -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    match handle {
        Ok(handle) => {
            let reference = handle.add_reference();
            let result = catch_panic([handle], || work(&handle.contents().map));
            // If this is the last reference, dropping it frees the map, which may panic.
            let released: ptl_status = catch_panic([], || {
                drop(reference);
                Ok(Outcome::Done)
            });
            if released == PTL_OK { result } else { Refusal::INTERNAL.into() }
        }
        Err(refusal) => refusal.into(),
    }
}

/// Runs `work`, which uses the maps of `handles`. If it panics, poisons these handles and returns
/// `PTL_E_INTERNAL`.
#[inline(always)]
pub fn catch_panic<A, T, const N: usize>(handles: [&MapHandle; N], work: impl FnOnce() -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    // `AssertUnwindSafe`: a panic may leave a map half-changed, but no call enters a poisoned map
    // again.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(result)) => result.into(),
        Ok(Err(refusal)) => refusal.into(),
        Err(payload) => {
            // To drop the payload could panic again.
            std::mem::forget(payload);
            poison_all(&handles).into()
        }
    }
}

#[cold]
fn poison_all(handles: &[&MapHandle]) -> Refusal {
    for handle in handles {
        handle.poison();
    }
    Refusal::INTERNAL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ffi::{
            key_ops_u64::{ptl_map_load_u64, ptl_map_store_u64},
            lifecycle::{new_map, ptl_map_release, ptl_map_retain},
            map_handle::{borrow, ptl_map},
            refusal::status_of,
            status::PTL_E_INTERNAL,
            whole::{ptl_map_equal, ptl_map_len},
        },
        map::{Config, Error, Width},
    };

    fn map() -> *mut ptl_map {
        let words = Config { key: Width::Word, value: Width::Word, ..Config::default() };
        new_map(words).expect("a map")
    }

    /// Checks that calls on the map fail, except its release.
    unsafe fn check_poisoned(map: *mut ptl_map) {
        let mut len = 7;
        // SAFETY: the test holds a reference.
        unsafe {
            assert_eq!(ptl_map_len(map, &mut len), PTL_E_INTERNAL);
            assert_eq!(ptl_map_load_u64(map, 1).status, PTL_E_INTERNAL);
            assert_eq!(ptl_map_store_u64(map, 1, 1), PTL_E_INTERNAL);
            assert_eq!(ptl_map_retain(map), PTL_E_INTERNAL);
            assert_eq!(ptl_map_release(map), PTL_OK);
        }
        assert_eq!(len, 7);
    }

    #[test]
    fn a_panic_is_caught_and_poisons_the_map() {
        let map = map();
        // SAFETY: the test holds a reference.
        let handle = unsafe { borrow(map) };
        let status: ptl_status = call(handle, |_| -> Result<Outcome, Refusal> { panic!("planted") });
        assert_eq!(status, PTL_E_INTERNAL);
        // SAFETY: the test holds a reference.
        unsafe { check_poisoned(map) };
    }

    #[test]
    fn an_error_does_not_poison_the_map() {
        let map = map();
        for error in [Error::Size, Error::Type, Error::Buffer, Error::Memory, Error::Concurrent, Error::NoRandomness] {
            // SAFETY: the test holds a reference.
            let handle = unsafe { borrow(map) };
            let status: ptl_status = call(handle, |_| -> Result<Outcome, _> { Err(error.into()) });
            assert_eq!(status, status_of(Err(error)));
        }
        // SAFETY: the test holds a reference.
        unsafe {
            assert_eq!(ptl_map_store_u64(map, 1, 1), PTL_OK);
            assert_eq!(ptl_map_release(map), PTL_OK);
        }
    }

    #[test]
    fn a_panic_poisons_both_maps_of_a_call_but_a_poisoned_map_poisons_no_other() {
        let (sound, one, other) = (map(), map(), map());
        // SAFETY: the test holds references.
        unsafe {
            let planted = |_: &Map, _: &Map| -> Result<Outcome, Refusal> { panic!("planted") };
            let status: ptl_status = call_both(borrow(one), borrow(other), planted);
            assert_eq!(status, PTL_E_INTERNAL);
            assert_eq!(ptl_map_equal(sound, one), PTL_E_INTERNAL);
            assert_eq!(ptl_map_equal(sound, sound), PTL_OK);
            check_poisoned(one);
            check_poisoned(other);
            assert_eq!(ptl_map_release(sound), PTL_OK);
        }
    }
}
