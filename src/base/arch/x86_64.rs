//! x86-64. All of these processors have SSE2.

use core::arch::x86_64::{
    _MM_HINT_T0, _mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_movemask_epi8, _mm_prefetch, _mm_set1_epi8,
};

#[inline(always)]
pub fn prefetch<T>(address: *const T) {
    // SAFETY: a prefetch has no effect on memory and does not fault.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
}

#[inline(always)]
pub fn equal_bytes(word: u64, byte: u8) -> u8 {
    // SAFETY: the intrinsics need SSE2, which every x86-64 processor has.
    unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_cvtsi64_si128(word as i64), _mm_set1_epi8(byte as i8))) as u8 }
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
        core::arch::asm!("/* {0} */", inlateout(reg) address, options(pure, nomem, nostack, preserves_flags));
    }
    address
}

/// Nothing to do: a lock is released by an atomic read-modify-write, and on x86-64 that instruction
/// completes only when all earlier stores are visible.
#[inline(always)]
pub fn stores_done() {}
