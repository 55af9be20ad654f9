//! AArch64.

pub use super::portable::{equal_bytes, stores_done};

#[inline(always)]
pub fn prefetch<T>(address: *const T) {
    // SAFETY: a prefetch has no effect on memory and does not fault.
    unsafe {
        core::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, readonly, preserves_flags));
    }
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
