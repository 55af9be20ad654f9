//! Any processor: plain Rust. The contract of each function stands in `mod.rs`.

use core::sync::atomic::{Ordering::SeqCst, fence};

#[inline(always)]
pub fn prefetch<T>(_address: *const T) {}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const LOW7: u64 = ONES * 0x7f;

/// All eight bytes at once. With x = the difference of one byte, and no carry between bytes:
///
/// ```text
/// (x & 0x7f) + 0x7f   bit 7 is set if any of the bits 0 to 6 of x is
/// | x                 bit 7 is set if any bit of x is
/// | 0x7f, then !      0x80 if x is 0, that is if the bytes are equal; else 0x00
/// ```
#[inline(always)]
pub fn equal_bytes(word: u64, byte: u8) -> u8 {
    let differ = word ^ (ONES * byte as u64);
    let zero = !(((differ & LOW7) + LOW7) | differ | LOW7);
    // Gather the eight flags, one in each byte, into the highest byte: factor bit 56 - 7 * i moves
    // the flag of byte i, which is bit 8 * i, to bit 56 + i. No two products meet, so none carries.
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

/// Copies nothing and returns 0: the caller copies everything, word by word.
#[inline(always)]
pub unsafe fn copy_from_shared(_source: *const u8, _target: *mut u8, _len: usize) -> usize {
    0
}

/// As `copy_from_shared`.
#[inline(always)]
pub unsafe fn copy_to_shared(_source: *const u8, _target: *mut u8, _len: usize) -> usize {
    0
}
