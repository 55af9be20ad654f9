//! Linux and Android.

use super::once;
use core::{
    ptr::{NonNull, null, null_mut},
    sync::atomic::{AtomicU32, AtomicUsize},
};

pub const DISCARDS_PAGES: bool = true;

pub fn map(size: usize) -> Option<NonNull<u8>> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: without MAP_FIXED the system chooses an address range that is not in use.
    let memory = unsafe { libc::mmap(null_mut(), size, protection, flags, -1, 0) };
    if memory == libc::MAP_FAILED { None } else { NonNull::new(memory.cast()) }
}

/// # Safety
/// `memory` came from [`map`] with this `size`, and no thread accesses it any more.
pub unsafe fn unmap(memory: NonNull<u8>, size: usize) {
    // SAFETY: `map` mapped exactly this range, and nobody accesses it any more.
    unsafe { libc::munmap(memory.as_ptr().cast(), size) };
}

/// # Safety
/// These are whole pages of memory from [`map`] or malloc, and their contents are not needed any
/// more.
pub unsafe fn discard(start: *mut u8, size: usize) -> bool {
    // SAFETY: the pages are private and anonymous, as malloc's are too. So MADV_DONTNEED zeroes
    // them and does nothing else, and if it fails they are as before.
    unsafe { libc::madvise(start.cast(), size, libc::MADV_DONTNEED) == 0 }
}

#[inline(always)]
pub fn page_size() -> usize {
    // This processor has pages of one size only: let the compiler know it.
    if cfg!(target_arch = "x86_64") {
        return 4 << 10;
    }
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    once(&KNOWN, || {
        // SAFETY: sysconf has no preconditions.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        // If the system does not say: the largest page size of any processor.
        usize::try_from(size).ok().filter(|size| size.is_power_of_two()).unwrap_or(64 << 10)
    })
}

/// Not `available_parallelism` of the standard library, which reads files and allocates.
pub fn processors() -> u32 {
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    // SAFETY: all zero is a valid `cpu_set_t`, and the call writes no more than its size.
    let ask = || unsafe {
        let mut set: libc::cpu_set_t = core::mem::zeroed();
        if libc::sched_getaffinity(0, size_of_val(&set), &mut set) == 0 { libc::CPU_COUNT(&set) as usize } else { 1 }
    };
    once(&KNOWN, || ask().max(1)) as u32
}

/// A direct system call, because `getrandom` of the C library is a cancellation point. If it fails,
/// the `getrandom` crate tries other ways.
pub fn random(bytes: &mut [u8]) -> bool {
    // SAFETY: the pointer is valid for writes of this length.
    let filled = unsafe { libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), bytes.len(), 0) };
    filled == bytes.len() as libc::c_long || getrandom::fill(bytes).is_ok()
}

pub fn futex_wait(word: &AtomicU32, value: u32) {
    futex(word, libc::FUTEX_WAIT, value);
}

pub fn futex_wake(word: &AtomicU32, count: u32) {
    futex(word, libc::FUTEX_WAKE, count);
}

fn futex(word: &AtomicU32, operation: libc::c_int, value: u32) {
    let forever = null::<libc::timespec>();
    // SAFETY: the reference keeps the word valid and aligned, and these operations write nothing.
    // Errors are ignored: the caller checks the word again after every return.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation | libc::FUTEX_PRIVATE_FLAG, value, forever) };
}
