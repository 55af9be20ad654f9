//! What is asked of the operating system. Each file here gives the same:
//!
//! | item | what it must do |
//! |---|---|
//! | `DISCARDS_PAGES` | say whether `map`, `unmap` and `discard` do something. Where it is false nobody calls them |
//! | `map(size)` | return zeroed memory of its own, beginning at a page; `None` if there is none |
//! | `unmap(memory, size)` | give back what `map` gave for this size, as a whole |
//! | `discard(start, size)` | give the system whole pages of memory from `map` or from malloc, and return whether that was done. They stay readable and writable, also for threads that read them at this moment, and read as zero from then on; if it was not done they are as before |
//! | `page_size()` | return a power of two, never smaller than the size of a page |
//! | `processors()` | return how many processors this process may use, at least 1. Asked of the system once |
//! | `random(bytes)` | fill the bytes with what nobody can guess, and return whether that was done |
//! | `futex_wait(word, value)` | sleep until another thread wakes those who sleep on this word, unless the word is not `value`. May return early, for no reason |
//! | `futex_wake(word, count)` | wake as many of the threads that sleep on this word, or all if they are fewer |
//!
//! Only `futex_wait` blocks, and `random` may while the system has only just started. Nothing here allocates from this process's
//! heap or panics, and nothing is a point at which a thread may be cancelled: that unwinds. Every function may be called by
//! any thread at any time, also by one whose own storage is already gone.

#[cfg(any(target_os = "linux", target_os = "android"))]
#[cfg_attr(any(loom, shuttle), allow(dead_code))] // a model's threads do not sleep in the system
#[path = "linux.rs"]
mod system;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[cfg_attr(any(loom, shuttle), allow(dead_code))]
#[path = "other.rs"]
mod system;

pub use system::{DISCARDS_PAGES, discard, map, page_size, processors, random, unmap};
#[cfg(not(any(loom, shuttle)))]
pub use system::{futex_wait, futex_wake};

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The answer of `ask`, which is not 0; asked again only by threads that are here for the first time at once.
fn once(known: &AtomicUsize, ask: impl FnOnce() -> usize) -> usize {
    match known.load(Relaxed) {
        0 => {
            let answer = ask();
            known.store(answer, Relaxed);
            answer
        }
        answer => answer,
    }
}
