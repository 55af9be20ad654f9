//! AArch64 (64-bit ARM). The contract of each function stands in `mod.rs`.

pub use super::portable::{equal_bytes, stores_done};
use core::arch::{
    aarch64::{uint8x16_t, vld1q_u8, vst1q_u8},
    asm,
};

#[inline(always)]
pub fn prefetch<T>(address: *const T) {
    // SAFETY: a prefetch has no effect on memory and does not fault.
    unsafe {
        asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, readonly, preserves_flags));
    }
}

/// Keeps a computed address in one register. Without it the compiler keeps base and index in two
/// registers and adds them again at each use.
#[inline(always)]
pub fn launder<T>(address: *const T) -> *const T {
    let mut address = address;
    // `nomem` is right although a pointer goes in: the memory behind it is not accessed.
    #[allow(clippy::pointers_in_nomem_asm_block)]
    // SAFETY: the block holds a comment and no instruction.
    unsafe {
        asm!("/* {0} */", inlateout(reg) address, options(pure, nomem, nostack, preserves_flags));
    }
    address
}

/// Bytes that one instruction copies.
const WIDE: usize = size_of::<uint8x16_t>();

// Only `asm!` accesses the shared side. The compiler does not look into it, so to the compiler
// there is no data race with other threads.

/// Copies all but the last 0 to 15 bytes. Returns how many bytes it has copied.
#[inline(always)]
pub unsafe fn copy_from_shared(source: *const u8, target: *mut u8, len: usize) -> usize {
    for at in (0..len / WIDE).map(|index| index * WIDE) {
        let wide: uint8x16_t;
        // SAFETY: the caller gives `len` bytes to read and as many to write.
        unsafe {
            asm!("ldr {0:q}, [{1}]", lateout(vreg) wide, in(reg) source.add(at), options(nostack, readonly, preserves_flags));
            vst1q_u8(target.add(at), wide);
        }
    }
    len / WIDE * WIDE
}

/// Copies all but the last 0 to 15 bytes. Returns how many bytes it has copied.
#[inline(always)]
pub unsafe fn copy_to_shared(source: *const u8, target: *mut u8, len: usize) -> usize {
    for at in (0..len / WIDE).map(|index| index * WIDE) {
        // SAFETY: the caller gives `len` bytes to read and as many to write.
        unsafe {
            let wide = vld1q_u8(source.add(at));
            asm!("str {0:q}, [{1}]", in(vreg) wide, in(reg) target.add(at), options(nostack, preserves_flags));
        }
    }
    len / WIDE * WIDE
}
