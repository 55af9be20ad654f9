//! x86-64. All of these processors have SSE2. The contract of each function stands in `mod.rs`.

use core::arch::{
    asm,
    x86_64::{
        __m128i, _MM_HINT_T0, _mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_loadu_si128, _mm_movemask_epi8, _mm_prefetch,
        _mm_set1_epi8, _mm_storeu_si128,
    },
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
        asm!("/* {0} */", inlateout(reg) address, options(pure, nomem, nostack, preserves_flags));
    }
    address
}

/// Nothing to do. A lock is released by an atomic read-modify-write, and an x86-64 processor
/// executes no later load before that instruction and all earlier stores are visible.
#[inline(always)]
pub fn stores_done() {}

/// Bytes that one instruction copies.
const WIDE: usize = size_of::<__m128i>();
/// Bytes that one turn of the first loop copies.
const TURN: usize = 4 * WIDE;

// Only `asm!` accesses the shared side. The compiler does not look into it, so to the compiler
// there is no data race with other threads.

/// Copies all but the last 0 to 15 bytes. Returns how many bytes it has copied.
#[inline(always)]
pub unsafe fn copy_from_shared(source: *const u8, target: *mut u8, len: usize) -> usize {
    let mut at = 0;
    while at + TURN <= len {
        let (a, b, c, d): (__m128i, __m128i, __m128i, __m128i);
        // SAFETY: the caller gives `len` bytes to read and as many to write.
        unsafe {
            asm!("movdqu {0}, [{4}]", "movdqu {1}, [{4} + 16]", "movdqu {2}, [{4} + 32]", "movdqu {3}, [{4} + 48]",
                out(xmm_reg) a, out(xmm_reg) b, out(xmm_reg) c, lateout(xmm_reg) d, in(reg) source.add(at),
                options(nostack, readonly, preserves_flags));
            let target = target.add(at).cast::<__m128i>();
            _mm_storeu_si128(target, a);
            _mm_storeu_si128(target.add(1), b);
            _mm_storeu_si128(target.add(2), c);
            _mm_storeu_si128(target.add(3), d);
        }
        at += TURN;
    }
    while at + WIDE <= len {
        let wide: __m128i;
        // SAFETY: as above.
        unsafe {
            asm!("movdqu {0}, [{1}]", lateout(xmm_reg) wide, in(reg) source.add(at), options(nostack, readonly, preserves_flags));
            _mm_storeu_si128(target.add(at).cast(), wide);
        }
        at += WIDE;
    }
    at
}

/// Copies all but the last 0 to 15 bytes. Returns how many bytes it has copied.
#[inline(always)]
pub unsafe fn copy_to_shared(source: *const u8, target: *mut u8, len: usize) -> usize {
    let mut at = 0;
    while at + TURN <= len {
        // SAFETY: the caller gives `len` bytes to read and as many to write.
        unsafe {
            let source = source.add(at).cast::<__m128i>();
            asm!("movdqu [{4}], {0}", "movdqu [{4} + 16], {1}", "movdqu [{4} + 32], {2}", "movdqu [{4} + 48], {3}",
                in(xmm_reg) _mm_loadu_si128(source), in(xmm_reg) _mm_loadu_si128(source.add(1)),
                in(xmm_reg) _mm_loadu_si128(source.add(2)), in(xmm_reg) _mm_loadu_si128(source.add(3)),
                in(reg) target.add(at), options(nostack, preserves_flags));
        }
        at += TURN;
    }
    while at + WIDE <= len {
        // SAFETY: as above.
        unsafe {
            let wide = _mm_loadu_si128(source.add(at).cast());
            asm!("movdqu [{1}], {0}", in(xmm_reg) wide, in(reg) target.add(at), options(nostack, preserves_flags));
        }
        at += WIDE;
    }
    at
}
