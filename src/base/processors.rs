//! How many processors this process may use.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// At least 1. Asked of the system once; allocates nothing, unlike the standard library's way, which reads files.
pub fn processors() -> u32 {
    static KNOWN: AtomicU32 = AtomicU32::new(0);
    match KNOWN.load(Relaxed) {
        0 => {
            let count = ask().max(1);
            KNOWN.store(count, Relaxed);
            count
        }
        count => count,
    }
}

#[cfg(target_os = "linux")]
fn ask() -> u32 {
    // SAFETY: a set of processors may be all zero, and the call fills in at most its size.
    unsafe {
        let mut set: libc::cpu_set_t = core::mem::zeroed();
        if libc::sched_getaffinity(0, size_of_val(&set), &mut set) == 0 { libc::CPU_COUNT(&set) as u32 } else { 1 }
    }
}

#[cfg(not(target_os = "linux"))]
fn ask() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u32)
}
