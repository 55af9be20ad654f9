//! x86-64. Each one has SSE2.

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
    // SAFETY: there is SSE2.
    unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_cvtsi64_si128(word as i64), _mm_set1_epi8(byte as i8))) as u8 }
}

/// Keeps the address in one register, where the compiler would otherwise keep base and index in two and add them up at each use.
#[inline(always)]
pub fn launder<T>(address: *const T) -> *const T {
    let mut address = address;
    // Nothing at the address is read or written.
    #[allow(clippy::pointers_in_nomem_asm_block)]
    // SAFETY: there is no instruction.
    unsafe {
        core::arch::asm!("/* {0} */", inlateout(reg) address, options(pure, nomem, nostack, preserves_flags));
    }
    address
}

/// The release of a lock, a read-modify-write, waits for all stores before it.
#[inline(always)]
pub fn stores_done() {}
