//! What the crate needs from the operating system. Each file here provides the same items:
//!
//! | item | contract |
//! |---|---|
//! | `DISCARDS_PAGES` | Whether `map`, `unmap` and `discard` are implemented. If it is false, nobody calls them |
//! | `map(size)` | Return a new mapping of zeroed memory, aligned to a page; `None` if there is no memory |
//! | `unmap(memory, size)` | Free a mapping that `map` returned for this size |
//! | `discard(start, size)` | Discard whole pages of memory from `map` or malloc; return whether that was done. If so, they read as zero from then on. If not, they are as before. Either way they stay readable and writable, even for threads that access them during the call |
//! | `page_size()` | Return the size of a page, or a larger power of two |
//! | `processors()` | Return how many processors this process may use, at least 1. The system is asked only once |
//! | `random(bytes)` | Fill the bytes with random ones that nobody can guess; return whether that was done |
//! | `futex_wait(word, value)` | If the word is `value`, sleep until a thread wakes the sleepers of this word. May return early for no reason |
//! | `futex_wake(word, count)` | Wake `count` of the threads that sleep on this word, or all if there are fewer |
//!
//! `futex_wait` blocks, and so may `random` shortly after the system has started. Nothing else
//! does. Nothing here panics or allocates from the heap. Nothing is a cancellation point:
//! cancelling a thread unwinds its stack, which must not happen inside a map. Any thread may call
//! any function at any time, even after its thread-local storage is gone.

#[cfg(any(target_os = "linux", target_os = "android"))]
#[cfg_attr(any(loom, shuttle), allow(dead_code))] // a model has no futex
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

/// Caches the answer of `ask`, which is never 0, in `known`, which is 0 at first. Threads that come
/// before it is cached each ask, and get the same answer.
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
