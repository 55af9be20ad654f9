//! Atomics, fences and locks: the standard library's, or those of a model checker. loom tries every
//! interleaving of a few threads; shuttle tries random interleavings of operations on whole maps.
//!
//! Every protocol of the maps takes its atomics, fences and locks from here, so the source that is
//! checked is the source that ships. The atomics of a model checker are structs, and zero bytes are
//! not a valid value of them. So code that allocates memory for atomics must also write them there
//! under a model checker.
//!
//! All locks are the standard library's, except that of a read_dirty entry. That one is built on
//! [`Futex`], a single word that needs no allocation and no thread-local storage.

mod futex;
mod locks;
mod ranks;

pub use futex::Futex;
pub use locks::{MutexGuard, attempts, lock, lock_alone, lock_shared, try_lock, try_lock_shared};
pub use ranks::{HeldRank, Rank, Ranked, with_no_rank_held};

#[cfg(not(any(loom, shuttle)))]
pub use std::{
    hint::spin_loop,
    sync::{
        Mutex, MutexGuard as BareMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
};

#[cfg(loom)]
pub use loom::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard as BareMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
};

#[cfg(shuttle)]
pub use shuttle::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard as BareMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
    thread_local,
};
#[cfg(not(shuttle))]
pub use std::thread_local;

/// A word of a block. Blocks are also read as bytes, so under shuttle this is still a plain atomic.
/// loom's models of blocks never read them as bytes.
#[cfg(loom)]
pub use AtomicU64 as BlockWord;
#[cfg(not(loom))]
pub use std::sync::atomic::AtomicU64 as BlockWord;

/// A point where shuttle may switch to another thread, between two accesses to words that are plain
/// atomics even under shuttle. Otherwise does nothing.
#[inline(always)]
pub fn between_words() {
    #[cfg(shuttle)]
    shuttle::thread::yield_now();
}
