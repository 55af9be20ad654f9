//! An address that is computed once.

/// The same address, of which the compiler does not know how it came about: it keeps it in one register, where it would otherwise keep
/// the parts in two and add them up at each use.
#[inline(always)]
pub fn whole<T>(address: *const T) -> *const T {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(any(miri, loom, shuttle))))]
    {
        let mut address = address;
        // Nothing at the address is read or written.
        #[allow(clippy::pointers_in_nomem_asm_block)]
        // SAFETY: there is no instruction.
        unsafe {
            core::arch::asm!("/* {0} */", inlateout(reg) address, options(pure, nomem, nostack, preserves_flags));
        }
        address
    }
    #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(any(miri, loom, shuttle)))))]
    address
}
