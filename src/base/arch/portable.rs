//! Any processor.

use core::sync::atomic::{Ordering::SeqCst, fence};

#[inline(always)]
pub fn prefetch<T>(_address: *const T) {}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const LOW7: u64 = ONES * 0x7f;

#[inline(always)]
pub fn equal_bytes(word: u64, byte: u8) -> u8 {
    let differ = word ^ (ONES * byte as u64);
    // The highest bit of each byte that is zero, exactly.
    let zero = !(((differ & LOW7) + LOW7) | differ | LOW7);
    // Moves the eight bits, each of its own byte, next to each other.
    ((zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[inline(always)]
pub fn launder<T>(address: *const T) -> *const T {
    address
}

#[inline(always)]
pub fn stores_done() {
    fence(SeqCst);
}

/// Copies nothing: the caller copies word by word.
#[inline(always)]
pub unsafe fn copy_from_shared(_source: *const u8, _target: *mut u8, _len: usize) -> usize {
    0
}

/// As `copy_from_shared`.
#[inline(always)]
pub unsafe fn copy_to_shared(_source: *const u8, _target: *mut u8, _len: usize) -> usize {
    0
}
