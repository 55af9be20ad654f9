//! AArch64 (64-bit ARM).

pub use super::portable::{equal_bytes, stores_done};

#[inline(always)]
pub fn prefetch<T>(address: *const T) {
    // SAFETY: a prefetch has no effect on memory and does not fault.
    unsafe {
        core::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, readonly, preserves_flags));
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
        core::arch::asm!("/* {0} */", inlateout(reg) address, options(pure, nomem, nostack, preserves_flags));
    }
    address
}
