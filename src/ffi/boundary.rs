//! The one place where a panic stops. `ci/no-panic.sh` shows that none gets past it.

use super::{
    map_handle::MapHandle,
    refusal::Refusal,
    status::{PTL_OK, ptl_status},
};
use crate::map::{Map, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` on the map of a handle, or says why not.
#[inline(always)]
pub fn call<A, T>(handle: Result<&MapHandle, Refusal>, work: impl FnOnce(&Map) -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    match handle {
        Ok(handle) => touching([handle], || work(&handle.held().map)),
        Err(refusal) => refusal.into(),
    }
}

/// As `call`, for work on two maps, which may be the same.
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
        (Ok(one), Ok(other)) => touching([one, other], || work(&one.held().map, &other.held().map)),
        (Err(refusal), _) | (_, Err(refusal)) => refusal.into(),
    }
}

/// As `call`, for work that runs a callback of the user's: the map lasts until the end, even if the callback releases it.
pub fn call_with_callback<A, T>(handle: Result<&MapHandle, Refusal>, work: impl FnOnce(&Map) -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    match handle {
        Ok(handle) => {
            let held = handle.hold();
            let answer = touching([handle], || work(&handle.held().map));
            // It may be the last one.
            let released: ptl_status = touching([], || {
                drop(held);
                Ok(Outcome::Done)
            });
            if released == PTL_OK { answer } else { Refusal::INTERNAL.into() }
        }
        Err(refusal) => refusal.into(),
    }
}

/// Runs `work`, which touches these handles. Should it fail inside, none of them can be trusted again.
#[inline(always)]
pub fn touching<A, T, const N: usize>(handles: [&MapHandle; N], work: impl FnOnce() -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    // A map that a panic may have left half-changed is never entered again: that is what poisoning is for.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(answer)) => answer.into(),
        Ok(Err(refusal)) => refusal.into(),
        Err(payload) => {
            // Never dropped: that could panic again, out here.
            std::mem::forget(payload);
            failed(&handles).into()
        }
    }
}

#[cold]
fn failed(handles: &[&MapHandle]) -> Refusal {
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

    /// Every kind of call is refused, and release works.
    unsafe fn is_poisoned(map: *mut ptl_map) {
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
    fn a_panic_stops_here_and_poisons_the_map() {
        let map = map();
        // SAFETY: the test holds a reference.
        let handle = unsafe { borrow(map) };
        let status: ptl_status = call(handle, |_| -> Result<Outcome, Refusal> { panic!("planted") });
        assert_eq!(status, PTL_E_INTERNAL);
        // SAFETY: the test holds a reference.
        unsafe { is_poisoned(map) };
    }

    #[test]
    fn an_error_does_not() {
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
    fn of_two_maps_both_are_poisoned_but_a_poisoned_one_harms_no_other() {
        let (sound, one, other) = (map(), map(), map());
        // SAFETY: the test holds references.
        unsafe {
            let planted = |_: &Map, _: &Map| -> Result<Outcome, Refusal> { panic!("planted") };
            let status: ptl_status = call_both(borrow(one), borrow(other), planted);
            assert_eq!(status, PTL_E_INTERNAL);
            assert_eq!(ptl_map_equal(sound, one), PTL_E_INTERNAL);
            assert_eq!(ptl_map_equal(sound, sound), PTL_OK);
            is_poisoned(one);
            is_poisoned(other);
            assert_eq!(ptl_map_release(sound), PTL_OK);
        }
    }
}
