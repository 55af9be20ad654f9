//! Any other system, with what the standard library has. Pages are not discarded, and a thread that
//! waits on a futex yields its time slice instead of sleeping.

use super::once;
use core::{
    ptr::NonNull,
    sync::atomic::{AtomicU32, AtomicUsize},
};

pub const DISCARDS_PAGES: bool = false;

pub fn map(_size: usize) -> Option<NonNull<u8>> {
    None
}

/// # Safety
/// `memory` came from [`map`]. As that returns no memory, this cannot be called.
pub unsafe fn unmap(_memory: NonNull<u8>, _size: usize) {}

/// # Safety
/// None is needed: this does nothing.
pub unsafe fn discard(_start: *mut u8, _size: usize) -> bool {
    false
}

pub fn page_size() -> usize {
    // The largest page size of any processor.
    64 << 10
}

pub fn processors() -> u32 {
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    once(&KNOWN, || std::thread::available_parallelism().map_or(1, |count| count.get())) as u32
}

pub fn random(bytes: &mut [u8]) -> bool {
    getrandom::fill(bytes).is_ok()
}

pub fn futex_wait(_word: &AtomicU32, _value: u32) {
    // Not `sleep`, which is a cancellation point.
    std::thread::yield_now();
}

pub fn futex_wake(_word: &AtomicU32, _count: u32) {}
