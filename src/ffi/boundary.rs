//! The one place where a panic stops and where a `Result` becomes a status.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::handle::{self, ptl_map};
use super::status::*;
use crate::map::{Error, Map, Outcome};

/// Why a call was refused: a negative status on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: ptl_status,
    /// The maps that were touched cannot be trusted any more.
    poisons: bool,
}

impl Refusal {
    pub const NULL: Self = Self::of(PTL_E_NULL);
    pub const HANDLE: Self = Self::of(PTL_E_HANDLE);
    pub const SIZE: Self = Self::of(PTL_E_SIZE);
    pub const OPTION: Self = Self::of(PTL_E_OPTION);
    pub const MEMORY: Self = Self::of(PTL_E_MEMORY);
    pub const INTERNAL: Self = Self { status: PTL_E_INTERNAL, poisons: true };

    const fn of(status: ptl_status) -> Self {
        Self { status, poisons: false }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::of(match error {
            Error::Size => PTL_E_SIZE,
            Error::Type => PTL_E_TYPE,
            Error::Buffer => PTL_E_BUFFER,
            Error::Memory => PTL_E_MEMORY,
            Error::Concurrent => PTL_E_CONCURRENT,
            Error::Reentrant => PTL_E_REENTRANT,
            Error::Busy => PTL_E_BUSY,
            Error::NoRandomness => PTL_E_INTERNAL,
            Error::Internal => return Self::INTERNAL,
        })
    }
}

impl From<Refusal> for ptl_status {
    fn from(refusal: Refusal) -> Self {
        refusal.status
    }
}

impl From<Outcome> for ptl_status {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => PTL_OK,
            Outcome::NotFound => PTL_NOT_FOUND,
            Outcome::Loaded => PTL_LOADED,
            Outcome::Mismatch => PTL_MISMATCH,
            Outcome::End => PTL_DONE,
        }
    }
}

/// The status of one key of a batch.
pub fn status_of(result: Result<Outcome, Error>) -> ptl_status {
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => Refusal::from(error).into(),
    }
}

/// Runs `work` on the map behind `handle`, or says why not.
///
/// # Safety `handle` is NULL, or points to at least eight readable bytes; if these say that it is a live map,
/// the caller holds a reference for the whole call.
#[inline(always)]
pub unsafe fn call<A, T>(handle: *const ptl_map, work: impl FnOnce(&Map) -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    // SAFETY: the caller's promise.
    match unsafe { handle::borrow(handle) } {
        Ok(handle) => touching([handle], || work(handle.map())),
        Err(refusal) => refusal.into(),
    }
}

/// As `call`, for work on two maps, which may be the same.
///
/// # Safety As for `call`, of either handle.
pub unsafe fn call_both<A, T>(
    one: *const ptl_map,
    other: *const ptl_map,
    work: impl FnOnce(&Map, &Map) -> Result<T, Refusal>,
) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    // SAFETY: the caller's promise.
    match unsafe { (handle::borrow(one), handle::borrow(other)) } {
        (Ok(one), Ok(other)) => touching([one, other], || work(one.map(), other.map())),
        (Err(refusal), _) | (_, Err(refusal)) => refusal.into(),
    }
}

/// As `call`, for the cases that a short way before it leaves over: kept apart from that, which so needs no stack.
///
/// # Safety As for `call`.
#[cold]
#[inline(never)]
pub unsafe fn call_apart<A, T>(handle: *const ptl_map, work: impl FnOnce(&Map) -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    // SAFETY: the caller's promise.
    unsafe { call(handle, work) }
}

/// As `call`, for work that runs a callback of the user's: the map lasts until the end, even if the callback releases it.
///
/// # Safety As for `call`.
pub unsafe fn call_with_callback<A, T>(handle: *const ptl_map, work: impl FnOnce(&Map) -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    // SAFETY: the caller's promise.
    match unsafe { handle::borrow(handle) } {
        Ok(handle) => {
            let held = handle.hold();
            let answer = touching([handle], || work(handle.map()));
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
pub fn touching<A, T, const N: usize>(handles: [&ptl_map; N], work: impl FnOnce() -> Result<T, Refusal>) -> A
where
    A: From<Refusal>,
    T: Into<A>,
{
    // A map that a panic may have left half-changed is never entered again: that is what poisoning is for.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(answer)) => answer.into(),
        Ok(Err(refusal)) if !refusal.poisons => refusal.into(),
        _ => failed(&handles).into(),
    }
}

#[cold]
fn failed(handles: &[&ptl_map]) -> Refusal {
    for handle in handles {
        handle.poison();
    }
    Refusal::INTERNAL
}

#[cfg(test)]
mod tests {
    use super::super::handle::{Reference, ptl_map_release, ptl_map_retain};
    use super::super::map_u64::{ptl_map_load_u64, ptl_map_store_u64};
    use super::super::whole::{ptl_map_equal, ptl_map_len};
    use super::*;
    use crate::map::{Config, Width};

    fn map() -> *mut ptl_map {
        let words = Config { key: Width::Word, value: Width::Word, ..Config::default() };
        Reference::new(words).expect("a map").into_raw()
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
        let status: ptl_status = unsafe { call(map, |_| -> Result<Outcome, Refusal> { panic!("planted") }) };
        assert_eq!(status, PTL_E_INTERNAL);
        // SAFETY: as before.
        unsafe { is_poisoned(map) };
    }

    #[test]
    fn an_internal_error_poisons_the_map() {
        let map = map();
        // SAFETY: the test holds a reference.
        let status: ptl_status = unsafe { call(map, |_| -> Result<Outcome, _> { Err(Error::Internal.into()) }) };
        assert_eq!(status, PTL_E_INTERNAL);
        // SAFETY: as before.
        unsafe { is_poisoned(map) };
    }

    #[test]
    fn other_errors_do_not() {
        let map = map();
        for error in [Error::Size, Error::Type, Error::Buffer, Error::Memory, Error::Concurrent, Error::NoRandomness] {
            // SAFETY: the test holds a reference.
            let status: ptl_status = unsafe { call(map, |_| -> Result<Outcome, _> { Err(error.into()) }) };
            assert_eq!(status, status_of(Err(error)));
        }
        // SAFETY: as before.
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
            let status: ptl_status = call_both(one, other, |_, _| -> Result<Outcome, Refusal> { panic!("planted") });
            assert_eq!(status, PTL_E_INTERNAL);
            assert_eq!(ptl_map_equal(sound, one), PTL_E_INTERNAL);
            assert_eq!(ptl_map_equal(sound, sound), PTL_OK);
            is_poisoned(one);
            is_poisoned(other);
            assert_eq!(ptl_map_release(sound), PTL_OK);
        }
    }
}
