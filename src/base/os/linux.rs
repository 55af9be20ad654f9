//! Linux, and Android.

use super::once;
use core::{
    ptr::{NonNull, null, null_mut},
    sync::atomic::{AtomicU32, AtomicUsize},
};

pub const DISCARDS_PAGES: bool = true;

pub fn map(size: usize) -> Option<NonNull<u8>> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh anonymous mapping touches no memory that is in use.
    let memory = unsafe { libc::mmap(null_mut(), size, protection, flags, -1, 0) };
    if memory == libc::MAP_FAILED { None } else { NonNull::new(memory.cast()) }
}

/// # Safety
/// `memory` came from `map` with this size, and nobody looks at it any more.
pub unsafe fn unmap(memory: NonNull<u8>, size: usize) {
    // SAFETY: `map` mapped exactly this range.
    unsafe { libc::munmap(memory.as_ptr().cast(), size) };
}

/// # Safety
/// These are whole pages of memory from `map` or malloc, and nothing in them is needed any more.
pub unsafe fn discard(start: *mut u8, size: usize) -> bool {
    // SAFETY: whole pages of private anonymous memory, as malloc's is, that the caller gave up. A failure leaves them as they are.
    unsafe { libc::madvise(start.cast(), size, libc::MADV_DONTNEED) == 0 }
}

#[inline(always)]
pub fn page_size() -> usize {
    // A constant where there is one size only.
    if cfg!(target_arch = "x86_64") {
        return 4 << 10;
    }
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    once(&KNOWN, || {
        // SAFETY: the question has no conditions.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        // The largest that there is, if the system does not say.
        usize::try_from(size).ok().filter(|size| size.is_power_of_two()).unwrap_or(64 << 10)
    })
}

/// Unlike the standard library's way, which reads files, this allocates nothing.
pub fn processors() -> u32 {
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    // SAFETY: a set of processors may be all zero, and the call fills in at most its size.
    let ask = || unsafe {
        let mut set: libc::cpu_set_t = core::mem::zeroed();
        if libc::sched_getaffinity(0, size_of_val(&set), &mut set) == 0 { libc::CPU_COUNT(&set) as usize } else { 1 }
    };
    once(&KNOWN, || ask().max(1)) as u32
}

/// Not by way of the C library, whose function is a place where a thread may be cancelled.
pub fn random(bytes: &mut [u8]) -> bool {
    // SAFETY: the bytes are ours to be filled.
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
    // SAFETY: the word is alive and aligned, and the kernel writes nothing. Errors are reasons to look at the word again.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation | libc::FUTEX_PRIVATE_FLAG, value, forever) };
}
