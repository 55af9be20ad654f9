//! Any other system, by what the standard library gives: memory keeps its pages, and who waits for a word leaves the processor to
//! others and looks again.

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
/// None: `map` gives no memory.
pub unsafe fn unmap(_memory: NonNull<u8>, _size: usize) {}

/// # Safety
/// None: nothing is done.
pub unsafe fn discard(_start: *mut u8, _size: usize) -> bool {
    false
}

pub fn page_size() -> usize {
    // The largest that there is.
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
    // Not a sleep: a thread must not be cancelled in it.
    std::thread::yield_now();
}

pub fn futex_wake(_word: &AtomicU32, _count: u32) {}
